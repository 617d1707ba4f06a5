"""La confirmation et le départ : à qui, avec quelle réponse, et sans rien croire du navigateur."""

from datetime import date, timedelta
from decimal import Decimal
from unittest.mock import Mock
from uuid import UUID

import factories
import pytest
import time_machine
from django.test import Client

from factures.etats import Empechement, Statut
from factures.etats.explications import EXPLICATIONS
from paiement_tipi.client import GuichetRefuse
from paiement_tipi.models import Paiement
from paiement_tipi.protocole import Faute
from portail.services import regler_les_moyens
from tests.paiement_tipi.outils_pages import champs_du_formulaire, liens, texte, titre
from tests.paiement_tipi.outils_tentatives import creations, demarrer, empechement, pilote

HIER = date.today() - timedelta(days=1)
ENVOI = {"formulaire": str(UUID(int=42))}


@pytest.fixture
def payfip(simulateur):
    with pilote(simulateur) as pilotable:
        yield pilotable


@pytest.fixture
def chez_ada(connecter, ada, boe):
    return connecter(ada, chez=boe)


def adresse(facture):
    return f"/factures/{facture.uuid}/payer/"


@pytest.mark.sqlite
def test_la_confirmation_montre_la_somme_et_ne_demande_que_de_confirmer(chez_ada, facture):
    reponse = chez_ada.get(adresse(facture))
    assert (reponse.status_code, champs_du_formulaire(reponse)) == (200, ["formulaire"])
    attendus = ("243,11 €", facture.reference, "ada@exemple.fr", "Payer la facture sur le portail TIPI")
    assert [mot for mot in attendus if mot not in texte(reponse)] == []
    assert Paiement.objects.count() == 0


def test_chaque_confirmation_a_son_formulaire(chez_ada, facture):
    numeros = {chez_ada.get(adresse(facture)).context["form"].initial["formulaire"] for _ in range(2)}
    assert len(numeros) == 2


@pytest.mark.sqlite
def test_le_depart_envoie_chez_payfip_par_un_303(chez_ada, facture, payfip):
    reponse = chez_ada.post(adresse(facture), ENVOI)
    paiement = Paiement.objects.get()
    assert (reponse.status_code, reponse["Location"]) == (303, f"{payfip.url}/tpa/paiementws.web?idop={paiement.idop}")
    assert (paiement.formulaire, paiement.usager.email) == (UUID(int=42), "ada@exemple.fr")


def test_un_double_clic_mene_a_la_meme_page(chez_ada, facture, payfip):
    adresses = {chez_ada.post(adresse(facture), ENVOI)["Location"] for _ in range(2)}
    assert (len(adresses), len(creations(payfip))) == (1, 1)


def test_les_champs_ajoutes_par_le_navigateur_ne_changent_rien(chez_ada, facture, payfip):
    ajouts = {"montant": "1.00", "refdet": "AUTRE000", "numcli": "111111", "saisie": "T", "mel": "x@exemple.fr"}
    chez_ada.post(f"{adresse(facture)}?montant=100&facture=1", {**ENVOI, **ajouts})
    [envoyee] = creations(payfip)
    champs = {nom: envoyee[nom] for nom in ajouts}
    assert champs == {
        "montant": "24311",
        "refdet": facture.reference,
        "numcli": "006382",
        "saisie": "W",
        "mel": "ada@exemple.fr",
    }


@pytest.mark.parametrize("envoi", [{}, {"formulaire": ""}, {"formulaire": "pas un numéro"}, {"formulaire": "\0"}])
def test_un_formulaire_sans_numero_lisible_part_tout_de_meme(chez_ada, facture, payfip, envoi):
    assert chez_ada.post(adresse(facture), envoi).status_code == 303


def test_sans_jeton_csrf_le_depart_est_refuse_en_francais(chez_ada, facture, payfip):
    chez_ada.handler.enforce_csrf_checks = True
    reponse = chez_ada.post(adresse(facture), ENVOI)
    assert (reponse.status_code, titre(reponse)) == (403, "Cette page est restée ouverte trop longtemps")
    assert (Paiement.objects.count(), creations(payfip)) == (0, [])


