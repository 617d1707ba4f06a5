"""Le serveur de ``make run`` sur les réglages du banc, et ce qu'il consomme."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from django.db import connection

from portail.lanceur.__main__ import SERVEUR
from portail.lanceur.superviseur import mourir_avec_son_pere

OUVRIERS = int(SERVEUR[SERVEUR.index("--workers") + 1])
# Plus long qu'un tour de mesure : une connexion ne change pas de processus entre deux sujets.
GARDER_SECONDES = "120"
DEMARRAGE_SECONDES = 60
TIC = 1 / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def serveur(base: str = "") -> Iterator[int]:
    """Le port d'un serveur prêt (sur la base à cette adresse, sinon la nôtre), arrêté à la sortie."""
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        port = int(prise.getsockname()[1])
    options = ("--bind", f"127.0.0.1:{port}", "--keep-alive", GARDER_SECONDES)
    processus = subprocess.Popen(
        (sys.executable, "-m", *SERVEUR, *options),
        env={**os.environ, **({"DATABASE_URL": base} if base else {})},
        preexec_fn=mourir_avec_son_pere,  # noqa: PLW1509 - nous n'avons qu'un fil
    )
    try:
        _attendre(port, processus)
        yield port
    finally:
        processus.terminate()
        processus.wait()


def _attendre(port: int, processus: subprocess.Popen[bytes]) -> None:
    limite = time.monotonic() + DEMARRAGE_SECONDES
    while processus.poll() is None and time.monotonic() < limite:
        with contextlib.suppress(OSError):
            ouvrier(port)
            return
        time.sleep(0.05)
    sys.exit("gunicorn n'a pas démarré.")


def ouvrier(port: int) -> int:
    """Le numéro d'un processus du serveur, par une connexion neuve."""
    connexion = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connexion):
        connexion.request("GET", "/bancs/ouvrier/")
        return int(connexion.getresponse().read())


def bases() -> list[int]:
    """Les processus PostgreSQL qui servent les autres que nous ; un seul serveur travaille à la fois."""
    with connection.cursor() as curseur:
        curseur.execute(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return [pid for (pid,) in curseur.fetchall()]


def secondes_cpu(pids: list[int]) -> float:
    """Le temps de processeur que ces processus ont pris depuis leur début."""
    champs = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids)
    return sum(int(utilisateur) + int(systeme) for utilisateur, systeme in (c[11:13] for c in champs)) * TIC


def memoire_mo(pid: int) -> float:
    """La mémoire résidente de ce processus."""
    lignes = Path(f"/proc/{pid}/status").read_text().splitlines()
    kio = next(int(ligne.split()[1]) for ligne in lignes if ligne.startswith("VmRSS:"))
    return kio / 1024
