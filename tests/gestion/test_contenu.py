"""L'exploitant ne lit les factures d'une commune qu'en disant pourquoi, une heure, et la commune le sait."""

import html
from datetime import timedelta

import factories
import pytest
import time_machine
from django.utils import timezone

from comptes.services import changer_le_role
from portail.gestion.droits import CONTENU_SECONDES
from portail.models import Affectation, Collectivite, Journal, Role
from tests.comptes.outils_messages import relever
from tests.gestion.conftest import adresse, agent_de, ouvrir_le_contenu

LISTE = "/gestion/factures/facture/"


@pytest.fixture
def exploitant(monde):
    return monde.chez["exploitant"]


@pytest.fixture
def administratrice_de_boe(monde):
    return monde.chez.comptes["administratrice"]


def test_sans_motif_il_ne_voit_rien_des_factures_et_sait_comment_ouvrir(exploitant):
    reponse = exploitant.get(f"{LISTE}?suivi=a-regler")
    page = reponse.content.decode()
    assert reponse.status_code == 403
    assert "Ouvrir l'accès" in page
    assert f'value="{LISTE}?suivi=a-regler"' in page
    assert [mot for mot in ("2026-1", "DUPONT", "243,11", "REF0000001") if mot in page] == []
    accueil = exploitant.get("/gestion/").content.decode()
    assert [mot for mot in ("Règlements", "Redevables", "Reste dû") if mot in accueil] == []


@pytest.mark.parametrize("motif", ["", "court", " " * 20, "x" * 201])
def test_un_motif_vide_trop_court_ou_trop_long_n_ouvre_rien(exploitant, motif):
    reponse = exploitant.post("/gestion/contenu/", {"motif": motif})
    assert (reponse.status_code, "errorlist" in reponse.content.decode()) == (200, True)
    assert exploitant.get(LISTE).status_code == 403
    assert not Journal.objects.filter(action="contenu.ouvert").exists()


@pytest.mark.parametrize("longueur", [10, 200])
def test_les_motifs_les_plus_courts_et_les_plus_longs(exploitant, longueur):
    ouvrir_le_contenu(exploitant, "x" * longueur)
    assert exploitant.get(LISTE).status_code == 200


def test_ouvrir_est_note_avec_le_motif_et_se_voit_sur_chaque_page(exploitant, monde):
    ouvrir_le_contenu(exploitant, "Ticket 1234, facture introuvable")
    fait = Journal.objects.get(action="contenu.ouvert")
    compte = monde.chez.comptes["exploitant"].pk
    assert (fait.collectivite, fait.acteur) == (monde.boe.pk, compte)
    assert fait.apres.keys() == {"motif", "au_plus_tard"}
    assert fait.apres["motif"] == "Ticket 1234, facture introuvable"
    for chemin in ("/gestion/", LISTE, adresse(monde.ici["factures.facture"])):
        assert "Fermer cet accès" in exploitant.get(chemin).content.decode()
    responsable = monde.chez["administratrice"].get("/gestion/portail/journal/").content.decode()
    assert "L'exploitant a ouvert l'accès aux factures" in html.unescape(responsable)


def test_il_revient_ou_il_allait_mais_jamais_hors_du_site(exploitant):
    motif = "Ticket 1234, essai"
    for suite, retour in (
        (f"{LISTE}?q=2026-1", f"{LISTE}?q=2026-1"),
        ("https://ailleurs.example/", "/gestion/"),
        ("//ailleurs.example/", "/gestion/"),
        ("javascript:alert(1)", "/gestion/"),
        ("", "/gestion/"),
    ):
        assert exploitant.post("/gestion/contenu/", {"motif": motif, "suite": suite})["Location"] == retour
        exploitant.post("/gestion/contenu/fermer/")


def test_l_acces_se_ferme_au_bout_d_une_heure(exploitant):
    maintenant = timezone.now()
    with time_machine.travel(maintenant, tick=False) as horloge:
        ouvrir_le_contenu(exploitant)
        for minutes in (25, 50):  # la session s'éteint d'elle-même après trente minutes d'inactivité
            horloge.move_to(maintenant + timedelta(minutes=minutes))
            assert exploitant.get(LISTE).status_code == 200
        horloge.move_to(maintenant + timedelta(seconds=CONTENU_SECONDES - 1))
        assert exploitant.get(LISTE).status_code == 200
        horloge.move_to(maintenant + timedelta(seconds=CONTENU_SECONDES))
        assert exploitant.get(LISTE).status_code == 403
        assert "Fermer cet accès" not in exploitant.get("/gestion/").content.decode()


def test_ouvert_il_ne_se_prolonge_pas(exploitant):
    maintenant = timezone.now()
    with time_machine.travel(maintenant, tick=False) as horloge:
        ouvrir_le_contenu(exploitant)
        for minutes in (20, 40, 59):
            horloge.move_to(maintenant + timedelta(minutes=minutes))
            reponse = exploitant.post("/gestion/contenu/", {"motif": "Encore un peu de temps"}, follow=True)
            assert "il ne se prolonge pas" in reponse.content.decode()
        horloge.move_to(maintenant + timedelta(seconds=CONTENU_SECONDES))
        assert exploitant.get(LISTE).status_code == 403
    assert Journal.objects.filter(action="contenu.ouvert").count() == 1


