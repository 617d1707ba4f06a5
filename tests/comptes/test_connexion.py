"""La page de connexion : ses mots, ce qu'elle ne dit jamais, et où elle mène."""

import html
import re

import factories
import pytest
from django.contrib.auth import hashers
from django.test import Client
from django.urls import NoReverseMatch, reverse

from comptes.models import Session

REFUS = "Il y a un problème L'adresse mail ou le mot de passe n'est pas le bon. Adresse mail"
MOT_DE_PASSE = factories.MOT_DE_PASSE


@pytest.fixture
def page(boe) -> Client:
    return Client(HTTP_HOST="localhost")


def essayer(client, courriel, mot_de_passe=MOT_DE_PASSE, **champs):
    return client.post("/connexion/", {"login": courriel, "password": mot_de_passe, **champs})


def texte(reponse) -> str:
    """Le texte de la page, sans balises ni espaces en trop."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", reponse.content.decode())).split())


def neutre(reponse) -> str:
    """La page sans son jeton CSRF ni l'adresse qu'on vient d'y taper."""
    sans_jeton = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", reponse.content.decode())
    return re.sub(r'value="[^"]*@[^"]*"', "", sans_jeton)


def attribut(balise: str, nom: str) -> str:
    trouve = re.search(rf'\b{nom}="([^"]*)"', balise)
    assert trouve is not None, balise
    return trouve[1]


def connecte(client) -> bool:
    return client.get("/").status_code == 200


def test_la_page_porte_les_mots_du_guide_et_les_indications_du_navigateur(page):
    contenu = page.get("/connexion/").content.decode()

    champs = re.findall(r"<input [^>]*>", contenu)
    etiquettes = dict(re.findall(r'<label for="(\w+)"[^>]*>([^<]*)</label>', contenu))
    par_nom = {attribut(champ, "name"): champ for champ in champs}
    assert etiquettes == {
        "id_login": "Adresse mail",
        "id_password": "Mot de passe",
        "id_remember": "Se souvenir de moi",
    }
    assert [b.strip() for b in re.findall(r"<button[^>]*>([^<]*)</button>", contenu)] == ["Connexion"]
    assert (attribut(par_nom["login"], "type"), attribut(par_nom["password"], "type")) == ("email", "password")
    assert attribut(par_nom["login"], "autocomplete") == "username"
    assert attribut(par_nom["login"], "inputmode") == "email"
    assert attribut(par_nom["password"], "autocomplete") == "current-password"
    assert list(par_nom) == ["csrfmiddlewaretoken", "login", "password", "remember"]


def test_la_page_ne_mene_qu_a_des_adresses_qui_existent(page):
    [contenu] = re.findall(r"<main.*</main>", page.get("/connexion/").content.decode(), re.DOTALL)
    liens = set(re.findall(r'(?:href|action)="(/[^"]*)"', contenu))
    assert liens == {"/activation/", "/mot-de-passe/oublie/", "/donnees-personnelles/"}


@pytest.mark.sqlite
def test_le_bon_mot_de_passe_mene_a_l_accueil(page, ada):
    reponse = essayer(page, ada.email)
    assert (reponse.status_code, reponse["Location"]) == (302, "/")
    assert connecte(page)


@pytest.mark.parametrize(
    "ecriture", ["ADA@exemple.fr", "  ada@exemple.fr ", "Ada@Exemple.FR", "ａｄａ@exemple.fr", "ada@exemple.fr."]
)
def test_l_adresse_se_tape_comme_on_veut(page, ada, ecriture):
    assert essayer(page, ecriture).status_code == 302


@pytest.fixture
def refuses(ada, boe):
    """Quatre comptes qui ne doivent pas se distinguer."""
    inactif = factories.usager(email="inactif@exemple.fr", is_active=False)
    sans_mot_de_passe = factories.usager(email="sans@exemple.fr", password=None)
    return {
        "mauvais": (ada.email, "autre chose"),
        "inconnu": ("inconnu@exemple.fr", MOT_DE_PASSE),
        "inactif": (inactif.email, MOT_DE_PASSE),
        "inutilisable": (sans_mot_de_passe.email, MOT_DE_PASSE),
    }


@pytest.mark.sqlite
def test_un_compte_inconnu_inactif_ou_sans_mot_de_passe_ne_se_devine_pas(boe, refuses):
    vues = {}
    for nom, (courriel, mot_de_passe) in refuses.items():
        client = Client(HTTP_HOST="localhost")
        reponse = essayer(client, courriel, mot_de_passe)
        vues[nom] = (reponse.status_code, neutre(reponse), sorted(client.cookies))
        assert REFUS in texte(reponse)
        assert not connecte(client)

    assert {statut for statut, _, _ in vues.values()} == {200}
    assert len({page for _, page, _ in vues.values()}) == 1
    assert {tuple(cookies) for _, _, cookies in vues.values()} == {("csrftoken",)}


