"""Ce que dit docs/securite.md, et ce que répond le site à qui lui envoie n'importe quoi."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

RACINE = Path(__file__).resolve().parents[2]
NUL = "\x00"


def test_la_page_de_securite_dit_les_limites_reglees():
    page = (RACINE / "docs/securite.md").read_text("utf-8")
    lignes = re.findall(r"^\| `([\w-]+)` \| [^|]+ \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    assert {nom: (int(nombre), int(secondes)) for nom, nombre, secondes in lignes} == settings.LIMITES


@pytest.fixture
def navigateurs(ada, boe, connecter) -> list[Client]:
    """Un anonyme et une personne connectée, qui reçoivent les pages de panne au lieu de les voir lever."""
    clients = [Client(HTTP_HOST="localhost"), connecter(ada, chez=boe)]
    for client in clients:
        client.raise_request_exception = False
    return clients


CHEMINS = [
    "/%00", "/factures/%00/", "/paiement/retour/a%00b/", "/charte/M470310001-%00.css", "/charte/M47031000%00/logo",
    "/static/%00", "/static/css/../../manage.py", "/static/..%2f..%2fmanage.py", "/static/", "/static/css/",
    "/media/factures/x.pdf", "/.git/config", "/.env", "/__debug__/", "/admin/", "/admin/doc/", "/%ff",
]  # fmt: skip


@pytest.mark.parametrize("chemin", CHEMINS)
def test_une_adresse_hostile_est_introuvable_avec_ses_entetes(navigateurs, settings, chemin):
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True
    reponses = [client.get(chemin) for client in navigateurs]
    assert [reponse.status_code for reponse in reponses] == [404, 404]
    assert all("default-src 'none'" in reponse["Content-Security-Policy"] for reponse in reponses)


@pytest.mark.parametrize("nom", ["page", "annee", "service", "etat", "LIEN", "next", "idop", "login", "password"])
@pytest.mark.parametrize("chemin", ["/", "/factures/", "/connexion/", "/paiement/notification/", "/deconnexion/"])
def test_un_octet_nul_dans_un_parametre_n_est_jamais_une_panne(navigateurs, chemin, nom):
    envoi = {"login": "a@exemple.fr", "password": "x", nom: f"a{NUL}b"}
    recus = [
        reponse.status_code
        for client in navigateurs
        for reponse in (client.get(chemin, {nom: NUL}), client.post(f"{chemin}?{nom}=%00", envoi))
    ]
    assert set(recus) <= {200, 302, 400, 404, 405}


@pytest.mark.parametrize("champs", [{"etat": NUL}, {"formulaire": NUL}, {NUL: NUL}])
def test_ni_dans_l_envoi_d_un_formulaire(navigateurs, facture, champs):
    _, connectee = navigateurs
    assert connectee.post(f"/factures/{facture.uuid}/reglee/", champs).status_code == 400


@pytest.mark.parametrize("entete", ["HTTP_HOST", "HTTP_REFERER", "HTTP_ORIGIN", "HTTP_X_FORWARDED_FOR", "HTTP_RANGE"])
def test_ni_dans_un_en_tete(navigateurs, entete):
    for client in navigateurs:
        recus = {client.get("/factures/", **{entete: f"a{NUL}b"}), client.post("/connexion/", **{entete: f"a{NUL}b"})}
        assert {reponse.status_code for reponse in recus} <= {200, 302, 400, 403, 405}


@pytest.mark.parametrize("methode", ["head", "options", "trace"])
def test_head_options_et_trace_ne_changent_rien_et_ne_repetent_rien(navigateurs, facture, methode):
    _, connectee = navigateurs
    for chemin in ("/", "/factures/", facture.get_absolute_url(), "/deconnexion/", f"/factures/{facture.uuid}/reglee/"):
        reponse = getattr(connectee, methode)(chemin, headers={"x-secret": "repete-moi"})
        assert reponse.status_code in {200, 405}
        assert b"repete-moi" not in reponse.content
    assert connectee.get("/").status_code == 200