def test_la_commune_est_prevenue_une_fois_par_ouverture(exploitant, monde):
    administratrice, compte = monde.chez.comptes["administratrice"], monde.chez.comptes["exploitant"]
    factories.administratrice(monde.boe, is_active=False)
    factories.administratrice(monde.ailleurs)
    Collectivite.objects.filter(pk=monde.boe.pk).update(courriel_contact="mairie@exemple.fr")
    for n in (1, 2):  # la seconde demande ne fait rien : l'accès est déjà ouvert
        exploitant.post("/gestion/contenu/", {"motif": f"Ticket 1234, essai {n}"})
    messages = relever()
    assert {m.to[0] for m in messages} == {administratrice.email, "mairie@exemple.fr"}
    assert len(messages) == 2
    for attendu in (str(compte), "Ticket 1234, essai 1", "au plus tard", "/gestion/"):
        assert attendu in messages[0].body
        assert attendu in messages[0].alternatives[0][0]


def test_l_administratrice_voit_les_ouvertures_recentes_et_elle_seule(exploitant, monde):
    ouvrir_le_contenu(exploitant, "Ticket 1234, introuvable")
    accueil = html.unescape(monde.chez["administratrice"].get("/gestion/").content.decode())
    assert "Accès de l'exploitant aux factures, en 30 jours" in accueil
    qui = ("administratrice", "agente")
    lues = {nom: html.unescape(monde.chez[nom].get(adresse(monde.boe)).content.decode()) for nom in qui}
    titre = "L'exploitant a ouvert l'accès aux factures"
    assert {nom: (titre in page, "Ticket 1234, introuvable" in page) for nom, page in lues.items()} == {
        "administratrice": (True, True),
        "agente": (False, False),
    }
    assert str(monde.chez.comptes["exploitant"]) in lues["administratrice"]
    d_ailleurs = factories.administratrice(monde.ailleurs)
    page = monde.chez.connecter(d_ailleurs, chez=monde.ailleurs).get(adresse(monde.ailleurs)).content.decode()
    assert titre not in page


def test_un_role_retire_puis_rendu_ne_rouvre_rien(monde, connecter, administratrice_de_boe):
    technicien = agent_de(monde.boe, Role.EXPLOITANT)
    client = connecter(technicien, chez=monde.boe)
    ouvrir_le_contenu(client)
    affectation = technicien.affectations.get()
    for role in (Role.LECTURE, Role.EXPLOITANT):
        changer_le_role(affectation=affectation, role=role, auteur=administratrice_de_boe)
    assert client.get(LISTE).status_code == 403


def test_il_le_ferme_lui_meme_et_c_est_note_une_fois(exploitant):
    ouvrir_le_contenu(exploitant)
    for _ in range(2):
        assert exploitant.post("/gestion/contenu/fermer/").status_code == 303
    assert exploitant.get(LISTE).status_code == 403
    assert Journal.objects.filter(action="contenu.ferme").count() == 1


def test_ouvert_dans_une_commune_il_ne_l_est_pas_dans_une_autre(exploitant, monde):
    ouvrir_le_contenu(exploitant)
    compte, hote = monde.chez.comptes["exploitant"], monde.ailleurs.hotes.get().nom
    envoi = {"login": compte.email, "password": factories.MOT_DE_PASSE}
    assert exploitant.get(LISTE, HTTP_HOST=hote).status_code == 302
    assert exploitant.post("/connexion/", envoi, HTTP_HOST=hote).status_code == 302
    assert exploitant.get("/gestion/", HTTP_HOST=hote).status_code == 200
    assert exploitant.get(LISTE, HTTP_HOST=hote).status_code == 403


def test_se_deconnecter_le_ferme(exploitant, monde):
    ouvrir_le_contenu(exploitant)
    exploitant.post("/deconnexion/")
    compte = monde.chez.comptes["exploitant"]
    exploitant.post("/connexion/", {"login": compte.email, "password": factories.MOT_DE_PASSE})
    assert exploitant.get(LISTE).status_code == 403


def test_une_affectation_ne_dispense_pas_l_exploitant_de_son_motif(exploitant, monde):
    compte = monde.chez.comptes["exploitant"]
    Affectation.objects.create(usager=compte, collectivite=monde.boe, role=Role.ADMINISTRATION)
    assert exploitant.get(LISTE).status_code == 403


def test_l_exploitant_d_une_commune_ne_voit_pas_l_installation(monde, connecter):
    personne = factories.usager(is_staff=True)
    Affectation.objects.create(usager=personne, collectivite=monde.boe, role=Role.EXPLOITANT)
    client = connecter(personne, chez=monde.boe)
    assert client.get(LISTE).status_code == 403
    assert client.get("/gestion/portail/hote/").status_code == 403
    ouvrir_le_contenu(client)
    assert client.get(LISTE).status_code == 200
    assert client.get(adresse(monde.la_bas["factures.facture"])).status_code == 404


def test_les_montants_du_journal_sont_du_contenu(exploitant, monde):
    fait = Journal.objects.filter(action="reglement.encaisse", collectivite=monde.boe.pk).get()
    assert "242,11" not in exploitant.get(adresse(fait)).content.decode()
    ouvrir_le_contenu(exploitant)
    assert "242,11" in exploitant.get(adresse(fait)).content.decode()