REFUS = [
    ({"montant": Decimal("0.99")}, "MONTANT_TROP_FAIBLE"),
    ({"montant": Decimal("100000.00")}, "MONTANT_TROP_ELEVE"),
    ({"montant": Decimal("-38.20")}, "AVOIR"),
    ({"reste_du": Decimal(0)}, "DEJA_PAYEE"),
    ({"statut": Statut.ANNULEE, "motif_annulation": "Erreur"}, "ANNULEE"),
    ({"date_prelevement": date.today()}, "PRELEVEMENT_AUTOMATIQUE"),
    ({"date_limite_en_ligne": HIER}, "DELAI_DEPASSE"),
    ({"reference": "2026-EAU"}, "REFERENCE_NON_PAYABLE"),
]


@pytest.mark.parametrize(("champs", "cause"), REFUS)
def test_une_facture_empechee_dit_pourquoi_et_que_faire(boe, ada, eau, chez_ada, payfip, champs, cause):
    facture = factories.facture(factories.redevable(boe, ada), eau, **champs)
    explication = EXPLICATIONS[Empechement(cause)]
    reponses = [chez_ada.get(adresse(facture)), chez_ada.post(adresse(facture), ENVOI)]
    assert [r.status_code for r in reponses] == [200, 409]
    assert [(str(explication.phrase) in texte(r), str(explication.suite) in texte(r)) for r in reponses] == [
        (True, True)
    ] * 2
    assert [champs_du_formulaire(r) for r in reponses] == [[], []]
    reglee = "Cette facture est réglée" if cause == "DEJA_PAYEE" else "Cette facture ne peut pas être payée ici"
    assert [titre(r) for r in reponses] == [reglee] * 2
    assert (Paiement.objects.count(), creations(payfip)) == (0, [])


def test_un_service_suspendu_le_dit_avec_les_mots_du_guide(chez_ada, eau, facture, payfip):
    factories.suspendre(eau)
    reponse = chez_ada.post(adresse(facture), ENVOI)
    assert (reponse.status_code, creations(payfip)) == (409, [])
    assert "Le paiement a été temporairement suspendu." in texte(reponse)


def test_une_facture_deja_en_paiement_ailleurs_le_dit(chez_ada, ada, facture, payfip):
    demarrer(facture, ada)
    reponse = chez_ada.post(adresse(facture), ENVOI)
    assert (reponse.status_code, len(creations(payfip))) == (409, 1)
    assert "Un paiement est en cours pour cette facture." in texte(reponse)


@pytest.mark.sqlite
@pytest.mark.parametrize("methode", ["get", "post"])
def test_la_facture_d_un_autre_est_introuvable(connecter, boe, ailleurs, ada, bob, facture, payfip, methode):
    factories.redevable(ailleurs, ada)
    visiteurs = [connecter(bob, chez=boe), connecter(ada, chez=ailleurs)]
    assert [getattr(v, methode)(adresse(facture)).status_code for v in visiteurs] == [404, 404]
    assert (Paiement.objects.count(), creations(payfip)) == (0, [])


def test_une_facture_inconnue_ou_non_publiee_est_introuvable(boe, ada, eau, chez_ada, payfip):
    brouillon = factories.facture(factories.redevable(boe, ada), eau, statut=Statut.BROUILLON, publiee_le=None)
    uuids = (brouillon.uuid, UUID(int=0))
    assert [chez_ada.post(f"/factures/{u}/payer/").status_code for u in uuids] == [404, 404]
    assert creations(payfip) == []


@pytest.mark.parametrize("methode", ["get", "post"])
def test_une_personne_anonyme_est_menee_a_la_connexion(facture, payfip, methode):
    reponse = getattr(Client(HTTP_HOST="localhost"), methode)(adresse(facture))
    assert (reponse.status_code, reponse["Location"]) == (302, f"/connexion/?next={adresse(facture)}")
    assert creations(payfip) == []


def test_une_session_d_une_autre_commune_compte_comme_anonyme(connecter, ailleurs, ada, facture, payfip):
    session = connecter(ada, chez=ailleurs)
    reponse = session.post(adresse(facture), headers={"host": "localhost"})
    assert (reponse.status_code, creations(payfip)) == (302, [])


