"""Chaque erreur qu'on peut rencontrer : une page française, le bon statut, tous les en-têtes, rien de perdu."""

import html
import re
from io import BytesIO
from unittest import mock

import pytest
from django.conf import settings
from django.db import OperationalError
from django.http.multipartparser import MultiPartParser
from django.template.loader import render_to_string
from django.test import Client

from factures.models import Declaration
from portail.traces import Ligne
from portail.views import acces_refuse

UN_MEGA = 1024 * 1024


@pytest.fixture
def client_500(boe) -> Client:
    """Un navigateur qui reçoit la page 500 au lieu de voir l'exception."""
    return Client(HTTP_HOST="localhost", raise_request_exception=False)


def lire(reponse) -> tuple[int, str, str]:
    """Le statut, le titre de l'onglet et celui de la page."""
    contenu = " ".join(html.unescape(reponse.content.decode()).split())
    [onglet], [titre] = re.findall(r"<title> ?(.*?) ?</title>", contenu), re.findall(r"<h1> ?(.*?) ?</h1>", contenu)
    return reponse.status_code, onglet, titre


def a_ses_entetes(reponse) -> bool:
    return (
        "default-src 'none'" in reponse["Content-Security-Policy"].split("; ")
        and reponse["X-Content-Type-Options"] == "nosniff"
        and reponse["Cache-Control"] == "no-store"
        and "camera=()" in reponse["Permissions-Policy"]
    )


def test_debug_est_eteint():
    assert (settings.DEBUG, settings.TEMPLATES[0]["OPTIONS"].get("debug", False)) == (False, False)


@pytest.mark.sqlite
@pytest.mark.parametrize("chemin", ["/nulle-part/", "/factures/pas-un-uuid/", "/gestion/nulle-part/", "/.env", "/é"])
def test_une_adresse_inconnue_est_introuvable_meme_pour_un_anonyme(client_500, chemin):
    reponse = client_500.get(chemin)
    assert lire(reponse) == (404, "Cette page n'existe pas – Ville de Boé", "Cette page n'existe pas")
    assert a_ses_entetes(reponse)


def test_la_page_introuvable_d_une_personne_connectee_garde_sa_navigation(ada, boe, connecter):
    reponse = connecter(ada, chez=boe).get("/nulle-part/")
    assert "Ada LOVELACE" in reponse.content.decode()
    assert "Traceback" not in reponse.content.decode()


@pytest.mark.sqlite
def test_un_hote_inconnu_est_une_demande_incomprise(boe):
    reponse = Client(HTTP_HOST="evil.example").get("/")
    titre = "Nous n'avons pas compris cette demande"
    assert lire(reponse) == (400, f"{titre} – Portail Factures", titre)
    assert a_ses_entetes(reponse)


@pytest.mark.sqlite
def test_un_formulaire_sans_jeton_dit_que_rien_n_a_ete_enregistre(facture, ada, boe, connecter):
    session = connecter(ada, chez=boe).cookies["sessionid"].value
    client = Client(HTTP_HOST=boe.hotes.get().nom, enforce_csrf_checks=True)
    client.cookies["sessionid"] = session

    for chemin in ("reglee/", "payer/"):
        reponse = client.post(f"/factures/{facture.uuid}/{chemin}", {"etat": "reglee"})
        titre = "Cette page est restée ouverte trop longtemps"
        assert lire(reponse) == (403, f"{titre} – Ville de Boé", titre)
        assert a_ses_entetes(reponse)
        assert "rien n'a changé et rien n'a été payé" in html.unescape(reponse.content.decode())
    assert not Declaration.objects.exists()


@pytest.mark.parametrize("jeton", ["", "a" * 32, "é", "x" * 64])
def test_un_faux_jeton_est_refuse(boe, jeton):
    client = Client(HTTP_HOST="localhost", enforce_csrf_checks=True)
    client.cookies["csrftoken"] = "b" * 32
    assert client.post("/connexion/", {"csrfmiddlewaretoken": jeton}).status_code == 403


def test_un_envoi_venu_d_un_autre_site_est_refuse_malgre_son_jeton(boe):
    client = Client(HTTP_HOST="localhost", enforce_csrf_checks=True)
    jeton = re.search(r'csrfmiddlewaretoken" value="(\w+)"', client.get("/connexion/").content.decode())[1]
    envoi = {"csrfmiddlewaretoken": jeton, "login": "a@b.fr", "password": "x"}
    assert client.post("/connexion/", envoi, HTTP_ORIGIN="https://evil.example").status_code == 403
    assert client.post("/connexion/", envoi, HTTP_ORIGIN="http://localhost").status_code == 200


def test_une_permission_manquante_a_sa_page(boe, rf):
    requete = rf.get("/", HTTP_HOST="localhost")
    requete.collectivite = boe
    titre = "Vous n'avez pas accès à cette page"
    assert lire(acces_refuse(requete, PermissionError())) == (403, f"{titre} – Ville de Boé", titre)


@pytest.mark.parametrize("methode", ["get", "put", "delete", "patch"])
def test_une_methode_refusee_ne_fait_rien(facture, ada, boe, connecter, methode):
    client = connecter(ada, chez=boe)
    reponse = getattr(client, methode)(f"/factures/{facture.uuid}/reglee/")
    titre = "Cette adresse ne s'ouvre pas ainsi"
    assert (*lire(reponse), reponse["Allow"]) == (405, f"{titre} – Ville de Boé", titre, "POST")
    assert "Ada LOVELACE" in reponse.content.decode()
    assert a_ses_entetes(reponse)


