"""Tous les réglages, lus par ``portail.env`` ; sûrs par défaut, la démonstration étant le seul écart permis."""

import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from portail import bornes, env

BASE_DIR = Path(__file__).resolve().parent.parent
DONNEES = Path(os.environ.get("DONNEES") or BASE_DIR / "var").resolve()
env.charger(DONNEES / "demo.env")

SECRET_KEY = env.env_requis("SECRET_KEY")
DEBUG = env.env_bool("DEBUG", defaut=False)
DEMO = env.env_bool("DEMO", defaut=False)

PORT = env.env_entier("PORT", defaut=8000, minimum=1)  # celui de la démonstration, pour ses adresses publiques

# Les hôtes propres à une commune sont en base : portail.middleware refuse tout hôte qu'il ne connaît pas.
ALLOWED_HOSTS = ["*"]
HOTES_PARTAGES = env.env_liste("HOTES_PARTAGES")
if DEMO and not all(map(env.est_boucle_locale, HOTES_PARTAGES)):
    raise ImproperlyConfigured("DEMO=1 ne se lance que sur la machine elle-même : HOTES_PARTAGES nomme un autre hôte.")

# Eux seuls disent l'adresse du visiteur et s'il est venu par TLS ; d'un autre, ces en-têtes sont ignorés.
PROXYS_DE_CONFIANCE = env.env_reseaux("PROXYS_DE_CONFIANCE")

INSTALLED_APPS = [
    "portail.gestion.apps.GestionConfig",  # django.contrib.admin, à /gestion/
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "csp",
    "django_tasks",
    "django_tasks_db",
    "portail",
    "comptes",
    "factures",
    "paiement_tipi",
    "contact",
]

MIDDLEWARE = [
    "portail.middleware.proxys",
    "portail.middleware.origine",  # tout ce qui suit a une référence, que montre la page d'erreur
    # Les en-têtes d'abord : la redirection vers HTTPS et l'hôte illisible, que refuse SecurityMiddleware, les portent.
    "csp.middleware.CSPMiddleware",
    "portail.middleware.entetes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portail.middleware.collectivite",
    "portail.middleware.duree_de_session",
    "portail.bientot.AvantOuverture",
    "portail.middleware.ConnexionRequise",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "comptes.intergiciel.Visites",  # un agent peut voir comme un habitant : tout ce qui suit le voit ainsi
    "portail.refus.Refus",
    "portail.lecture.LectureSeule",
]

ROOT_URLCONF = "portail.urls"
WSGI_APPLICATION = "portail.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portail.contexte.portail",
            ],
        },
    },
]

# SQLite : sans IMMEDIATE, près d'un tiers des « lire puis écrire » concurrents échouent (stack.md §3).
OPTIONS_SQLITE = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA temp_store=MEMORY;PRAGMA mmap_size=134217728;"
        "PRAGMA journal_size_limit=27103364;PRAGMA cache_size=-20000;"
    ),
}
OPTIONS_POSTGRESQL = {
    "options": "-c lock_timeout=5000 -c statement_timeout=30000",
    # Une requête qui revient est préparée une fois par connexion : la planifier prend plus de temps que l'exécuter.
    "server_side_binding": True,
    "prepare_threshold": 5,
}
_MOTEURS: dict[str, dict[str, Any]] = {
    "django.db.backends.sqlite3": OPTIONS_SQLITE,
    "django.db.backends.postgresql": OPTIONS_POSTGRESQL,
}
_SQLITE = f"sqlite:///{DONNEES / 'portail.sqlite3'}"
DATABASES = {"default": env.env_base("DATABASE_URL", defaut=_SQLITE, moteurs=_MOTEURS)}

# Le cache est en base : une mémoire par processus multiplierait les limites d'essais par leur nombre.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "portail_cache"}}
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default"]}}

# Les courriels partent par l'ouvrier seul (portail.courriels), jamais pendant une requête.
_COURRIEL = env.env_courriel("COURRIEL_URL", defaut="fichiers:" if DEMO else "")
COURRIEL_EXPEDITEUR = env.env_expediteur("COURRIEL_EXPEDITEUR", defaut="portail@demo.example" if DEMO else "")
DEFAULT_FROM_EMAIL = SERVER_EMAIL = COURRIEL_EXPEDITEUR
EMAIL_BACKEND = _COURRIEL.moteur
EMAIL_HOST, EMAIL_PORT = _COURRIEL.hote, _COURRIEL.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _COURRIEL.utilisateur, _COURRIEL.mot_de_passe
EMAIL_USE_TLS, EMAIL_USE_SSL = _COURRIEL.starttls, _COURRIEL.tls
EMAIL_TIMEOUT = 10
EMAIL_FILE_PATH = _COURRIEL.dossier or str(DONNEES / "courriels")
ANYMAIL = env.env_prefixe("ANYMAIL_")

