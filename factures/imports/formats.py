"""Un lecteur par format ; tous rendent les mêmes rangées."""

import zipfile
from collections.abc import Callable, Iterator
from typing import BinaryIO

from factures.imports import lecteur_csv, lecteur_ods, lecteur_xlsx
from factures.imports.rangees import Rangee

LECTEURS: dict[str, Callable[[BinaryIO], Iterator[Rangee]]] = {
    "csv": lecteur_csv.lire,
    "ods": lecteur_ods.lire,
    "xlsx": lecteur_xlsx.lire,
}


def lire(fichier: BinaryIO, nom: str) -> Iterator[Rangee]:
    """Les rangées du fichier, lu dans le format de ce nom."""
    return LECTEURS[nom](fichier)


def reconnaitre(fichier: BinaryIO) -> str:
    """Le format, d'après le contenu et non l'extension ; ``zip`` pour une archive de documents."""
    fichier.seek(0)
    debut = fichier.read(4)
    return _classeur(fichier) if debut.startswith(b"PK") else "csv"


def _classeur(fichier: BinaryIO) -> str:
    try:
        noms = set(zipfile.ZipFile(fichier).namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return "zip"
    if "xl/workbook.xml" in noms:
        return "xlsx"
    return "ods" if {"mimetype", "content.xml"} <= noms else "zip"