@pytest.mark.parametrize("cas", ["mauvais", "inconnu", "inactif", "inutilisable"])
def test_chaque_refus_coute_un_seul_hachage(monkeypatch, page, refuses, cas):
    haches = []
    encode = hashers.MD5PasswordHasher.encode

    def compter(hacheur, mot_de_passe, sel):
        haches.append(mot_de_passe)
        return encode(hacheur, mot_de_passe, sel)

    monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", compter)
    essayer(page, *refuses[cas])
    assert len(haches) == 1


@pytest.mark.parametrize(
    ("courriel", "mot_de_passe", "phrases"),
    [
        (
            "",
            "",
            [
                "Adresse mail : Écrivez votre adresse mail, par exemple nom@exemple.fr.",
                "Mot de passe : Écrivez votre mot de passe.",
            ],
        ),
        ("ada", "x", ["Adresse mail : Écrivez une adresse mail complète, par exemple nom@exemple.fr."]),
        ("ada\x00@exemple.fr", "x", ["Adresse mail : Le caractère nul n’est pas autorisé."]),
    ],
)
def test_un_formulaire_mal_rempli_dit_quel_champ_corriger(page, courriel, mot_de_passe, phrases):
    reponse = essayer(page, courriel, mot_de_passe)
    contenu = reponse.content.decode()
    assert reponse.status_code == 200
    assert [p for p in phrases if p in texte(reponse)] == phrases
    assert texte(reponse).startswith("Erreur : Connexion – Ville de Boé ")
    assert 'aria-invalid="true"' in contenu


def test_le_mot_de_passe_refuse_n_est_pas_renvoye_dans_la_page(page, ada):
    contenu = essayer(page, ada.email, "mon vieux secret").content.decode()
    assert "mon vieux secret" not in contenu
    assert 'value="ada@exemple.fr"' in contenu


def test_une_personne_connectee_est_renvoyee_a_l_accueil(ada, boe, connecter):
    client = connecter(ada, chez=boe)
    reponse = client.get("/connexion/")
    assert (reponse.status_code, reponse["Location"]) == (302, "/")


def test_la_page_demandee_est_retrouvee_apres_la_connexion(page, ada):
    reponse = page.get("/factures/?annee=2026")
    assert (reponse.status_code, reponse["Location"]) == (302, "/connexion/?next=/factures/%3Fannee%3D2026")
    contenu = " ".join(page.get(reponse["Location"]).content.decode().split())
    assert 'name="next" value="/factures/?annee=2026"' in contenu

    reponse = essayer(page, ada.email, next="/factures/?annee=2026")
    assert reponse["Location"] == "/factures/?annee=2026"


AILLEURS = [
    "//evil.example",
    "https://evil.example/",
    "https:evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "///evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "//localhost@evil.example/",
    "\thttps://evil.example",
    "/\t/evil.example",
]


@pytest.mark.parametrize("suite", AILLEURS)
def test_la_connexion_ne_mene_jamais_ailleurs(page, ada, suite):
    assert essayer(page, ada.email, next=suite)["Location"] == "/"


@pytest.mark.parametrize("suite", AILLEURS)
def test_ni_la_deconnexion_ni_la_page_deja_connectee(ada, boe, connecter, suite):
    client = connecter(ada, chez=boe)
    assert client.get("/connexion/", {"next": suite})["Location"] == "/"
    assert client.post("/deconnexion/", {"next": suite})["Location"] == "/connexion/"


def test_un_formulaire_sans_jeton_est_refuse_par_une_page_claire(boe, ada):
    client = Client(HTTP_HOST="localhost", enforce_csrf_checks=True)
    reponse = essayer(client, ada.email)
    assert reponse.status_code == 403
    assert "Cette page est restée ouverte trop longtemps" in texte(reponse)
    assert Session.objects.count() == 0


@pytest.mark.parametrize(
    "nom",
    [
        "account_signup", "account_reset_password", "account_reset_password_done", "account_email", "account_inactive",
        "account_change_password", "account_set_password", "account_reauthenticate", "account_request_login_code",
        "account_email_verification_sent",
    ],
)  # fmt: skip
def test_les_autres_pages_d_allauth_n_ont_pas_d_adresse(nom):
    with pytest.raises(NoReverseMatch):
        reverse(nom)


@pytest.mark.parametrize(
    "chemin",
    [
        "accounts/",
        "accounts/login/",
        "accounts/signup/",
        "accounts/password/reset/",
        "accounts/email/",
        "inscription/",
        "admin/",
    ],
)
def test_les_adresses_habituelles_d_allauth_n_existent_pas(page, chemin):
    assert page.get(f"/{chemin}").status_code == 404