STATIC_URL = "/static/"
STATIC_ROOT = DONNEES / "statiques"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    # Factures et logos : jamais servis par leur chemin, toujours par une vue qui vérifie le droit.
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DONNEES / "fichiers"},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_ALLOW_ALL_ORIGINS = False
# Un dossier par commune et par service, où un logiciel de facturation dépose (SFTP).
DEPOTS = Path(env.env_texte("DEPOTS", defaut=str(DONNEES / "depots"))).resolve()

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Europe/Paris"  # affichage ; la base garde des instants UTC
USE_TZ = True

# Comptes : seul le fond d'authentification d'allauth, sinon une adresse connue se devine au temps de réponse.
AUTH_USER_MODEL = "comptes.Usager"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["comptes.mots_de_passe.Argon2id"]
_REGLES = ("Longueur", "PasTropCourant", "SansContexte")
AUTH_PASSWORD_VALIDATORS = [{"NAME": f"comptes.mots_de_passe.{regle}"} for regle in _REGLES]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "comptes.adaptateur.AdaptateurComptes"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # les comptes naissent dans un service ou par l'activation, jamais par inscription
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_FORMS = {"login": "comptes.forms.ConnexionForm"}
ACCOUNT_RATE_LIMITS: dict[str, str | None] = {"login": None, "login_failed": None}  # comptées par LIMITES

LIMITES = bornes.LIMITES
SESSION_COOKIE_AGE = 14 * 24 * 3600  # « Se souvenir de moi »
SESSION_INACTIVITE_SECONDES = 30 * 60
SESSION_DUREE_SECONDES = 12 * 3600
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"  # « Strict » déconnecterait au retour de PayFiP
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEMO
# « __Host- » : le navigateur refuse qu'un autre hôte de la commune, ou une page sans TLS, pose un cookie à leur place.
_PREFIXE = "" if DEMO else "__Host-"
SESSION_COOKIE_NAME = f"{_PREFIXE}sessionid"
CSRF_COOKIE_NAME = f"{_PREFIXE}csrftoken"
MESSAGES_COOKIE_NAME = f"{_PREFIXE}messages"
COLLECTIVITE_COOKIE_NAME = f"{_PREFIXE}collectivite"
LIEN_COOKIE_NAME = f"{_PREFIXE}lien"  # le jeton d'un lien reçu par courriel, le temps de s'en servir
SESSION_ENGINE = "comptes.sessions"
MESSAGE_STORAGE = "portail.cookies.Messages"
CSRF_FAILURE_VIEW = "portail.views.csrf_refuse"
SECURE_SSL_REDIRECT = not DEMO
# Une redirection perdrait le corps du POST de PayFiP ; les sondes parlent au serveur sans passer par TLS.
SECURE_REDIRECT_EXEMPT = [r"^paiement/notification/", r"^sante/"]
SECURE_HSTS_SECONDS = 0 if DEMO else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEMO
SECURE_REFERRER_POLICY = "same-origin"
SECURITE_CONTACT = env.env_contact("SECURITE_CONTACT")  # de security.txt ; sinon le téléphone de la commune
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS: list[str] = []
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # sans compter les fichiers, qu'envoie un agent, ou Contact (portail.refus)
CLAMAV = env.env_prise("CLAMAV_URL")  # l'antivirus de tout fichier reçu

# PayFiP (payfip.md §2.1 et §3.1). Ces adresses changent ensemble avec l'environnement.
PAYFIP_URL = env.env_url("PAYFIP_URL", defaut="https://www.payfip.gouv.fr/tpa/services/securite", https=True)
PAYFIP_PAGE_URL = env.env_url("PAYFIP_PAGE_URL", defaut="https://www.payfip.gouv.fr/tpa/paiementws.web", https=True)
PAYFIP_PAIEMENT_URL = env.env_url(
    "PAYFIP_PAIEMENT_URL", defaut="https://www.payfip.gouv.fr/tpa/paiement.web", https=True
)
RAPPROCHEMENT_SECONDES = env.env_entier("RAPPROCHEMENT_SECONDES", defaut=300, minimum=1)

# Au-delà, un agent est prévenu : un prélèvement que le Trésor ne montre pas, un « J'ai déjà payé » sans règlement.
PRELEVEMENT_CONFIRME_JOURS = env.env_entier("PRELEVEMENT_CONFIRME_JOURS", defaut=15, minimum=1)
DECLARATION_VERIFIEE_JOURS = env.env_entier("DECLARATION_VERIFIEE_JOURS", defaut=15, minimum=1)

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        # Chromium applique form-action aux redirections : sans l'origine de PayFiP, « Payer » ne mène nulle part.
        "form-action": ["'self'", *{env.origine(url): None for url in (PAYFIP_PAGE_URL, PAYFIP_PAIEMENT_URL)}],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    }
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "ligne": {
            "()": "portail.traces.Ligne",
            "format": "{asctime} {levelname} {reference} {name} {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "ligne"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # Une ligne par tâche et par étape de rendu cacherait ce qui compte.
        **{n: {"level": "WARNING"} for n in ("django_tasks", "django_tasks_db", "weasyprint", "fontTools", "pikepdf")},
    },
}