@pytest.mark.parametrize("methode", ["put", "patch", "delete", "options"])
def test_les_autres_methodes_sont_refusees(chez_ada, facture, methode):
    assert getattr(chez_ada, methode)(adresse(facture)).status_code == 405


@pytest.mark.parametrize("panne", ["502", "html", "coupure", "TechIndisponibiliteErreur"])
def test_guichet_ferme_la_page_le_dit_et_la_facture_se_repaie_aussitot(chez_ada, facture, payfip, panne):
    payfip.regler(panne=panne)
    reponse = chez_ada.post(adresse(facture), ENVOI)
    assert (reponse.status_code, titre(reponse)) == (503, "Le site de paiement ne répond pas")
    assert ("Rien n'a été débité" in texte(reponse), empechement(facture)) == (True, "")
    payfip.regler(panne="aucune")
    assert chez_ada.post(adresse(facture), ENVOI).status_code == 303


def test_une_demande_refusee_par_payfip_renvoie_vers_le_service(chez_ada, eau, facture, payfip, boe):
    type(eau.contrat_tipi).objects.update(numcli="222222")
    reponse = chez_ada.post(adresse(facture), ENVOI)
    assert (reponse.status_code, titre(reponse)) == (502, "Le paiement n'a pas pu commencer")
    assert (boe.telephone in texte(reponse), empechement(facture)) == (True, "")


def test_une_adresse_mail_que_payfip_refuserait_se_change_dans_mes_informations(connecter, boe, eau, payfip):
    personne = factories.usager(email=f"{'a' * 60}@exemple-{'b' * 12}.fr")
    facture = factories.facture(factories.redevable(boe, personne), eau)
    reponse = connecter(personne, chez=boe).post(adresse(facture), ENVOI)
    assert (reponse.status_code, creations(payfip)) == (502, [])
    lu = texte(reponse)
    assert ("n'accepte pas votre adresse mail" in lu, "pas de votre fait" in lu, "n'y changera rien" in lu) == (
        True, False, False,
    )  # fmt: skip
    assert "/mes-informations/adresse-mail/" in liens(reponse)


@pytest.mark.parametrize("code", ["A2", "R3"])
def test_seul_un_refus_de_l_adresse_mail_demande_d_en_changer(connecter, ada, boe, facture, monkeypatch, code):
    refuse = Mock(creer=Mock(side_effect=GuichetRefuse(Faute(code, "", technique=False))))
    monkeypatch.setattr("paiement_tipi.services.guichet", lambda **_personne: refuse)
    lu = texte(connecter(ada, chez=boe).post(adresse(facture), ENVOI))
    assert ("n'accepte pas votre adresse mail" in lu, "pas de votre fait" in lu) == (code == "A2", code == "R3")


@pytest.mark.parametrize("panne", ["502", None])
def test_un_depart_manque_dit_comment_payer_autrement(chez_ada, eau, facture, payfip, boe, panne):
    regler_les_moyens(regie=eau, guichet_adresse="Guichet de l'eau", guichet_horaires="le matin")
    if panne:
        payfip.regler(panne=panne)
    else:
        type(eau.contrat_tipi).objects.update(numcli="222222")
    lu = texte(chez_ada.post(adresse(facture), ENVOI))
    assert [mot for mot in ("Guichet de l'eau", "églez autrement", boe.telephone) if mot not in lu] == []


def test_vingt_departs_en_cinq_minutes_pas_vingt_et_un_et_les_autres_ne_sont_pas_genes(
    connecter, ada, bob, boe, facture, payfip
):
    with time_machine.travel(1_800_000_000, tick=False) as horloge:
        d_ada, de_bob = connecter(ada, chez=boe), connecter(bob, chez=boe)
        recus = [d_ada.post(adresse(facture), ENVOI).status_code for _ in range(21)]
        assert recus == [303] * 20 + [429]
        refus = d_ada.post(adresse(facture), ENVOI)
        assert (refus["Retry-After"], "attendez 5 minutes" in texte(refus)) == ("300", True)
        assert d_ada.get(adresse(facture)).status_code == 200  # relire avant de payer n'est pas limité
        assert de_bob.post(adresse(facture), ENVOI).status_code == 404
        horloge.shift(300)
        assert d_ada.post(adresse(facture), ENVOI).status_code != 429
