"""``python tests/grappe.py COMMANDE…`` : lance COMMANDE avec un PostgreSQL jetable dans DATABASE_URL.

La grappe n'écoute que sur une prise Unix privée, dans un dossier temporaire, et disparaît avec COMMANDE.
"""

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg

PR_SET_PDEATHSIG = 1
DEMARRAGE_SECONDES = 30
# Une base jetable n'a pas à survivre à une coupure : tout ce qui attend le disque est coupé.
REGLAGES = {
    "listen_addresses": "",
    "max_connections": "200",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_min_messages": "panic",
}
_LIBC = ctypes.CDLL(None)


def main(commande: list[str]) -> int:
    """Le code de sortie de ``commande`` (128 + n si le signal n l'a tuée)."""
    if not commande:
        sys.exit(__doc__)
    # Un SIGTERM devient une exception, pour passer par les « finally » qui enlèvent tout.
    signal.signal(signal.SIGTERM, lambda signe, _: sys.exit(128 + signe))
    signal.signal(signal.SIGHUP, lambda signe, _: sys.exit(128 + signe))
    with grappe() as url:
        return _lancer(commande, {**os.environ, "DATABASE_URL": url})


@contextlib.contextmanager
def grappe() -> Iterator[str]:
    """L'adresse d'une base vide « portail », sur un serveur arrêté et effacé à la sortie."""
    binaires, compte = _binaires(), _compte()
    dossier = Path(tempfile.mkdtemp(prefix="grappe-", dir="/tmp"))  # le chemin d'une prise tient en 100 signes
    try:
        if compte:
            shutil.chown(dossier, compte)
        _initialiser(binaires, dossier, compte)
        with _serveur(binaires, dossier, compte) as serveur:
            _attendre(dossier, serveur)
            yield f"postgresql://postgres@{quote(str(dossier), safe='')}/portail"
    finally:
        shutil.rmtree(dossier, ignore_errors=True)


def _binaires() -> Path:
    """Les programmes du PostgreSQL le plus récent ; Debian ne met pas initdb dans le PATH."""
    trouves = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda chemin: float(chemin.parts[-3]))
    initdb = str(trouves[-1]) if trouves else shutil.which("initdb")
    if initdb is None:
        sys.exit("PostgreSQL est introuvable : « make test » l'installe (paquet postgresql).")
    return Path(initdb).parent


def _compte() -> str | None:
    """Sous quel compte tourner : PostgreSQL refuse root."""
    if os.geteuid() != 0:
        return None
    connus = {compte.pw_name for compte in pwd.getpwall()}
    return "postgres" if "postgres" in connus else "nobody"


def _initialiser(binaires: Path, dossier: Path, compte: str | None) -> None:
    options = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
    fait = subprocess.run(
        [binaires / "initdb", "--pgdata", dossier / "base", *options],
        cwd=dossier,
        user=compte,
        check=False,
        capture_output=True,
        text=True,
    )
    if fait.returncode:
        sys.exit(f"initdb a échoué :\n{fait.stdout}{fait.stderr}")


@contextlib.contextmanager
def _serveur(binaires: Path, dossier: Path, compte: str | None) -> Iterator[subprocess.Popen[bytes]]:
    options = [morceau for nom, valeur in REGLAGES.items() for morceau in ("-c", f"{nom}={valeur}")]
    serveur = subprocess.Popen(
        [binaires / "postgres", "-D", dossier / "base", "-k", dossier, *options],
        cwd=dossier,
        user=compte,
        # Hors du groupe du terminal : à Ctrl-C, les essais doivent pouvoir finir avant leur base.
        start_new_session=True,
        preexec_fn=_mourir_avec_son_pere,  # noqa: PLW1509 - nous n'avons qu'un fil
    )
    try:
        yield serveur
    finally:
        serveur.send_signal(signal.SIGQUIT)  # arrêt immédiat : rien n'est à garder
        serveur.wait()


def _mourir_avec_son_pere() -> None:
    _LIBC.prctl(PR_SET_PDEATHSIG, int(signal.SIGQUIT))


def _attendre(dossier: Path, serveur: subprocess.Popen[bytes]) -> None:
    limite = time.monotonic() + DEMARRAGE_SECONDES
    while True:
        try:
            with psycopg.connect(host=str(dossier), user="postgres", dbname="postgres", autocommit=True) as connexion:
                connexion.execute("CREATE DATABASE portail")
                return
        except psycopg.OperationalError as erreur:
            if serveur.poll() is not None or time.monotonic() > limite:
                sys.exit(f"PostgreSQL n'a pas démarré : {erreur}")
        time.sleep(0.05)


def _lancer(commande: list[str], environnement: dict[str, str]) -> int:
    processus = subprocess.Popen(commande, env=environnement)
    try:
        while True:
            try:
                code = processus.wait()
            except KeyboardInterrupt:  # le terminal l'a aussi envoyé à la commande : on attend qu'elle finisse
                continue
            return code if code >= 0 else 128 - code
    finally:
        if processus.poll() is None:
            processus.terminate()
            processus.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
