"""Payer depuis le papier : le code mène à la somme et à PayFiP, et n'apprend rien de la personne."""

import logging
import re
from datetime import date, timedelta
from unittest.mock import Mock
from uuid import uuid4

import factories
import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from factures.etats import Empechement, Moyen, Statut
from factures.etats.explications import EXPLICATIONS
from factures.models import Facture
from factures.services import annuler, encaisser
from paiement_tipi import services
from paiement_tipi.client import GuichetRefuse
from paiement_tipi.models import CoupurePayfip, Paiement
from paiement_tipi.protocole import Faute
from portail import courriels
from portail.models import Hote, Journal
from portail.services import regler_les_moyens
from portail.traces import Ligne
from tests.paiement_tipi.outils_machine import GuichetDocile
from tests.paiement_tipi.outils_pages import texte, titre
from tests.paiement_tipi.outils_tentatives import PAYEE_PAR_CARTE, bilan, creations, demarrer, empechement, pilote

pytestmark = [pytest.mark.django_db]
MEL = "payeur@exemple.fr"


@pytest.fixture
def payfip(simulateur):
    with pilote(simulateur) as pilotable:
        yield pilotable


@pytest.fixture
def anonyme(boe):
    return Client(HTTP_HOST="localhost")


@pytest.fixture
def papier(facture):
    """Le chemin qu'imprime le document de la facture d'Ada."""
    return chemin(facture)


def chemin(facture) -> str:
    return services.adresse_du_papier(facture).removeprefix(facture.collectivite.adresse)


def envoi(mel=MEL):
    return {"mel": mel, "formulaire": str(uuid4())}


def personnel(facture):
    """Ce qu'un papier trouvé ne doit apprendre à personne."""
    redevable = facture.redevable
    identite = [
        redevable.nom,
        redevable.prenom,
        redevable.adresse,
        redevable.code_postal,
        redevable.code,
        "ada@exemple.fr",
    ]
    return [*identite, facture.numero, facture.objet, str(facture.uuid), str(facture.redevable.uuid), "Abonnement"]


# Le code.


@pytest.mark.sqlite
def test_le_code_se_recopie_a_la_main_et_ne_se_devine_pas(facture, papier):
    rang, secret = re.fullmatch(r"/p/([2-9A-Z]+)-([2-9A-Z]{6}-[2-9A-Z]{6}-[2-9A-Z]{6})", papier).groups()
    assert set(rang + secret) - {"-"} <= set("23456789CDFHJKMNPQRTVWXY")
    assert 24 ** len(secret.replace("-", "")) > 2**80
    tapes = (f"{rang} {secret}".lower(), f"{rang}{secret}".replace("-", ""), f"{rang}-{secret}".replace("8", "B"))
    assert [services.facture_du_papier(tape) for tape in tapes] == [facture] * 3
    autre = factories.facture(facture.redevable, facture.regie)
    assert secret not in chemin(autre)


@pytest.mark.sqlite
def test_faux_revoque_brouillon_ou_d_une_autre_commune_c_est_la_meme_page_introuvable(
    anonyme, facture, papier, ailleurs
):
    rang = papier.removeprefix("/p/").partition("-")[0]
    brouillon = factories.facture(facture.redevable, facture.regie, statut=Statut.BROUILLON, publiee_le=None)
    chez_ailleurs = factories.facture(factories.redevable(ailleurs), factories.regie(ailleurs))
    d_ailleurs = Client(HTTP_HOST=ailleurs.hotes.get().nom)
    services.revoquer_le_papier(facture=facture, motif="Perdu")
    faux = f"/p/{rang}-222222-222222-222222"
    adresses = (papier, faux, chemin(brouillon), chemin(chez_ailleurs), "/p/" + "2" * 78, "/p/é", "/p/%00")
    recues = [anonyme.get(adresse) for adresse in adresses]
    assert ([r.status_code for r in recues], d_ailleurs.get(chemin(facture)).status_code) == ([404] * 7, 404)
    assert len({r.content for r in recues}) == 1
    # Le nouveau document porte un autre code, qui mène à la facture ; une autre commune a la sienne.
    assert (anonyme.get(chemin(Facture.objects.get(pk=facture.pk))).status_code) == 200
    assert d_ailleurs.get(chemin(chez_ailleurs)).status_code == 200
    fait = Journal.objects.get(action="facture.papier_revoque")
    assert (fait.identifiant, fait.apres) == (str(facture.uuid), {"motif": "Perdu"})


