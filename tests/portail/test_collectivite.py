"""À quelle commune va une requête : l'hôte, le LIEN, le cookie signé, et rien d'autre."""

import html
import re
from io import BytesIO

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.core.signing import get_cookie_signer
from django.test import Client
from PIL import Image

from portail.charte import empreinte, feuille
from portail.models import Collectivite

INCONNUS = [
    "M000000000", "x990030101", "X99003010", "X9900301010", "X990030101e13b098cf86ef6b86e96a75e4", " X990030101",
    "X990030101 ", "X990030101\n", "", "X99003010１", "\x00", "X990030101\x00", "' OR 1=1 --", "é" * 5000,
]  # fmt: skip


@pytest.fixture
def partage(boe) -> Client:
    """Un navigateur sur l'hôte partagé, dont Boé est la commune par défaut."""
    return Client(HTTP_HOST="localhost")


@pytest.fixture(autouse=True)
def fichiers_jetables(settings, tmp_path):
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    }


def commune(reponse) -> str:
    """La commune dont parle la page, lue dans son titre."""
    titre = re.search(r"<title>[^<]* – (.*?)\s*</title>", html.unescape(reponse.content.decode()))
    assert titre is not None
    return titre[1]


def h1(reponse) -> str:
    trouve = re.search(r"<h1>\s*(.*?)\s*</h1>", html.unescape(reponse.content.decode()))
    assert trouve is not None
    return trouve[1]


def chez(client, **entetes) -> str:
    return commune(client.get("/connexion/", **entetes))


@pytest.mark.sqlite
def test_un_hote_reserve_a_une_commune_ne_montre_qu_elle(boe, ailleurs):
    hote = ailleurs.hotes.get().nom
    assert chez(Client(HTTP_HOST=hote)) == "Commune d'Ailleurs"
    assert chez(Client(HTTP_HOST=f"{hote.upper()}:8000")) == "Commune d'Ailleurs"


def test_un_hote_reserve_ignore_le_cookie_d_une_autre_commune(partage, boe, ailleurs):
    partage.get("/", {"LIEN": ailleurs.lien})
    assert chez(partage, HTTP_HOST=boe.hotes.get().nom) == "Ville de Boé"


def test_un_hote_partage_montre_la_commune_par_defaut(partage, ailleurs):
    assert (chez(partage), chez(partage, HTTP_HOST="127.0.0.1:8000")) == ("Ville de Boé", "Ville de Boé")


@pytest.mark.sqlite
def test_le_lien_choisit_la_commune_puis_disparait_de_l_adresse(partage, boe, ailleurs):
    reponse = partage.get("/?LIEN=X990030101")
    assert (reponse.status_code, reponse["Location"]) == (302, "/")
    pose = reponse.cookies["collectivite"]
    assert (pose["httponly"], pose["samesite"], pose["max-age"], pose["path"]) == (True, "Lax", "", "/")
    assert chez(partage) == "Commune d'Ailleurs"

    assert partage.get("/?LIEN=M470310001")["Location"] == "/"
    assert chez(partage) == "Ville de Boé"


def test_le_lien_de_la_commune_deja_la_ne_pose_pas_de_cookie(partage, boe):
    reponse = partage.get("/?LIEN=M470310001")
    assert (reponse.status_code, reponse["Location"], dict(reponse.cookies)) == (302, "/", {})


def test_sur_l_hote_d_une_autre_commune_le_lien_mene_a_l_adresse_de_la_sienne(boe, ailleurs):
    reponse = Client(HTTP_HOST=boe.hotes.get().nom).get("/?LIEN=X990030101")
    assert (reponse.status_code, reponse["Location"]) == (302, f"{ailleurs.adresse}/?LIEN=X990030101")
    assert dict(reponse.cookies) == {}


@pytest.mark.parametrize("lien", INCONNUS)
def test_un_lien_qui_n_est_pas_exactement_un_code_est_une_page_claire(partage, ailleurs, lien):
    reponse = partage.get("/", {"LIEN": lien})
    assert (reponse.status_code, h1(reponse)) == (404, "Cette adresse n'est pas la bonne")
    assert "Recopiez l'adresse imprimée sur votre facture" in html.unescape(reponse.content.decode())
    assert "collectivite" not in reponse.cookies


def test_un_lien_inconnu_ne_montre_rien_de_la_personne_connectee(boe, ada, connecter):
    reponse = connecter(ada, chez=boe).get("/?LIEN=M000000000")
    assert reponse.status_code == 404
    assert "LOVELACE" not in reponse.content.decode()


@pytest.mark.parametrize("chemin", ["/connexion/?LIEN=X990030101", "/factures/?LIEN=X990030101", "/?lien=X990030101"])
def test_un_lien_ailleurs_qu_a_l_accueil_ne_choisit_rien(partage, ailleurs, chemin):
    partage.get(chemin)
    assert chez(partage) == "Ville de Boé"


def test_un_envoi_avec_un_lien_choisit_la_commune_sans_rien_executer(partage, ailleurs):
    reponse = partage.post("/?LIEN=X990030101", {"a": "b"})
    assert (reponse.status_code, reponse["Location"]) == (302, "/")


FAUX_COOKIES = ["X990030101", "X990030101:faux:signature", "", ":", "é"]


@pytest.mark.parametrize("valeur", FAUX_COOKIES)
def test_un_cookie_invente_est_ignore(partage, ailleurs, valeur):
    partage.cookies["collectivite"] = valeur
    assert chez(partage) == "Ville de Boé"


