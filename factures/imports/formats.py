"""Un lecteur par format ; tous rendent les mêmes rangées."""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from factures.imports import lecteur_csv
from factures.imports.rangees import Rangee

LECTEURS: dict[str, Callable[[BinaryIO], Iterator[Rangee]]] = {"csv": lecteur_csv.lire}


def lire(fichier: BinaryIO, nom: str) -> Iterator[Rangee]:
    """Les rangées du fichier, lu dans le format de ce nom."""
    return LECTEURS[nom](fichier)


def reconnaitre(fichier: BinaryIO) -> str:
    """Le format, d'après le contenu et non l'extension ; ``zip`` pour une archive de documents."""
    fichier.seek(0)
    debut = fichier.read(4)
    return "zip" if debut.startswith(b"PK") else "csv"
