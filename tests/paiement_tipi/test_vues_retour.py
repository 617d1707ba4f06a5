"""Le retour de PayFiP : il règle avant de répondre, et ne dit rien de la personne à qui n'est pas elle."""

import time
from datetime import datetime
from importlib import import_module
from zoneinfo import ZoneInfo

import factories
import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from comptes.models import Usager
from paiement_tipi.etats import RETOURS, E, EtatPaiement
from paiement_tipi.models import Paiement
from tests.paiement_tipi import outils_reponses as reponses
from tests.paiement_tipi.outils_machine import GuichetDocile
from tests.paiement_tipi.outils_pages import liens, texte, titre
from tests.paiement_tipi.outils_serveur import muet, petit_serveur, repond
from tests.paiement_tipi.outils_tentatives import DUE, PAYEE_PAR_CARTE, bilan, demarrer, lectures, pilote

RETOUR_SECONDES = 5  # design.md : notre page répond dans ce délai, quoi que fasse PayFiP


@pytest.fixture
def payfip(simulateur):
    with pilote(simulateur) as pilotable:
        yield pilotable


@pytest.fixture
def paiement(payfip, facture, ada):
    return demarrer(facture, ada)


@pytest.fixture
def anonyme(boe):
    return Client(HTTP_HOST="localhost")


def retour(paiement):
    return f"/paiement/retour/{paiement.jeton}/"


def personnel(paiement):
    """Ce que personne d'autre ne doit lire."""
    facture = paiement.parts.get().facture
    usager = paiement.usager
    identite = [usager.nom, usager.prenom, usager.email]
    return [*identite, "243,11", "243.11", "24311", facture.reference, facture.numero, facture.objet, str(facture.uuid)]


def vus(reponse, paiement):
    source = reponse.content.decode()
    return [mot for mot in (*personnel(paiement), str(paiement.idop), str(paiement.uuid)) if mot in source]


@pytest.mark.sqlite
def test_la_personne_revient_sa_facture_est_payee_et_elle_la_voit(connecter, ada, boe, payfip, facture, paiement):
    payfip.payer(str(paiement.idop))
    reponse = connecter(ada, chez=boe).get(f"{retour(paiement)}?idop={paiement.idop}")
    assert (reponse.status_code, titre(reponse)) == (200, "Votre paiement est enregistré")
    assert ("243,11 €" in texte(reponse), facture.numero in texte(reponse)) == (True, True)
    assert (bilan(facture), reponse["Cache-Control"]) == (PAYEE_PAR_CARTE, "no-store")


VISITEURS = ["anonyme", "autre habitant", "même personne, autre commune", "agente"]


@pytest.mark.sqlite
@pytest.mark.parametrize("visiteur", VISITEURS)
@pytest.mark.parametrize("action", ["valider", "refuser", None])
def test_personne_d_autre_ne_voit_rien_d_elle(
    connecter, ada, bob, agente, boe, ailleurs, payfip, facture, paiement, anonyme, visiteur, action
):
    clients = {
        "anonyme": lambda: anonyme,
        "autre habitant": lambda: connecter(bob, chez=boe),
        "même personne, autre commune": lambda: connecter(ada, chez=ailleurs),
        "agente": lambda: connecter(agente, chez=boe),
    }
    if action:
        payfip.payer(str(paiement.idop), action=action)
    reponse = clients[visiteur]().get(retour(paiement))
    issues = {"valider": "Votre paiement est enregistré", "refuser": "Le paiement a été refusé"}
    assert (reponse.status_code, titre(reponse)) == (200, issues.get(action, "Vérification en cours"))
    assert (vus(reponse, paiement), bilan(facture)) == ([], PAYEE_PAR_CARTE if action == "valider" else DUE)


def test_ce_que_l_on_cherche_est_bien_ce_que_voit_la_personne(connecter, ada, boe, paiement):
    """Le témoin du test précédent : chez elle, la même recherche trouve."""
    assert vus(connecter(ada, chez=boe).get(retour(paiement)), paiement) != []


def test_sans_session_la_page_mene_a_la_connexion(anonyme, paiement):
    assert "/connexion/?next=/factures/" in liens(anonyme.get(retour(paiement)))


def test_une_autre_personne_connectee_retrouve_ses_propres_factures(connecter, bob, boe, paiement):
    assert "/factures/" in liens(connecter(bob, chez=boe).get(retour(paiement)))


@pytest.mark.parametrize("jeton", ["inconnu", "a" * 43, "A" * 500])
def test_un_jeton_inconnu_est_introuvable(anonyme, payfip, paiement, jeton):
    assert (anonyme.get(f"/paiement/retour/{jeton}/").status_code, lectures(payfip)) == (404, [])


