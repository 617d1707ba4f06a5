"""Ce qu'une commune dit d'elle-même : la page, ses actes, ce que le journal en garde, et deux personnes à la fois."""

import html
import re
from datetime import date, timedelta

import factories
import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from portail import services
from portail.models import Collectivite, Conformite, Hote, Journal, Regie, Role
from portail.services import Adresse
from portail.versions import DejaModifie
from tests.gestion.conftest import MARQUE, adresse, agent_de

MENTIONS = {
    "adresse_postale": "Mairie\n47550 Boé", "courriel_contact": "mairie@boe.example", "hebergeur": "Un hébergeur",
    "directeur_publication": "le maire, M. Untel", "contact_dpo": "dpo@boe.example",
}  # fmt: skip
IDENTITE = {
    "nom": "Ville de Boé", "telephone": "05 61 00 19 30", "horaires": "du lundi au vendredi, de 7h à 22h", **MENTIONS,
}  # fmt: skip


@pytest.fixture
def admin(boe, connecter):
    return connecter(agent_de(boe, Role.ADMINISTRATION), chez=boe)


@pytest.fixture
def exploitant(boe, connecter):
    return connecter(factories.usager(is_staff=True, is_superuser=True), chez=boe)


def lire(reponse) -> str:
    assert reponse.status_code == 200
    return html.unescape(reponse.content.decode())


def lu(client, chemin: str) -> str:
    """L'empreinte que porte le formulaire."""
    return re.search(r'name="lu" value="(\w+)"', lire(client.get(chemin)))[1]


def test_la_page_dit_tout_et_mene_a_chaque_acte(admin, boe, eau):
    page = lire(admin.get("/gestion/reglages/"))
    for mot in ("05 61 00 19 30", "à remplir", "#1f5c99", "non conforme", "Eau et assainissement", boe.lien):
        assert mot in page
    liens = re.findall(r'href="(/gestion/[^"#]+)"', page)
    assert {adresse(boe, nom) for nom in ("identite", "couleur", "logo", "accessibilite")} < set(liens)
    assert [lien for lien in liens if admin.get(lien).status_code != 200] == []
    assert 'href="/gestion/reglages/"' in lire(admin.get("/gestion/"))


def test_elle_change_les_horaires_et_les_mentions_sans_que_le_journal_nomme_personne(admin, boe):
    chemin = adresse(boe, "identite")
    envoi = {**IDENTITE, "horaires": "  le matin\r\nseulement ", "lu": lu(admin, chemin)}
    reponse = admin.post(chemin, envoi)
    assert (reponse.status_code, reponse["Location"]) == (303, "/gestion/reglages/")
    boe.refresh_from_db()
    assert (boe.horaires, boe.adresse_postale) == ("le matin seulement", "Mairie\n47550 Boé")
    assert "le matin seulement" in lire(admin.get("/mentions-legales/"))
    fait = Journal.objects.get(action="collectivite.modifiee")
    assert (fait.avant["horaires"], fait.apres["horaires"]) == (IDENTITE["horaires"], "le matin seulement")
    assert {
        nom: fait.apres[nom] for nom in ("directeur_publication", "contact_dpo", "courriel_contact")
    } == dict.fromkeys(("directeur_publication", "contact_dpo", "courriel_contact"), "rempli")
    assert "Untel" not in str((fait.avant, fait.apres))
    assert "nom" not in fait.apres
    assert "Rien n'a changé" in lire(admin.post(chemin, envoi | {"lu": lu(admin, chemin)}, follow=True))
    assert Journal.objects.filter(action="collectivite.modifiee").count() == 1


@pytest.mark.parametrize(
    "champ", ["lien", "collectivite", "ouverte_le", "adresse", "par_defaut", "couleur", "logo", "pk"]
)
def test_un_champ_forge_est_ignore(admin, boe, ailleurs, champ):
    avant = Collectivite.objects.values().get(pk=boe.pk)
    admin.post(adresse(boe, "identite"), {**IDENTITE, champ: ailleurs.pk})
    apres = Collectivite.objects.values().get(pk=boe.pk)
    assert {nom for nom in avant if avant[nom] != apres[nom]} == set(MENTIONS)
    assert Collectivite.objects.get(pk=ailleurs.pk).nom == ailleurs.nom


@pytest.mark.parametrize(
    ("champ", "valeur", "phrase"),
    [
        ("telephone", "appelez-nous", "Un numéro de téléphone"),
        ("telephone", "", "la loi demande"),
        ("courriel_contact", "mairie@", "valide"),
        ("nom", "Ville\u202e de Boé", "caractère invisible"),
        ("hebergeur", "a\x07b", "caractère invisible"),
        ("horaires", "x" * 201, "200"),
    ],
)
def test_une_saisie_fausse_a_sa_phrase_et_rien_n_est_perdu(admin, boe, champ, valeur, phrase):
    page = lire(admin.post(adresse(boe, "identite"), {**IDENTITE, champ: valeur}))
    assert phrase in page
    assert "dpo@boe.example" in page
    boe.refresh_from_db()
    assert boe.contact_dpo == ""