def test_un_cookie_altere_ou_signe_pour_un_autre_usage_est_ignore(partage, ailleurs):
    partage.get("/?LIEN=X990030101")
    bon = partage.cookies["collectivite"].value
    for faux in (bon[:-1] + ("a" if bon[-1] != "a" else "b"), get_cookie_signer(salt="autre").sign("X990030101")):
        partage.cookies["collectivite"] = faux
        assert chez(partage) == "Ville de Boé"


def test_le_cookie_d_une_commune_disparue_mene_a_celle_par_defaut(partage, boe, ailleurs):
    partage.get("/?LIEN=X990030101")
    ailleurs.delete()
    assert chez(partage) == "Ville de Boé"


HOTES_REFUSES = [
    "inconnu.example", "evil.localhost", "localhost.evil.example", "localhost@evil.example", "localhost:8000@evil",
    "localhost/evil", "local host", "[::1", "localhost:port", "..", "localhost.evil", "a" * 300,
]  # fmt: skip


@pytest.mark.sqlite
@pytest.mark.parametrize("hote", HOTES_REFUSES)
def test_un_hote_inconnu_ou_illisible_est_refuse_par_une_page_claire(boe, hote):
    reponse = Client(HTTP_HOST=hote).get("/connexion/")
    assert (reponse.status_code, h1(reponse)) == (400, "Nous n'avons pas compris cette demande")
    assert "Ville de Boé" not in reponse.content.decode()


def test_les_entetes_d_un_relais_inconnu_ne_changent_pas_l_hote(partage, ailleurs):
    entetes = {"HTTP_X_FORWARDED_HOST": ailleurs.hotes.get().nom, "HTTP_FORWARDED": "host=evil", "HTTP_X_HOST": "evil"}
    assert chez(partage, **entetes) == "Ville de Boé"


@pytest.mark.sqlite
@pytest.mark.django_db
def test_une_installation_sans_commune_le_dit():
    reponse = Client(HTTP_HOST="localhost").get("/")
    assert (reponse.status_code, h1(reponse)) == (404, "Le portail n'est pas encore ouvert")
    assert commune(reponse) == "Portail Factures"


@pytest.mark.sqlite
def test_la_charte_est_la_couleur_de_la_commune_gardee_un_an(partage, boe):
    reponse = partage.get(f"/charte/{boe.lien}-{empreinte(boe)}.css")
    assert (reponse.status_code, reponse.content) == (200, feuille(boe).encode())
    assert reponse.content.startswith(b":root { --couleur-commune: #1f5c99;")
    assert reponse["Content-Type"] == "text/css; charset=utf-8"
    assert sorted(reponse["Cache-Control"].split(", ")) == ["immutable", "max-age=31536000", "public"]
    assert dict(reponse.cookies) == {}


@pytest.mark.parametrize(
    "fichier", ["M470310001-000000000000.css", "M000000000-{bonne}.css", "M470310001-.css", "M470310001.css"]
)
def test_une_mauvaise_empreinte_ou_une_commune_inconnue_n_a_pas_de_charte(partage, boe, fichier):
    assert partage.get(f"/charte/{fichier.format(bonne=empreinte(boe))}").status_code == 404


def test_la_page_cite_la_charte_du_jour(partage, boe):
    Collectivite.objects.filter(pk=boe.pk).update(couleur="#7a3a5c")
    boe.refresh_from_db()
    adresse = f"/charte/{boe.lien}-{empreinte(boe)}.css"
    assert f'href="{adresse}"' in partage.get("/connexion/").content.decode()
    assert partage.get(adresse).content.startswith(b":root { --couleur-commune: #7a3a5c;")


def test_le_logo_est_servi_a_tous_tel_que_depose(partage, boe):
    image = BytesIO()
    Image.new("RGB", (8, 8), "navy").save(image, "PNG")
    boe.logo.save("logo.png", ContentFile(image.getvalue()))

    reponse = partage.get(f"/charte/{boe.lien}/logo")

    assert (reponse.status_code, reponse["Content-Type"]) == (200, "image/png")
    assert b"".join(reponse.streaming_content) == image.getvalue()
    assert sorted(reponse["Cache-Control"].split(", ")) == ["max-age=3600", "public"]
    assert reponse["X-Content-Type-Options"] == "nosniff"


def test_une_commune_sans_logo_n_en_a_pas_et_sa_page_s_affiche(partage, boe):
    assert partage.get(f"/charte/{boe.lien}/logo").status_code == 404
    assert "<img" not in partage.get("/connexion/").content.decode()


def test_l_icone_fixe_mene_au_fichier(partage):
    reponse = partage.get("/favicon.ico")
    assert (reponse.status_code, reponse["Location"]) == (302, "/static/img/favicon.svg")


@pytest.mark.parametrize(
    "chemin", ["/media/logos/logo.png", "/fichiers/", "/static/../settings.py", "/var/", "/.env", "/.git/HEAD"]
)
def test_aucun_fichier_n_est_servi_par_son_chemin(partage, chemin):
    assert partage.get(chemin).status_code == 404


@time_machine.travel("2026-11-23T23:30:00Z", tick=False)
def test_aujourd_hui_est_le_jour_de_la_commune(boe):
    assert str(boe.aujourd_hui()) == "2026-11-24"
    boe.fuseau = "America/Martinique"
    assert str(boe.aujourd_hui()) == "2026-11-23"
