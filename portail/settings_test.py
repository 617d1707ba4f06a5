"""Les réglages des tests : ceux du portail, avec un hachage rapide et un dossier jetable."""

import os
import tempfile

os.environ.setdefault("SECRET_KEY", "secret-des-tests")
os.environ.setdefault("DEMO", "1")
os.environ.setdefault("HOTES_PARTAGES", "localhost,127.0.0.1")
if "DONNEES" not in os.environ:
    _dossier = tempfile.TemporaryDirectory(prefix="portail-tests-")  # effacé à la fin du processus
    os.environ["DONNEES"] = _dossier.name

from portail.settings import *  # noqa: F403  # l'environnement se pose avant

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # En fichier : une base en mémoire ne se partage pas entre le serveur des tests et le test.
    DATABASES["default"]["TEST"] = {"NAME": str(DONNEES / "tests.sqlite3")}  # noqa: F405
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405
