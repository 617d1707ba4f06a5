"""Les en-têtes de chaque réponse, mot pour mot ; rien de privé dans un cache, rien qui vienne d'un autre site."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.test import Client

RACINE = Path(__file__).resolve().parents[2]
# django-csp n'ordonne pas ses directives : elles sont comparées triées.
POLITIQUE = [
    "base-uri 'none'",
    "connect-src 'self'",
    "default-src 'none'",
    "font-src 'self'",
    "form-action 'self' https://www.payfip.gouv.fr",
    "frame-ancestors 'none'",
    "img-src 'self' data:",
    "object-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
]
# Des liens que la loi demande, que la personne suit ou non ; aucune page ne charge rien de là.
LIENS_VERS_L_ETAT = {
    ("templates/portail/_donnees_droits.html", "www.cnil.fr"),
    ("templates/portail/_recours.html", "formulaire.defenseurdesdroits.fr"),
    ("templates/portail/_recours.html", "www.defenseurdesdroits.fr"),
}
ENTETES = {
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.fixture
def anonyme(boe, settings) -> Client:
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True
    return Client(HTTP_HOST="localhost", raise_request_exception=False)


@pytest.fixture
def production(boe, settings) -> Client:
    """Un navigateur face aux réglages de la production."""
    settings.DEMO = False
    settings.SECURE_SSL_REDIRECT = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    for nom in ("SESSION", "CSRF", "MESSAGES", "COLLECTIVITE"):
        setattr(settings, f"{nom}_COOKIE_NAME", f"__Host-{getattr(settings, f'{nom}_COOKIE_NAME')}")
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 31536000, True
    return Client(HTTP_HOST="localhost")


def politique(reponse) -> list[str]:
    return sorted(reponse["Content-Security-Policy"].split("; "))


def entetes(reponse) -> dict[str, str]:
    return {nom: reponse.get(nom) for nom in ENTETES}


REPONSES = {
    "200": ("/connexion/", {}, 200),
    "302": ("/", {}, 302),
    "302 du favicon": ("/favicon.ico", {}, 302),
    "400": ("/", {"HTTP_HOST": "evil.example"}, 400),
    "400 illisible": ("/", {"HTTP_HOST": "a b"}, 400),
    "404": ("/nulle-part/", {}, 404),
    "404 du lien": ("/?LIEN=x", {}, 404),
    "405": ("/deconnexion/", {}, 405),
    "statique": ("/static/css/base.css", {}, 200),
}


@pytest.mark.sqlite
@pytest.mark.parametrize(("chemin", "options", "statut"), REPONSES.values(), ids=REPONSES)
def test_chaque_reponse_porte_la_politique_et_les_entetes(anonyme, chemin, options, statut):
    reponse = anonyme.get(chemin, **options)
    reponse.getvalue()
    assert (reponse.status_code, politique(reponse), entetes(reponse)) == (statut, POLITIQUE, ENTETES)


def test_la_page_de_panne_les_porte_aussi(anonyme, monkeypatch):
    monkeypatch.setattr("portail.views.static", None)
    reponse = anonyme.get("/favicon.ico")
    assert (reponse.status_code, politique(reponse), entetes(reponse)) == (500, POLITIQUE, ENTETES)


def test_une_page_de_la_personne_et_son_document_aussi(facture, ada, boe, connecter):
    client = connecter(ada, chez=boe)
    page = client.get(facture.get_absolute_url())
    document = client.get(f"{facture.get_absolute_url()}pdf/")
    assert (politique(page), entetes(page)) == (POLITIQUE, ENTETES)
    assert (politique(document), entetes(document)) == (sorted([*POLITIQUE, "sandbox"]), ENTETES)


@pytest.mark.parametrize("chemin", ["/connexion/", "/nulle-part/", "/"])
def test_aucune_page_ne_se_met_dans_un_cadre(anonyme, chemin):
    assert anonyme.get(chemin)["X-Frame-Options"] == "DENY"


def test_form_action_suit_la_page_de_payfip(boe, simulateur):
    politique_du_jour = politique(Client(HTTP_HOST="localhost").get("/connexion/"))
    assert f"form-action 'self' {simulateur.url}" in politique_du_jour


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "suite", ["", "factures/", "factures/{}/", "factures/{}/pdf/", "factures/{}/payer/", "nulle-part/"]
)
def test_rien_de_prive_ne_reste_dans_un_cache(facture, ada, boe, connecter, suite):
    reponse = connecter(ada, chez=boe).get("/" + suite.format(facture.uuid))
    assert (reponse["Cache-Control"], "Cookie" in reponse["Vary"]) == ("no-store", True)


def test_la_page_de_connexion_n_est_pas_gardee_non_plus(anonyme):
    assert "no-store" in anonyme.get("/connexion/")["Cache-Control"].split(", ")


@pytest.mark.parametrize(
    ("chemin", "cookies"),
    [
        ("/", []),
        ("/connexion/", ["csrftoken"]),
        ("/favicon.ico", []),
        ("/nulle-part/", []),
        ("/factures/", []),
        ("/?LIEN=x", []),
    ],
)
def test_un_anonyme_ne_recoit_au_plus_que_le_jeton_des_formulaires(anonyme, chemin, cookies):
    reponse = anonyme.get(chemin)
    assert sorted(reponse.cookies) == cookies
    assert all(cookie["httponly"] for cookie in reponse.cookies.values())


@pytest.mark.sqlite
def test_en_production_tout_passe_en_https(production):
    reponse = production.get("/connexion/?a=1")
    assert (reponse.status_code, reponse["Location"]) == (301, "https://localhost/connexion/?a=1")
    assert (politique(reponse), entetes(reponse)) == (POLITIQUE, ENTETES)
    assert "Strict-Transport-Security" not in reponse
    securisee = production.get("/connexion/", secure=True)
    assert securisee["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_en_production_un_hote_illisible_en_clair_est_refuse_avec_ses_entetes(production):
    reponse = production.get("/connexion/", HTTP_HOST="a b")
    assert (reponse.status_code, politique(reponse)) == (400, POLITIQUE)


def test_la_notification_de_payfip_n_est_pas_redirigee(production):
    reponse = production.post("/paiement/notification/", {"idop": "11111111-1111-4111-8111-111111111111"})
    assert (reponse.status_code, reponse.content) == (200, b"")


def test_en_production_les_cookies_sont_lies_a_l_hote_et_au_tls(production, ada, ailleurs):
    production.get("/?LIEN=X990030101", secure=True)
    production.get("/connexion/", secure=True)
    production.post("/connexion/", {"login": ada.email, "password": "une phrase de passe"}, secure=True)
    session = production.cookies["__Host-sessionid"]
    poses = {**production.post("/deconnexion/", secure=True).cookies, **production.cookies, "__Host-sessionid": session}
    attributs = {
        nom: (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"])
        for nom, cookie in poses.items()
        if cookie.value
    }
    noms = ("__Host-sessionid", "__Host-csrftoken", "__Host-messages", "__Host-collectivite")
    assert attributs == dict.fromkeys(noms, (True, True, "Lax", "/", ""))


def test_aucune_de_nos_ressources_ne_vient_d_un_autre_site():
    fichiers = [f for dossier in ("templates", "static") for f in (RACINE / dossier).rglob("*") if f.is_file()]
    adresses = {
        (str(fichier.relative_to(RACINE)), adresse)
        for fichier in fichiers
        for adresse in re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}[^\"'\s)]*", fichier.read_text("utf-8"))
        if adresse != "http://www.w3.org/2000/svg"
    }
    assert {(fichier, urlsplit(adresse).hostname) for fichier, adresse in adresses} == LIENS_VERS_L_ETAT
