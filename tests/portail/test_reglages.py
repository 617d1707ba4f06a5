"""Les réglages tels que ``manage.py`` les lit : une valeur étrange arrête tout, la production est sûre."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.hashers import check_password, get_hasher, make_password
from django.db import connection

RACINE = Path(__file__).resolve().parents[2]
CLE = "une clé secrète bien à nous, tirée au sort : 0123456789abcdef-ABCDEF"
PRODUCTION = {
    "SECRET_KEY": CLE,
    "COURRIEL_URL": "smtp://portail:s%3Acret@smtp.exemple.fr",
    "COURRIEL_EXPEDITEUR": "factures@exemple.fr",
}
DEMONSTRATION = {"SECRET_KEY": CLE, "DEMO": "1", "HOTES_PARTAGES": "127.0.0.1,localhost"}

REFUS = [
    ({"SECRET_KEY": ""}, "La variable SECRET_KEY est obligatoire : voir .env.exemple."),
    ({"DEBUG": "oui"}, "La variable DEBUG vaut 0 ou 1, et non « oui »."),
    ({"DEMO": "vrai"}, "La variable DEMO vaut 0 ou 1, et non « vrai »."),
    (
        {"DEMO": "1", "HOTES_PARTAGES": "localhost,example.org"},
        "DEMO=1 ne se lance que sur la machine elle-même : HOTES_PARTAGES nomme un autre hôte.",
    ),
    ({"DATABASE_URL": "mysql://a/b"}, "La variable DATABASE_URL commence par sqlite:// ou postgresql://."),
    ({"DATABASE_URL": "postgresql://h:port/b"}, "La variable DATABASE_URL ne se lit pas : voir .env.exemple."),
    ({"DATABASE_URL": "portail.sqlite3"}, "La variable DATABASE_URL ne se lit pas : voir .env.exemple."),
    ({"PAYFIP_URL": "ftp://x"}, "La variable PAYFIP_URL est une adresse http ou https, et non « ftp://x »."),
    ({"PAYFIP_URL": "http://exterieur"}, "La variable PAYFIP_URL doit commencer par https://."),
    ({"PAYFIP_PAGE_URL": "http://exterieur"}, "La variable PAYFIP_PAGE_URL doit commencer par https://."),
    (
        {"RAPPROCHEMENT_SECONDES": "0"},
        "La variable RAPPROCHEMENT_SECONDES est un entier d'au moins 1, et non « 0 ».",
    ),
    (
        {"RAPPROCHEMENT_SECONDES": "abc"},
        "La variable RAPPROCHEMENT_SECONDES est un entier d'au moins 1, et non « abc ».",
    ),
    ({"COURRIEL_URL": ""}, "La variable COURRIEL_URL est obligatoire : voir .env.exemple."),
    ({"COURRIEL_URL": "smtp://"}, "La variable COURRIEL_URL ne se lit pas : voir .env.exemple."),
    ({"COURRIEL_EXPEDITEUR": ""}, "La variable COURRIEL_EXPEDITEUR est obligatoire : voir .env.exemple."),
    (
        {"COURRIEL_EXPEDITEUR": "Mairie <a@exemple.fr>"},
        "La variable COURRIEL_EXPEDITEUR est une adresse comme factures@exemple.fr, et non « Mairie <a@exemple.fr> ».",
    ),
    (
        {"PROXYS_DE_CONFIANCE": "10.0.0.0/8,nginx"},
        "La variable PROXYS_DE_CONFIANCE nomme des adresses IP ou des réseaux, et non « 10.0.0.0/8,nginx ».",
    ),
    (
        {"SECURITE_CONTACT": "securite@exemple.fr"},
        "La variable SECURITE_CONTACT commence par mailto:, https:// ou tel:, et non « securite@exemple.fr ».",
    ),
    ({"PORT": "http"}, "La variable PORT est un entier d'au moins 1, et non « http »."),
]

LIRE = """
import json, sys, django
django.setup()
from django.conf import settings
print(json.dumps({nom: getattr(settings, nom) for nom in sys.argv[1:]}))
"""


def lancer(dossier: Path, variables: dict[str, str], *commande: str) -> subprocess.CompletedProcess[str]:
    """Une commande Python avec ces seules variables."""
    environnement = {"DONNEES": str(dossier), "DJANGO_SETTINGS_MODULE": "portail.settings", **variables}
    return subprocess.run(
        [sys.executable, *commande], cwd=RACINE, env=environnement, capture_output=True, text=True, check=False
    )


def lire(dossier: Path, variables: dict[str, str], *noms: str) -> dict[str, object]:
    """La valeur de ces réglages."""
    fait = lancer(dossier, variables, "-c", LIRE, *noms)
    assert fait.returncode == 0, fait.stderr
    lus: dict[str, object] = json.loads(fait.stdout)
    return lus


@pytest.mark.parametrize(("variables", "phrase"), REFUS)
def test_une_valeur_absente_ou_etrange_arrete_le_demarrage_par_une_phrase(tmp_path, variables, phrase):
    fait = lancer(tmp_path, PRODUCTION | variables, "manage.py", "check")
    assert (fait.returncode, fait.stdout, fait.stderr) == (1, "", f"{phrase}\n")


def test_un_demo_env_illisible_arrete_aussi_le_demarrage(tmp_path):
    (tmp_path / "demo.env").write_text("SECRET_KEY\n", "utf-8")
    fait = lancer(tmp_path, {}, "manage.py", "check")
    assert (fait.returncode, fait.stderr) == (1, "demo.env, ligne 1 : on attend NOM=valeur.\n")


def test_la_production_passe_le_controle_de_deploiement_de_django(tmp_path):
    fait = lancer(tmp_path, PRODUCTION, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert (fait.returncode, fait.stdout) == (0, "System check identified no issues (0 silenced).\n")


def test_la_production_est_sure_sans_rien_regler(tmp_path):
    attendus = {
        "DEBUG": False,
        "DEMO": False,
        "HOTES_PARTAGES": [],
        "SESSION_COOKIE_NAME": "__Host-sessionid",
        "CSRF_COOKIE_NAME": "__Host-csrftoken",
        "MESSAGES_COOKIE_NAME": "__Host-messages",
        "COLLECTIVITE_COOKIE_NAME": "__Host-collectivite",
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_DOMAIN": None,
        "SESSION_COOKIE_PATH": "/",
        "CSRF_COOKIE_DOMAIN": None,
        "CSRF_COOKIE_PATH": "/",
        "SECURE_SSL_REDIRECT": True,
        "SECURE_REDIRECT_EXEMPT": ["^paiement/notification/", "^sante/"],
        "SECURE_HSTS_SECONDS": 31536000,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        "USE_X_FORWARDED_HOST": False,
        "SILENCED_SYSTEM_CHECKS": [],
        "AUTHENTICATION_BACKENDS": ["allauth.account.auth_backends.AuthenticationBackend"],
        "PASSWORD_HASHERS": ["comptes.mots_de_passe.Argon2id"],
        "RAPPROCHEMENT_SECONDES": 300,
        "PRELEVEMENT_CONFIRME_JOURS": 15,
        "DECLARATION_VERIFIEE_JOURS": 15,
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": "smtp.exemple.fr",
        "EMAIL_PORT": 587,
        "EMAIL_HOST_USER": "portail",
        "EMAIL_HOST_PASSWORD": "s:cret",
        "EMAIL_USE_TLS": True,
        "EMAIL_USE_SSL": False,
        "EMAIL_TIMEOUT": 10,
        "PAYFIP_URL": "https://www.payfip.gouv.fr/tpa/services/securite",
        "PAYFIP_PAGE_URL": "https://www.payfip.gouv.fr/tpa/paiementws.web",
        "PAYFIP_PAIEMENT_URL": "https://www.payfip.gouv.fr/tpa/paiement.web",
    }
    assert lire(tmp_path, PRODUCTION, *attendus) == attendus


def test_la_demonstration_a_des_cookies_sans_tls_et_debug_reste_eteint(tmp_path):
    attendus = {
        "DEBUG": False,
        "SESSION_COOKIE_NAME": "sessionid",
        "CSRF_COOKIE_NAME": "csrftoken",
        "SESSION_COOKIE_SECURE": False,
        "CSRF_COOKIE_SECURE": False,
        "SECURE_SSL_REDIRECT": False,
        "SECURE_HSTS_SECONDS": 0,
        "EMAIL_BACKEND": "portail.courriels.fichiers.EnvoiEnFichiers",
        "EMAIL_FILE_PATH": str(tmp_path / "courriels"),
        "COURRIEL_EXPEDITEUR": "portail@demo.example",
    }
    assert lire(tmp_path, DEMONSTRATION, *attendus) == attendus


def test_la_commande_demo_est_refusee_en_production(tmp_path):
    fait = lancer(tmp_path, PRODUCTION, "manage.py", "demo")
    attendu = "CommandError: Cette commande n'existe que pour la démonstration (DEMO=1).\n"
    assert (fait.returncode, fait.stdout, fait.stderr) == (1, "", attendu)


PRAGMAS = """
import django
django.setup()
from django.db import connection
with connection.cursor() as curseur:
    print(*(curseur.execute(f"PRAGMA {nom}").fetchone()[0] for nom in ("journal_mode", "busy_timeout", "foreign_keys")))