@pytest.mark.sqlite
def test_sur_un_hote_partage_le_code_choisit_la_commune_de_la_facture(anonyme, ailleurs):
    ailleurs.adresse = "http://localhost"
    ailleurs.save()
    facture = factories.facture(factories.redevable(ailleurs), factories.regie(ailleurs, libelle="Cantine"))
    page = anonyme.get(chemin(facture))
    assert (page.status_code, "Commune d'Ailleurs" in texte(page), "Ville de Boé" in texte(page)) == (200, True, False)
    Hote.objects.create(collectivite=facture.collectivite, nom="papier.localhost")
    assert Client(HTTP_HOST="papier.localhost").get(chemin(facture)).status_code == 200


@pytest.mark.sqlite
def test_les_essais_sont_comptes_par_adresse_ip_et_par_code(anonyme, papier, settings):
    settings.LIMITES = settings.LIMITES | {"papier-par-adresse-ip": (2, 60), "papier-par-code": (9, 60)}
    assert [anonyme.get(f"/p/{n}").status_code for n in (1, 2, 3)] == [404, 404, 429]
    assert anonyme.get(papier, REMOTE_ADDR="10.0.0.9").status_code == 200
    settings.LIMITES = settings.LIMITES | {"papier-par-adresse-ip": (99, 60), "papier-par-code": (1, 60)}
    faux = "/p/3-222222-222222-222222"
    for adresse in (papier, faux):  # connu ou non : la même limite, le même refus
        statuts = [anonyme.get(a, REMOTE_ADDR="10.0.0.8").status_code for a in (adresse, adresse.lower())]
        assert statuts[-1] == 429


@pytest.mark.sqlite
def test_aucune_trace_ne_porte_le_code(papier):
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, "Not Found: %s", (f"{papier}/x",), None)
    assert Ligne("{message}", style="{").format(record) == "Not Found: /p/…"


# La page.


@pytest.mark.sqlite
def test_la_page_dit_la_reference_la_somme_l_echeance_et_le_service_seulement(anonyme, facture, papier):
    facture.lignes.create(collectivite=facture.collectivite, rang=1, libelle="Abonnement", montant=1)
    page = anonyme.get(papier)
    lus = texte(page)
    attendus = (facture.reference, "243,11 €", "Eau et assainissement", "À régler avant le", "accusé de réception")
    assert [mot for mot in attendus if mot not in lus] == []
    assert [mot for mot in personnel(facture) if mot in page.content.decode()] == []
    assert (page["Cache-Control"], page["Referrer-Policy"]) == ("no-store", "strict-origin")
    assert (page["X-Robots-Tag"], page["Content-Security-Policy"] != "") == ("noindex, nofollow", True)


@pytest.mark.sqlite
@pytest.mark.parametrize("cas", ["payee", "annulee", "suspendue", "delai", "panne", "attente", "prelevement"])
def test_ce_qui_ne_se_paie_pas_dit_pourquoi_et_rien_de_plus(anonyme, facture, papier, cas):
    attendu = {
        "payee": Empechement.DEJA_PAYEE, "annulee": Empechement.ANNULEE, "suspendue": Empechement.PAIEMENT_SUSPENDU,
        "delai": Empechement.DELAI_DEPASSE, "panne": Empechement.GUICHET_EN_PANNE,
        "attente": Empechement.MISE_EN_ATTENTE, "prelevement": Empechement.PRELEVEMENT_AUTOMATIQUE,
    }[cas]  # fmt: skip
    champs = {
        "delai": {"date_limite_en_ligne": date.today() - timedelta(days=1)},
        "attente": {"motif_attente": "Fuite chez Mme LOVELACE"},
        "prelevement": {"date_prelevement": date(2031, 2, 3)},
    }
    Facture.objects.filter(pk=facture.pk).update(**champs.get(cas, {"objet": facture.objet}))
    if cas == "payee":
        encaisser(
            facture=facture, montant=facture.montant, moyen=Moyen.ESPECES, origine="essai", recu_le=timezone.now()
        )
    elif cas == "annulee":
        annuler(factures=[facture], motif="Erreur sur Mme LOVELACE")
    elif cas == "suspendue":
        factories.suspendre(facture.regie, message="Reprise lundi.")
    elif cas == "panne":
        CoupurePayfip.objects.create()
    page = anonyme.get(papier)
    reglee = "Cette facture est réglée" if cas == "payee" else "Cette facture ne peut pas être payée ici"
    assert (page.status_code, titre(page)) == (200, reglee)
    for mot in (EXPLICATIONS[attendu].phrase, EXPLICATIONS[attendu].suite):
        assert str(mot) in texte(page)
    tus = [*personnel(facture), "LOVELACE", "Fuite", "2031", 'name="mel"']
    assert [mot for mot in tus if mot in page.content.decode()] == []
    assert (anonyme.post(papier, envoi()).status_code, Paiement.objects.count()) == (409, 0)
    regler_les_moyens(regie=facture.regie, guichet_adresse="Guichet de l'eau", guichet_horaires="le matin")
    assert ("Guichet de l'eau" in texte(anonyme.get(papier))) is (cas in {"suspendue", "panne"})


