"""Ce que PayFiP a répondu reste lisible, en français, sans rien de personnel."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from paiement_tipi.client import GuichetIndisponible
from paiement_tipi.fautes import INCONNUE, SENS, sens
from paiement_tipi.models import CoupurePayfip, EchangePayfip, Paiement
from paiement_tipi.protocole import Resultat
from paiement_tipi.services.echanges import masquer
from tests.paiement_tipi.outils_pages import texte
from tests.paiement_tipi.outils_tentatives import constater, demarrer, pilote


@pytest.fixture
def payfip(simulateur):
    with pilote(simulateur) as pilotable:
        yield pilotable


def dits(paiement: Paiement) -> list[tuple[str, str, int]]:
    return list(paiement.echanges.values_list("operation", "code", "fois"))


def test_une_attente_de_deux_heures_tient_en_une_ligne_et_tout_se_relit(payfip, facture, ada):
    paiement = demarrer(facture, ada)
    for minute in range(1, 6):
        constater(paiement, paiement.envoye_le + timedelta(minutes=minute))
    payfip.regler(panne="502")
    constater(paiement, paiement.envoye_le + timedelta(minutes=6))
    payfip.regler(panne="aucune")
    payfip.payer(str(paiement.idop))
    constater(paiement, paiement.envoye_le + timedelta(minutes=7))
    assert dits(paiement) == [("creer", "idop", 1), ("lire", "P5", 5), ("lire", "", 1), ("lire", "P", 1)]
    attente, muette, payee = paiement.echanges.order_by("pk")[1:]
    assert attente.dernier_le - attente.le == timedelta(minutes=4)
    assert (attente.texte, muette.texte) == ("Résultat de la transaction non connu.", "La réponse n'est pas du XML.")
    for garde in (payee.contenu, Paiement.objects.get().reponse):
        assert (ada.email in garde, "<mel>…</mel>" in garde) == (False, True)


def test_un_refus_a_la_creation_est_garde_avec_sa_raison(payfip, connecter, agente, boe, facture, ada):
    payfip.regler(panne="TechDysfonctionnementErreur")
    with pytest.raises(GuichetIndisponible):
        demarrer(facture, ada)
    echange = EchangePayfip.objects.get()
    assert (echange.operation, echange.code, echange.paiement.etat) == ("creer", "", "echoue")
    gestion = connecter(agente, chez=boe)
    for page in ("echangepayfip/", f"paiement/{echange.paiement.pk}/change/"):
        lue = texte(gestion.get(f"/gestion/paiement_tipi/{page}"))
        assert ("PayFiP sera redemandé" in lue, "personne n'a pu aller payer" in lue) == (False, True)


def test_chaque_resultat_connu_a_son_sens_et_un_code_nouveau_ne_conclut_rien():
    assert {str(resultat) for resultat in Resultat} <= set(SENS)
    assert (sens("K"), sens("P5")) == (INCONNUE, SENS["P5"])


@pytest.mark.parametrize(
    ("xml", "garde"),
    [
        (b"idop=1&MEL=a%40b.fr&montant=5", "idop=1&MEL=…&montant=5"),
        (b"<mel>a@b.fr</mel><x/>", "<mel>…</mel><x/>"),
        (b"<mel>a@b", "<mel>…"),
        (b"\x00<mel/>\xff", "<mel/>\ufffd"),
    ],
)
def test_l_adresse_est_masquee_meme_dans_une_reponse_coupee(xml, garde):
    assert masquer(xml) == garde


def test_la_migration_masque_l_adresse_des_reponses_deja_gardees(payfip, facture, ada):
    demarrer(facture, ada)
    Paiement.objects.update(reponse="<return><MEL>ada@exemple.fr</MEL><montant>5</montant></return>")
    import_module("paiement_tipi.migrations.0011_mel_masque").masquer(apps, None)
    assert Paiement.objects.get().reponse == "<return><MEL>…</MEL><montant>5</montant></return>"


def test_l_agent_lit_l_histoire_entiere_et_l_accueil_dit_ce_qui_tarde(payfip, connecter, agente, boe, facture, ada):
    paiement = demarrer(facture, ada)
    constater(paiement, paiement.envoye_le + timedelta(minutes=1))
    gestion = connecter(agente, chez=boe)
    fiche = gestion.get(f"/gestion/paiement_tipi/paiement/{paiement.pk}/change/").content.decode()
    assert str(SENS["P5"]) in fiche
    accueil = gestion.get("/gestion/").content.decode()
    assert ("PayFiP ne répond plus" in accueil, accueil.count("depuis le 2")) == (False, 0)
    Paiement.objects.update(envoye_le=timezone.now() - timedelta(hours=3))
    CoupurePayfip.objects.create()
    accueil = gestion.get("/gestion/").content.decode()
    assert ("PayFiP ne répond plus" in accueil, accueil.count("depuis le 2")) == (True, 2)