print(connection.transaction_mode)
"""


@pytest.mark.sqlite
def test_sqlite_est_vraiment_en_wal_et_ses_transactions_immediates(tmp_path):
    fait = lancer(tmp_path, PRODUCTION, "-c", PRAGMAS)
    assert (fait.returncode, fait.stdout) == (0, "wal 20000 1\nIMMEDIATE\n"), fait.stderr


@pytest.mark.postgresql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="délais de PostgreSQL")
def test_une_requete_trop_longue_ou_un_verrou_trop_attendu_s_arrete(db):
    with connection.cursor() as curseur:
        durees = [curseur.execute(f"SHOW {nom}").fetchone()[0] for nom in ("lock_timeout", "statement_timeout")]
    assert durees == ["5s", "30s"]


def test_un_vrai_mot_de_passe_est_hache_par_argon2id_aux_reglages_de_l_owasp(settings):
    settings.PASSWORD_HASHERS = ["comptes.mots_de_passe.Argon2id"]
    hache = make_password("une phrase de passe")
    assert hache.split("$")[:4] == ["argon2", "argon2id", "v=19", "m=19456,t=2,p=1"]
    assert check_password("une phrase de passe", hache)
    assert not get_hasher().must_update(hache)


def test_les_limites_d_essais_sont_comptees_en_base_pour_tous_les_processus():
    assert settings.CACHES == {
        "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "portail_cache"}
    }
    assert settings.ACCOUNT_RATE_LIMITS == {"login": None, "login_failed": None}