# Partir, payer, revenir.


def test_payer_du_papier_regle_la_facture_une_fois_et_l_accuse_va_a_l_adresse_donnee(anonyme, facture, papier, payfip):
    clic = envoi("Payeur@Exemple.fr")
    departs = {anonyme.post(papier, clic)["Location"] for _double in range(2)}
    [envoyee] = creations(payfip)
    paiement = Paiement.objects.get()
    assert (len(departs), paiement.usager, envoyee["mel"]) == (1, None, MEL)
    assert (envoyee["montant"], envoyee["refdet"], envoyee["objet"]) == (
        "24311", facture.reference, "Eau et assainissement",
    )  # fmt: skip
    payfip.payer(str(paiement.idop))
    page = anonyme.get(f"/paiement/retour/{paiement.jeton}/")
    assert (titre(page), bilan(facture)) == ("Votre paiement est enregistré", PAYEE_PAR_CARTE)
    assert [mot for mot in (*personnel(facture), MEL) if mot in page.content.decode()] == []
    courriels.envoyer()
    [recu] = [message for message in mail.outbox if message.to == [MEL]]
    assert (facture.reference in recu.body, facture.numero in recu.body, str(facture.uuid) in recu.body) == (
        True, False, False,
    )  # fmt: skip
    assert "Cette facture est payée." in texte(anonyme.get(papier))


@pytest.mark.parametrize("mel", ["", "pas une adresse", "été@exemple.fr", "x" * 70 + "@exemple.fr"])
def test_une_adresse_que_payfip_refuserait_ne_part_pas(anonyme, papier, payfip, mel):
    page = anonyme.post(papier, envoi(mel))
    assert (page.status_code, Paiement.objects.count(), 'aria-invalid="true"' in page.content.decode()) == (
        200,
        0,
        True,
    )


def test_une_adresse_mail_que_payfip_refuse_se_corrige_sur_la_page(anonyme, facture, papier, payfip, monkeypatch):
    refuse = Mock(creer=Mock(side_effect=GuichetRefuse(Faute("A2", "Adresse mél incorrecte. ", technique=False))))
    with monkeypatch.context() as patience:
        patience.setattr("paiement_tipi.services.guichet", lambda **_personne: refuse)
        page = anonyme.post(papier, envoi())
    lu = texte(page)
    assert ("PayFiP refuse cette adresse mail" in lu, 'aria-invalid="true"' in page.content.decode()) == (True, True)
    assert (titre(page), "pas de votre fait" in lu) == ("Payer une facture sans compte", False)
    assert (empechement(facture), anonyme.post(papier, envoi("autre@exemple.fr")).status_code) == ("", 303)


def test_payfip_en_panne_ne_laisse_rien_d_ouvert_et_ramene_au_papier(anonyme, facture, papier, payfip):
    payfip.regler(panne="502")
    regler_les_moyens(regie=facture.regie, guichet_adresse="Guichet de l'eau", guichet_horaires="le matin")
    page = anonyme.post(papier, envoi())
    assert "Guichet de l'eau" in texte(page)
    assert [mot for mot in personnel(facture) if mot in page.content.decode()] == []
    assert (page.status_code, page.content.decode().count(f'href="{papier}"')) == (503, 2)
    assert empechement(facture) == ""