@pytest.mark.sqlite
@pytest.mark.parametrize("methode", ["get", "post"])
def test_l_idop_d_une_autre_tentative_dans_l_adresse_n_a_aucun_effet(
    anonyme, bob, boe, eau, payfip, facture, paiement, methode
):
    sienne = factories.facture(factories.redevable(boe, bob), eau)
    autre = demarrer(sienne, bob)
    payfip.payer(str(autre.idop))
    reponse = getattr(anonyme, methode)(f"{retour(paiement)}?idop={autre.idop}&resultrans=P", {"idop": str(autre.idop)})
    assert (titre(reponse), lectures(payfip)) == ("Vérification en cours", [str(paiement.idop)])
    assert (bilan(facture), bilan(sienne), vus(reponse, autre)) == (DUE, DUE, [])


def test_le_post_de_payfip_n_a_pas_besoin_de_jeton_csrf(boe, payfip, facture, paiement):
    payfip.payer(str(paiement.idop))
    client = Client(HTTP_HOST="localhost", enforce_csrf_checks=True)
    reponse = client.post(retour(paiement), {"idop": str(paiement.idop)})
    assert (reponse.status_code, bilan(facture)) == (200, PAYEE_PAR_CARTE)


@pytest.mark.parametrize("methode", ["put", "patch", "delete"])
def test_les_autres_methodes_sont_refusees(anonyme, payfip, paiement, methode):
    assert (getattr(anonyme, methode)(retour(paiement)).status_code, lectures(payfip)) == (405, [])


def test_le_retour_marche_sur_l_hote_d_une_autre_commune(ailleurs, boe, payfip, facture, paiement):
    payfip.payer(str(paiement.idop))
    reponse = Client(HTTP_HOST=ailleurs.hotes.get().nom).get(retour(paiement))
    assert (titre(reponse), bilan(facture)) == ("Votre paiement est enregistré", PAYEE_PAR_CARTE)
    assert (boe.nom in texte(reponse), ailleurs.nom in texte(reponse)) == (True, False)


@pytest.mark.parametrize("panne", ["502", "html", "coupure", "xml_tronque", "montant_faux", "TechProtocolaireErreur"])
def test_payfip_en_panne_ou_en_desaccord_la_verification_continue(anonyme, payfip, facture, paiement, panne):
    payfip.payer(str(paiement.idop))
    payfip.regler(panne=panne)
    reponse = anonyme.get(retour(paiement))
    en_desaccord = panne == "montant_faux"
    attente = "Le service vérifie ce paiement" if en_desaccord else "Vérification en cours"
    assert (reponse.status_code, titre(reponse), bilan(facture)) == (200, attente, DUE)
    assert "ne payez pas une seconde fois" in texte(reponse).lower()
    payfip.regler(panne="aucune")
    assert titre(anonyme.post(retour(paiement))) == "Votre paiement est enregistré"


def test_payfip_muet_la_page_repond_dans_son_delai(anonyme, facture, ada, settings, monkeypatch):
    reglage = import_module("paiement_tipi.services.guichet")
    assert reglage.PERSONNE_SECONDES < RETOUR_SECONDES
    with petit_serveur() as serveur:
        settings.PAYFIP_URL = serveur.url
        serveur.dire(repond(reponses.creation()), muet)
        paiement = demarrer(facture, ada)
        monkeypatch.setattr(reglage, "PERSONNE_SECONDES", 0.5)
        debut = time.monotonic()
        reponse = anonyme.get(retour(paiement))
        duree = time.monotonic() - debut
    assert (titre(reponse), bilan(facture), duree < RETOUR_SECONDES) == ("Vérification en cours", DUE, True)


def test_chaque_etat_a_son_texte():
    assert set(RETOURS) == set(EtatPaiement)
    assert {t.ton for t in RETOURS.values()} == {"attente", "succes", "echec"}
    assert all(str(t.titre) and str(t.texte) for t in RETOURS.values())


@pytest.mark.parametrize("etat", EtatPaiement.values)
def test_chaque_etat_a_sa_page(connecter, ada, boe, anonyme, payfip, paiement, etat):
    if etat == E.ABANDON_SIGNALE:  # les deux minutes ne se promettent que de l'heure que donne PayFiP
        payfip.payer(str(paiement.idop), action="annuler")
    sans_idop = {"idop": None, "envoye_le": None} if etat in {E.DEMARRE, E.ECHOUE} else {}
    Paiement.objects.filter(pk=paiement.pk).update(etat=etat, **sans_idop)
    pages = [client.get(retour(paiement)) for client in (anonyme, connecter(ada, chez=boe))]
    attendu = " ".join(str(RETOURS[EtatPaiement(etat)].titre).split())
    assert [(p.status_code, titre(p)) for p in pages] == [(200, attendu)] * 2
    paiement.refresh_from_db()
    assert paiement.etat == etat