def test_ouverte_elle_ne_perd_plus_une_mention(admin, boe):
    admin.post(adresse(boe, "identite"), IDENTITE)
    for champ in MENTIONS:
        assert "Le portail est ouvert" in lire(admin.post(adresse(boe, "identite"), IDENTITE | {champ: "  "}))
        with pytest.raises(ValidationError):
            services.modifier_l_identite(collectivite=boe, **{champ: ""})
    boe.refresh_from_db()
    assert {nom: getattr(boe, nom) for nom in MENTIONS} == MENTIONS
    Collectivite.objects.update(ouverte_le=None)
    assert admin.post(adresse(boe, "identite"), IDENTITE | {"contact_dpo": ""}).status_code == 303


def test_deux_administrateurs_la_seconde_voit_ce_qu_a_fait_la_premiere(admin, boe, connecter):
    autre, chemin = connecter(agent_de(boe, Role.ADMINISTRATION), chez=boe), adresse(boe, "identite")
    vu = lu(admin, chemin)
    assert autre.post(chemin, {**IDENTITE, "horaires": "le soir", "lu": lu(autre, chemin)}).status_code == 303
    page = lire(admin.post(chemin, {**IDENTITE, "horaires": "le matin", "lu": vu}))
    assert "Horaires « le soir »" in page
    assert "Téléphone «" not in page
    assert 'value="le matin"' in page
    boe.refresh_from_db()
    assert boe.horaires == "le soir"
    relu = re.search(r'name="lu" value="(\w+)"', page)[1]
    assert admin.post(chemin, {**IDENTITE, "horaires": "le matin", "lu": relu}).status_code == 303
    boe.refresh_from_db()
    assert boe.horaires == "le matin"


@pytest.mark.parametrize("nom", ["changer_de_couleur", "declarer_l_accessibilite"])
def test_le_conflit_est_vu_au_moment_d_ecrire(boe, nom):
    champs = {"couleur": "#000000"} if nom == "changer_de_couleur" else {"accessibilite_schema": "https://boe.fr"}
    with pytest.raises(DejaModifie):
        getattr(services, nom)(collectivite=boe, lu="autre", **champs)


def test_la_couleur_se_voit_avant_d_etre_confirmee(admin, boe):
    chemin = adresse(boe, "couleur")
    page = lire(admin.post(chemin, {"couleur": "#7A3A5C", "lu": lu(admin, chemin)}))
    [feuille] = re.findall(r'href="(/gestion/reglages/couleur/[^"]+)"', page)
    css = admin.get(feuille)
    assert (css["Content-Type"], css.status_code) == ("text/css; charset=utf-8", 200)
    assert ".apercu-couleur { --couleur-commune: #7a3a5c;" in css.content.decode()
    assert ":root" not in css.content.decode()
    boe.refresh_from_db()
    assert boe.couleur == "#1f5c99"
    assert admin.post(chemin, {"couleur": "#7A3A5C", "lu": lu(admin, chemin), "confirmer": ""}).status_code == 303
    boe.refresh_from_db()
    assert boe.couleur == "#7a3a5c"
    for fausse in ("#ffff00", "red;}", "#12345"):
        assert "Erreur" in lire(admin.post(chemin, {"couleur": fausse, "confirmer": ""}))
    assert "trop claire" in lire(admin.post(chemin, {"couleur": "#ffff00"}))
    for forgee in ("ffff00", "zzzzzz", "12345", "7a3a5c-"):
        assert admin.get(f"/gestion/reglages/couleur/{forgee}.css").status_code == 404


AUDIT = {
    "accessibilite_auditee_le": "2026-11-01", "accessibilite_auditeur": "Cabinet", "accessibilite_taux": "72",
    "accessibilite_defauts": "Les cartes", "accessibilite_schema": "",
}  # fmt: skip