def test_la_tentative_vivante_du_titulaire_retient_le_papier_jusqu_a_ce_que_payfip_reponde(
    anonyme, facture, papier, ada, payfip
):
    du_titulaire = demarrer(facture, ada)
    refus = anonyme.post(papier, envoi())
    assert (refus.status_code, Paiement.objects.count()) == (409, 1)
    assert str(EXPLICATIONS[Empechement.PAIEMENT_EN_COURS].phrase) in texte(refus)
    assert "PayFiP attend encore" in texte(anonyme.post(papier, {"verifier": "1"}, follow=True))
    assert "au plus tard" in texte(anonyme.get(papier))
    CoupurePayfip.objects.create()  # rien ne se libère plus sans que PayFiP réponde
    page = texte(anonyme.get(papier))
    assert ("au plus tard" in page, "PayFiP ne répond pas en ce moment" in page) == (False, True)
    CoupurePayfip.objects.all().delete()
    payfip.payer(str(du_titulaire.idop), action="refuser")
    page = anonyme.post(papier, {"verifier": "1"}, follow=True)
    assert titre(page) == "Payer une facture sans compte"
    assert anonyme.post(papier, envoi()).status_code == 303


def test_la_tentative_vivante_du_papier_se_voit_dans_le_compte_et_ne_s_y_reprend_pas(
    anonyme, connecter, facture, papier, ada, boe, payfip
):
    anonyme.post(papier, envoi())
    chez_ada = connecter(ada, chez=boe)
    page = chez_ada.get(facture.get_absolute_url())
    assert ("depuis le papier" in texte(page), "Reprendre" in texte(page)) == (True, False)
    assert chez_ada.post(f"/factures/{facture.uuid}/payer/", {"formulaire": str(uuid4())}).status_code == 409
    reprise = chez_ada.post(f"/factures/{facture.uuid}/paiement/", {"acte": "reprendre"})
    assert reprise["Location"] == facture.get_absolute_url()
    paiement = Paiement.objects.get()
    payfip.payer(str(paiement.idop))
    verifiee = chez_ada.post(f"/factures/{facture.uuid}/paiement/", {"acte": "verifier"})
    assert (verifiee["Location"], bilan(facture)) == (facture.get_absolute_url(), PAYEE_PAR_CARTE)
    retour = chez_ada.get(f"/paiement/retour/{paiement.jeton}/")  # la page de qui a payé, pas la sienne
    assert [mot for mot in (facture.numero, facture.objet, str(facture.uuid)) if mot in retour.content.decode()] == []


def test_qui_insiste_depuis_le_papier_n_empeche_pas_le_retour_du_titulaire(
    anonyme, facture, papier, ada, settings, payfip
):
    du_titulaire = demarrer(facture, ada)
    settings.LIMITES = settings.LIMITES | {"papier-par-code": (3, 300), "retours": (1, 60)}
    assert [anonyme.post(papier, {"verifier": "1"}).status_code for _ in range(4)] == [303, 303, 303, 429]
    assert anonyme.get(f"/paiement/retour/{du_titulaire.jeton}/").status_code == 200


def test_les_departs_sont_comptes_par_facture(anonyme, papier, settings, payfip):
    settings.LIMITES = settings.LIMITES | {"departs-du-papier": (0, 60)}
    assert (anonyme.post(papier, envoi()).status_code, Paiement.objects.count()) == (429, 0)


# La gestion.


@pytest.mark.sqlite
def test_l_agente_revoque_avec_un_motif_et_lit_d_ou_vient_le_paiement(connecter, agente, boe, facture):
    guichet = GuichetDocile()
    services.demarrer_paiement(facture=facture, usager=None, mel=MEL, formulaire=uuid4(), guichet=guichet)
    chez = connecter(agente, chez=boe)
    fiche, avant = f"/gestion/factures/facture/{facture.pk}/", services.adresse_du_papier(facture)
    assert chez.post(f"{fiche}revoquer_papier/", {"motif": ""}).status_code == 200
    assert services.adresse_du_papier(Facture.objects.get(pk=facture.pk)) == avant
    assert chez.post(f"{fiche}revoquer_papier/", {"motif": "Courrier perdu"}).status_code == 303
    assert services.adresse_du_papier(Facture.objects.get(pk=facture.pk)) != avant
    page = texte(chez.get(f"{fiche}history/"))
    assert [m for m in ("Accès depuis le papier révoqué", "Courrier perdu", "Depuis le papier") if m not in page] == []