def test_un_abandon_dit_jusqu_a_quand_attendre_et_se_verifie(anonyme, payfip, paiement):
    with time_machine.travel(datetime(2026, 11, 26, 14, 5, tzinfo=ZoneInfo("Europe/Paris")), tick=False):
        payfip.regler(horloge=timezone.now().isoformat())
        payfip.payer(str(paiement.idop), action="annuler")
        page = anonyme.get(retour(paiement))
    assert titre(page) == "Paiement abandonné, vous pourrez réessayer dans 2 minutes."
    attendus = ("au plus tard à 14 h 08", "Vérifier maintenant", "attendre évite de payer deux fois")
    assert [mot for mot in attendus if mot not in texte(page)] == []
    with time_machine.travel(datetime(2026, 11, 26, 14, 9, tzinfo=ZoneInfo("Europe/Paris")), tick=False):
        payfip.regler(panne="502")
        page = anonyme.get(retour(paiement))  # les deux minutes sont passées, et PayFiP n'a rien dit
    assert ("2 minutes" in texte(page), "au plus tard" in texte(page)) == (False, False)
    assert titre(page) == "Paiement abandonné, à confirmer par PayFiP"


@pytest.mark.parametrize(
    ("saisie", "resultat", "dit", "tait"),
    [
        ("W", "R", "Vérifiez les informations de votre carte", "prélèvement a été refusé"),
        ("W", "Z", "Le prélèvement a été refusé", "votre carte"),
        ("T", "P", "rien n'a été débité", "Si votre compte a été débité"),
        ("X", "P", "Si votre compte a été débité", "rien n'a été débité"),
    ],
)
def test_l_issue_ne_dit_que_ce_que_l_on_sait(anonyme, facture, ada, eau, monkeypatch, saisie, resultat, dit, tait):
    guichet = GuichetDocile()
    monkeypatch.setattr("paiement_tipi.services.guichet", lambda **_personne: guichet)
    type(eau.contrat_tipi).objects.update(saisie=saisie)
    paiement = demarrer(facture, ada)
    guichet.conclure(paiement.idop, resultat)
    page = texte(anonyme.get(retour(paiement)))
    assert (dit in page, tait in page) == (True, False)


def test_une_personne_detachee_depuis_ne_voit_plus_la_facture(connecter, ada, boe, payfip, facture, paiement):
    payfip.payer(str(paiement.idop))
    Usager.objects.get(pk=ada.pk).rattachements.all().delete()
    reponse = connecter(ada, chez=boe).get(retour(paiement))
    assert (titre(reponse), facture.numero in texte(reponse)) == ("Votre paiement est enregistré", False)


@pytest.fixture
def sans_defaut(boe, paiement):
    """Un hôte partagé où aucune commune ne répond d'office ; le navigateur n'a pas choisi la sienne."""
    boe.par_defaut = False
    boe.save()
    client = Client(HTTP_HOST="127.0.0.1")
    assert [client.get(chemin).status_code for chemin in ("/", "/connexion/", "/nulle-part/")] == [404] * 3
    return client


@pytest.mark.sqlite
def test_le_retour_tient_sa_commune_du_jeton_seul(sans_defaut, payfip, facture, paiement):
    payfip.payer(str(paiement.idop))
    reponse = sans_defaut.get(retour(paiement))
    assert (reponse.status_code, vus(reponse, paiement), bilan(facture)) == (200, [], PAYEE_PAR_CARTE)
    assert "Ville de Boé" in texte(reponse)
    assert sans_defaut.get("/paiement/retour/x/").status_code == 404


def test_avec_la_session_de_la_personne_il_montre_sa_facture(sans_defaut, connecter, ada, boe, payfip, paiement):
    connectee = connecter(ada, chez=boe)
    reponse = connectee.get(retour(paiement), HTTP_HOST="127.0.0.1")
    assert "Voir la facture" in texte(reponse)
    assert str(paiement.parts.get().facture.uuid) in reponse.content.decode()


def test_la_notification_se_passe_aussi_de_l_hote(sans_defaut, paiement):
    reponse = sans_defaut.post("/paiement/notification/", {"idop": str(paiement.idop)})
    assert (reponse.status_code, reponse.content, paiement.notifications.count()) == (200, b"", 1)


def test_vingt_retours_par_minute_sur_une_tentative_pas_vingt_et_un(anonyme, payfip, paiement):
    with time_machine.travel(1_800_000_000, tick=False) as horloge:
        assert [anonyme.get(retour(paiement)).status_code for _ in range(21)] == [200] * 20 + [429]
        demandes = len(lectures(payfip))
        refus = anonyme.get(retour(paiement))
        assert (refus["Retry-After"], len(lectures(payfip)), vus(refus, paiement)) == ("60", demandes, [])
        horloge.shift(60)
        assert anonyme.get(retour(paiement)).status_code == 200
