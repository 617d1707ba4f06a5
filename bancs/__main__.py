"""``python -m bancs [sujet…]``, parmi ``SUJETS`` ; tous si rien n'est dit.

Le banc crée sa base dans la grappe de DATABASE_URL et son dossier de données, puis les efface.
"""

import argparse
import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from portail.lanceur.superviseur import mourir_avec_son_pere

RACINE = Path(__file__).resolve().parent.parent
SUJETS = ("liste", "detail", "connexion", "pdf", "volumes", "import_100k", "exports", "paiement")


def main() -> int:
    """Le code de sortie de la commande ``mesurer``, lancée dans une base et un dossier neufs."""
    analyseur = argparse.ArgumentParser(prog="python -m bancs", description="Mesure le portail.")
    analyseur.add_argument("sujets", nargs="*", metavar="sujet", help=", ".join(SUJETS))
    sujets = analyseur.parse_args().sujets or list(SUJETS)
    if inconnus := set(sujets) - set(SUJETS):
        analyseur.error(f"sujet inconnu : {', '.join(sorted(inconnus))}")
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        analyseur.error("DATABASE_URL désigne un PostgreSQL : « make bench » en prête un.")
    # Un SIGTERM devient une exception, pour que la base et le dossier disparaissent.
    signal.signal(signal.SIGTERM, lambda signe, _: sys.exit(128 + signe))
    with _base(os.environ["DATABASE_URL"]) as base, tempfile.TemporaryDirectory(prefix="bancs-") as donnees:
        commande = (sys.executable, "manage.py", "mesurer", *sujets)
        environnement = {**os.environ, **_variables(base, donnees)}
        return subprocess.run(
            commande, cwd=RACINE, env=environnement, check=False, preexec_fn=mourir_avec_son_pere
        ).returncode


@contextlib.contextmanager
def _base(grappe: str) -> Iterator[str]:
    """L'adresse d'une base vide de la grappe, effacée à la sortie même si quelqu'un y est encore."""
    nom = f"bancs_{os.getpid()}"
    with psycopg.connect(grappe, autocommit=True) as connexion:
        connexion.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(nom)))
        try:
            yield urlsplit(grappe)._replace(path=f"/{nom}").geturl()
        finally:
            connexion.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(nom)))


def _variables(base: str, donnees: str) -> dict[str, str]:
    """Une installation en boucle locale : mêmes réglages qu'en production, hors TLS."""
    return {
        "DJANGO_SETTINGS_MODULE": "bancs.reglages",
        "DATABASE_URL": base,
        "DONNEES": donnees,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DEMO": "1",
        "DEBUG": "0",
        "HOTES_PARTAGES": "127.0.0.1",
    }


if __name__ == "__main__":
    sys.exit(main())