@pytest.mark.parametrize("methode", ["trace", "options"])
def test_trace_et_options_sont_sans_effet(facture, ada, boe, connecter, methode):
    client = connecter(ada, chez=boe)
    reponse = getattr(client, methode)(f"/factures/{facture.uuid}/payer/")
    assert reponse.status_code == 405
    assert b"sessionid" not in reponse.content


@pytest.mark.parametrize(
    "envoi",
    [
        {"etat": "x" * 10 * UN_MEGA},
        {"etat": "x" * (UN_MEGA + 1)},
        {f"champ{n}": "x" for n in range(1001)},
    ],
    ids=["10 Mo", "1 Mo et un octet", "1001 champs"],
)
def test_un_envoi_demesure_est_refuse_sans_rien_enregistrer(facture, ada, boe, connecter, envoi):
    corps = "&".join(f"{nom}={valeur}" for nom, valeur in envoi.items())
    client = connecter(ada, chez=boe)
    reponse = client.post(f"/factures/{facture.uuid}/reglee/", corps, content_type="application/x-www-form-urlencoded")
    titre = "Nous n'avons pas compris cette demande"
    assert lire(reponse) == (400, f"{titre} – Ville de Boé", titre)
    assert "Elle est incomplète ou trop longue. Rien n'a été enregistré." in html.unescape(reponse.content.decode())
    assert a_ses_entetes(reponse)
    assert not Declaration.objects.exists()
    assert client.get(facture.get_absolute_url()).status_code == 200  # la session tient toujours


def test_dix_mega_octets_a_la_connexion_sont_refuses_par_la_meme_page(boe):
    client = Client(HTTP_HOST="localhost", enforce_csrf_checks=True)
    client.get("/connexion/")
    reponse = client.post("/connexion/", {"login": "x" * 10 * UN_MEGA})
    assert lire(reponse)[::2] == (400, "Nous n'avons pas compris cette demande")


@pytest.mark.parametrize(("octets", "lu"), [(UN_MEGA // 2, True), (2 * UN_MEGA, False)])
def test_un_fichier_demesure_est_refuse_avant_d_etre_lu_sauf_d_un_agent(boe, ada, agente, connecter, octets, lu):
    clients = (Client(HTTP_HOST="localhost"), connecter(ada, chez=boe), connecter(agente, chez=boe))
    with mock.patch("django.http.request.MultiPartParser", wraps=MultiPartParser) as lecteur:
        recus = [c.post("/deconnexion/", {"fichier": BytesIO(b"x" * octets)}).status_code for c in clients]
    assert (recus, lecteur.call_count) == (([302] * 3, 3) if lu else ([400, 400, 302], 1))


def test_cent_un_fichiers_sont_refuses(boe):
    client = Client(HTTP_HOST="localhost")
    reponse = client.post("/connexion/", {f"f{n}": BytesIO(b"x") for n in range(101)})
    assert lire(reponse)[::2] == (400, "Nous n'avons pas compris cette demande")


@pytest.mark.sqlite
def test_une_panne_dit_de_ne_pas_payer_deux_fois(client_500, ada, monkeypatch, caplog):
    monkeypatch.setattr("portail.views.static", None)
    reponse = client_500.get("/favicon.ico")
    titre = "Une erreur est survenue"
    assert lire(reponse) == (500, f"{titre} – Portail Factures", titre)
    assert "Ne payez pas deux fois." in reponse.content.decode()
    assert a_ses_entetes(reponse)
    assert "Traceback" not in reponse.content.decode()
    assert [(r.name, r.levelname) for r in caplog.records] == [("django.request", "ERROR")]


def test_la_page_de_panne_se_passe_de_la_base(client_500, ada, monkeypatch):
    client_500.cookies["sessionid"] = "x" * 32

    def coupee(*_, **__):
        raise OperationalError("la base ne répond pas")

    with monkeypatch.context() as panne:
        panne.setattr("django.db.backends.utils.CursorWrapper.execute", coupee)
        reponse = client_500.get("/factures/")
    assert lire(reponse)[::2] == (503, "Une erreur est survenue")
    assert a_ses_entetes(reponse)


def test_la_page_de_panne_et_la_trace_portent_la_meme_reference(client_500, monkeypatch, caplog):
    caplog.handler.setFormatter(Ligne("{reference} {message}", style="{"))
    monkeypatch.setattr("portail.views.static", None)
    reponses = [client_500.get("/favicon.ico").content.decode() for _ in range(2)]
    references = [re.search(r"<strong>([0-9a-f]{8})</strong>", contenu)[1] for contenu in reponses]
    traces = [ligne for ligne in caplog.text.splitlines() if "Internal Server Error: /favicon.ico" in ligne]
    assert [trace[:8] for trace in traces] == references
    assert references[0] != references[1]


@pytest.mark.parametrize("gabarit", ["400", "403", "403_csrf", "404", "405", "413", "429", "500"])
def test_chaque_page_d_erreur_ramene_a_une_page_qui_existe(rf, boe, gabarit):
    liens = re.findall(r'<a class="bouton[^"]*"\s+href="([^"]*)"', render_to_string(f"{gabarit}.html"))
    assert liens == ["/"]