@time_machine.travel("2026-11-23 10:00", tick=False)
def test_les_trois_mots_se_deduisent_d_un_audit_entier(admin, boe):
    chemin = adresse(boe, "accessibilite")
    assert "« Accessibilité : partiellement conforme »" in lire(admin.post(chemin, AUDIT))
    for faux, phrase in (
        ({"accessibilite_auditeur": ""}, "ou pas du tout"),
        ({"accessibilite_taux": ""}, "ou pas du tout"),
        ({"accessibilite_taux": "101"}, "100"),
        ({"accessibilite_auditee_le": "2026-11-24"}, "pas encore passée"),
        ({"accessibilite_defauts": ""}, "dites ce qui n'est pas accessible"),
    ):
        assert phrase in lire(admin.post(chemin, {**AUDIT, **faux, "confirmer": ""}))
    assert admin.post(chemin, {**AUDIT, "confirmer": ""}).status_code == 303
    boe.refresh_from_db()
    assert boe.conformite == Conformite.PARTIELLE
    fait = Journal.objects.get(action="collectivite.modifiee")
    assert fait.apres == {
        "accessibilite_auditee_le": "2026-11-01", "accessibilite_auditeur": "rempli", "accessibilite_taux": 72,
        "accessibilite_defauts": "rempli",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fait", "fin"), [(date(2024, 2, 29), date(2027, 3, 1)), (date(2024, 5, 10), date(2027, 5, 10))]
)
def test_l_audit_previent_soixante_jours_avant_de_perir(admin, boe, fait, fin):
    Collectivite.objects.update(accessibilite_auditee_le=fait, accessibilite_auditeur="Cabinet", accessibilite_taux=100)
    for jours, annonce, mot in (
        (61, False, "totalement"),
        (60, True, "totalement"),
        (1, True, "totalement"),
        (0, False, "non"),
    ):
        with time_machine.travel(f"{fin - timedelta(days=jours)} 12:00", tick=False):
            boe.refresh_from_db()
            assert (boe.audit_perime_bientot, boe.conformite.label) == (annonce, f"{mot} conforme")
            assert boe.audit_perime_le == (fin if jours else None)
    with time_machine.travel(f"{fin - timedelta(days=30)} 12:00"):
        admin.post("/connexion/", {"login": "x", "password": "x"})
        assert "ne vaudra plus le" in lire(connecte_de_nouveau(admin, boe).get("/gestion/"))


def connecte_de_nouveau(client, boe):
    """Le temps a passé : sa session aussi."""
    personne = agent_de(boe, Role.ADMINISTRATION)
    client.post("/connexion/", {"login": personne.email, "password": factories.MOT_DE_PASSE})
    return client


# Les services.


def test_un_service_s_ajoute_se_renomme_change_de_mode_se_ferme_et_se_rouvre(admin, boe):
    envoi = {"libelle": "Crèche", "code": "CRECHE", "mode": "titre", "collectivite": "1", "fermee_le": "2020-01-01"}
    reponse = admin.post("/gestion/portail/regie/ajouter/", envoi)
    creche = Regie.objects.get(code="CRECHE")
    assert (reponse["Location"], creche.collectivite, creche.mode, creche.fermee_le) == (
        adresse(creche),
        boe,
        "titre",
        None,
    )
    assert "existe déjà" in lire(admin.post("/gestion/portail/regie/ajouter/", envoi))
    assert "Des majuscules" in lire(admin.post("/gestion/portail/regie/ajouter/", envoi | {"code": "créche"}))
    assert admin.post(adresse(creche, "renommer"), {"libelle": "Multi-accueil"}).status_code == 303
    assert admin.post(adresse(creche, "mode"), {"mode": "role"}).status_code == 303
    assert admin.post(adresse(creche, "mode"), {"mode": "inconnu"}).status_code == 200
    for acte, ferme in (("fermer", True), ("rouvrir", False)):
        assert admin.post(adresse(creche, acte)).status_code == 303
        assert admin.post(adresse(creche, acte)).status_code == 409
        creche.refresh_from_db()
        assert (creche.fermee_le is not None, creche.libelle, creche.mode) == (ferme, "Multi-accueil", "role")
    actions = list(Journal.objects.filter(objet="portail.regie").order_by("pk").values_list("action", flat=True))
    assert actions == ["regie.creee", "regie.modifiee", "regie.modifiee", "regie.fermee", "regie.rouverte"]


def test_un_service_n_est_efface_que_s_il_n_a_jamais_servi(admin, boe, facture):
    vide = factories.regie(boe)
    assert admin.post(adresse(vide, "supprimer")).status_code == 409  # fermé d'abord
    for regie in (vide, facture.regie):
        admin.post(adresse(regie, "fermer"))
    reponse = admin.post(adresse(vide, "supprimer"))
    assert (reponse.status_code, reponse["Location"]) == (303, "/gestion/portail/regie/")
    assert "il ne s'efface plus" in lire(admin.post(adresse(facture.regie, "supprimer")))
    assert list(Regie.objects.all()) == [facture.regie]
    assert not Journal.objects.filter(action="regie.supprimee", identifiant=facture.regie.pk).exists()


# L'exploitant.

