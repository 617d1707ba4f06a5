"""Un lecteur par format ; tous rendent les mêmes rangées."""

import zipfile
from collections.abc import Callable, Iterator
from typing import BinaryIO

from factures.imports import lecteur_csv, lecteur_ods, lecteur_pes, lecteur_rolmre, lecteur_xlsx
from factures.imports.apercu import TABLEAUX, Apercu, d_un_format_fixe, d_un_tableau
from factures.imports.rangees import OBLIGATOIRES, Rangee

LECTEURS: dict[str, Callable[[BinaryIO], Iterator[Rangee]]] = {
    "csv": lecteur_csv.lire,
    "ods": lecteur_ods.lire,
    "pes": lecteur_pes.lire,
    "rolmre": lecteur_rolmre.lire,
    "xlsx": lecteur_xlsx.lire,
}


# Les formats du Trésor ne portent pas la référence de paiement : elle se compose d'après le service.
_SANS_REFERENCE = {"pes", "rolmre"}
# Ceux qui portent eux-mêmes les documents.
JOINTES = frozenset({"pes"})


def obligatoires(nom: str) -> tuple[str, ...]:
    """Les colonnes qu'une ligne de ce format doit remplir."""
    return tuple(champ for champ in OBLIGATOIRES if champ != "reference" or nom not in _SANS_REFERENCE)


def lire(fichier: BinaryIO, nom: str) -> Iterator[Rangee]:
    """Les rangées du fichier, lu dans le format de ce nom."""
    return LECTEURS[nom](fichier)


def apercevoir(fichier: BinaryIO, nom: str, combien: int) -> Apercu:
    """L'en-tête et les ``combien`` premières lignes, puis de quoi lire la suite."""
    if nom in TABLEAUX:
        return d_un_tableau(fichier, nom, combien)
    return d_un_format_fixe(lire(fichier, nom), combien)


def reconnaitre(fichier: BinaryIO) -> str:
    """Le format, d'après le contenu et non l'extension ; ``zip`` pour une archive de documents."""
    fichier.seek(0)
    debut = fichier.read(4)
    if debut.startswith(b"PK"):
        return _classeur(fichier)
    if _est_du_xml(fichier):
        return "pes"
    return "rolmre" if lecteur_rolmre.reconnu(fichier) else "csv"


def _est_du_xml(fichier: BinaryIO) -> bool:
    fichier.seek(0)
    return fichier.read(100).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _classeur(fichier: BinaryIO) -> str:
    try:
        noms = set(zipfile.ZipFile(fichier).namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return "zip"
    if "xl/workbook.xml" in noms:
        return "xlsx"
    return "ods" if {"mimetype", "content.xml"} <= noms else "zip"
