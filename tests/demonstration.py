"""La vraie démonstration, lancée pour un essai : `with demonstration(dossier) as demo:`."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

RACINE = Path(__file__).resolve().parent.parent


@dataclass
class Demonstration:
    """Un lanceur en marche, et ce qu'il a écrit."""

    donnees: Path
    port: int
    port_simulateur: int
    processus: subprocess.Popen[str]
    lignes: list[str]

    @property
    def adresse(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def manage(self, *arguments: str) -> str:
        """Ce qu'écrit un manage.py lancé à côté, qui ne connaît que DONNEES."""
        fait = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=RACINE,
            env={"PATH": os.environ["PATH"], "DONNEES": str(self.donnees)},
            capture_output=True,
            text=True,
            check=True,
        )
        return fait.stdout.strip()


@contextlib.contextmanager
def demarrage(donnees: Path, **variables: str) -> Iterator[Demonstration]:
    """Un lanceur qui vient de partir, sur des ports libres et en SQLite ; fini à la sortie."""
    port, port_simulateur = ports_libres()
    environnement = {nom: valeur for nom, valeur in os.environ.items() if nom != "DATABASE_URL"}
    environnement |= {"DONNEES": str(donnees), "PORT": str(port), "PORT_SIMULATEUR": str(port_simulateur)}
    processus = subprocess.Popen(
        [sys.executable, "-m", "portail.lanceur"],
        cwd=RACINE,
        env=environnement | variables,
        stdout=subprocess.PIPE,
        text=True,
    )
    with processus:
        try:
            yield Demonstration(donnees, port, port_simulateur, processus, [])
        finally:
            processus.terminate()


@contextlib.contextmanager
def demonstration(donnees: Path, **variables: str) -> Iterator[Demonstration]:
    """La même, une fois écrite sa ligne « Prêt »."""
    with demarrage(donnees, **variables) as demo:
        assert demo.processus.stdout is not None
        for ligne in demo.processus.stdout:
            demo.lignes.append(ligne.rstrip("\n"))
            if ligne.startswith("Prêt"):
                break
        else:
            raise AssertionError("\n".join(["La démonstration n'a pas démarré :", *demo.lignes]))
        yield demo


def processus_de(donnees: Path) -> list[int]:
    """Tous ceux qui tournent avec ce DONNEES, quel que soit leur père."""
    trace = f"DONNEES={donnees}\0".encode()
    trouves = []
    for chemin in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if trace in chemin.read_bytes():
                trouves.append(int(chemin.parent.name))
    return vivants(trouves)


def attendre_les_processus(donnees: Path, nombre: int) -> list[int]:
    """Les processus de cette démonstration, dès qu'ils sont ``nombre`` : un ouvrier naît un instant après son père."""
    fin = time.monotonic() + 10
    while len(trouves := processus_de(donnees)) != nombre and time.monotonic() < fin:
        time.sleep(0.05)
    return trouves


def vivants(numeros: list[int]) -> list[int]:
    """Ceux de ``numeros`` qui tournent encore ; un mort que personne n'a relevé (Z) ne tourne plus."""
    return [n for n in numeros if n and re.search(r"^State:\s+[^ZX]", _etat(n), re.MULTILINE)]


def attendre_la_fin(numeros: list[int], secondes: float = 10) -> list[int]:
    """Ceux de ``numeros`` qui tournent encore après ce délai."""
    limite = time.monotonic() + secondes
    while vivants(numeros) and time.monotonic() < limite:
        time.sleep(0.02)
    return vivants(numeros)


def attendre_le_fichier(chemin: Path, secondes: float = 120) -> None:
    limite = time.monotonic() + secondes
    while not chemin.exists():
        assert time.monotonic() < limite, chemin
        time.sleep(0.01)


def ports_libres() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as un, socket.create_server(("127.0.0.1", 0)) as autre:
        return un.getsockname()[1], autre.getsockname()[1]


def _etat(numero: int) -> str:
    try:
        return Path(f"/proc/{numero}/status").read_text("utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return ""