NOUVELLE = {
    "nom": "Commune neuve", "telephone": "05 00 00 00 00", "horaires": "le matin", "lien": "M470310009",
    "adresse": "https://neuve.exemple.fr", "hotes": "neuve.exemple.fr\r\nFactures.neuve.fr",
}  # fmt: skip
CREER = "/gestion/portail/collectivite/creer/"


def test_l_exploitant_cree_une_commune_avec_ses_hotes(exploitant, boe):
    reponse = exploitant.post(CREER, NOUVELLE)
    neuve = Collectivite.objects.get(lien="M470310009")
    assert reponse["Location"] == adresse(neuve)
    assert sorted(neuve.hotes.values_list("nom", flat=True)) == ["factures.neuve.fr", "neuve.exemple.fr"]
    assert (neuve.est_ouverte, neuve.par_defaut) == (False, False)
    fait = Journal.objects.get(action="collectivite.creee")
    assert (fait.collectivite, fait.apres["hotes"]) == (neuve.pk, "factures.neuve.fr\nneuve.exemple.fr")
    # De chez Boé, ce qu'il change de l'autre le ramène à sa fiche, et non aux réglages de Boé.
    reponse = exploitant.post(adresse(neuve, "identite"), IDENTITE)
    assert (reponse.status_code, reponse["Location"]) == (303, adresse(neuve))
    boe.refresh_from_db()
    assert boe.adresse_postale == ""


@pytest.mark.parametrize(
    ("champ", "valeur", "phrase"),
    [
        ("lien", "M470310001", "existe déjà"),
        ("lien", "m47", "neuf chiffres"),
        ("adresse", "https://autre.exemple.fr", "ne mène pas ici"),
        ("adresse", "neuve.exemple.fr/", "sans rien après"),
        ("hotes", "neuve.exemple.fr 127.0.0.1", "Déjà pris : 127.0.0.1"),
        ("hotes", "neuve.exemple.fr {boe}", "Déjà pris"),
        ("hotes", "neuve.exemple.fr:8000", "pas un nom d'hôte"),
        ("hotes", "neuve.exemple.fr <script>", "pas un nom d'hôte"),
        ("telephone", "", "obligatoire"),
    ],
)
def test_une_commune_ne_prend_ni_le_code_ni_l_hote_d_une_autre(exploitant, boe, champ, valeur, phrase):
    envoi = NOUVELLE | {champ: valeur.replace("{boe}", boe.hotes.get().nom)}
    assert phrase in lire(exploitant.post(CREER, envoi))
    assert (Collectivite.objects.count(), Hote.objects.count()) == (1, 1)


def test_changer_d_adresse_garde_une_seule_commune_par_defaut(exploitant, boe, ailleurs):
    chemin = adresse(ailleurs, "adresse")
    envoi = {
        "lien": ailleurs.lien, "adresse": "http://localhost", "hotes": "neuf.exemple.fr", "par_defaut": "on",
        "lu": lu(exploitant, chemin),
    }  # fmt: skip
    assert exploitant.post(chemin, envoi).status_code == 303
    boe.refresh_from_db()
    ailleurs.refresh_from_db()
    assert (boe.par_defaut, Adresse.de(ailleurs)) == (
        False, Adresse(ailleurs.lien, "http://localhost", ("neuf.exemple.fr",), par_defaut=True),
    )  # fmt: skip
    faits = Journal.objects.filter(action="collectivite.adresse").order_by("pk")
    assert [(fait.collectivite, fait.apres["par_defaut"]) for fait in faits] == [(boe.pk, False), (ailleurs.pk, True)]
    assert "Quelqu'un vient d'enregistrer" in lire(exploitant.post(chemin, envoi | {"hotes": "encore.exemple.fr"}))


def test_les_reglages_d_une_commune_ne_disent_rien_d_une_autre(monde):
    for chemin in ("reglages/", "reglages/mise-en-service/", "reglages/courriels/", "reglages/courriels/paiement/"):
        assert MARQUE not in lire(monde.chez["administratrice"].get(f"/gestion/{chemin}"))


def test_la_premiere_commune_se_cree_sans_que_personne_soit_connecte(db):
    options = ["--nom=Neuve", "--telephone=05", "--horaires=le matin", "--lien=M470310009", "--par-defaut"]
    with pytest.raises(CommandError, match="ne mène pas ici"):
        call_command("creer_commune", *options, "--adresse=https://neuve.fr")
    call_command("creer_commune", *options, "--adresse=https://neuve.fr", "--hote=Neuve.fr")
    neuve = Collectivite.objects.get()
    assert (neuve.est_ouverte, Adresse.de(neuve).hotes, neuve.par_defaut) == (False, ("neuve.fr",), True)
