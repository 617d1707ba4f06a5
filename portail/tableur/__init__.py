"""Écrire un tableau dans un fichier, ligne à ligne et sans jamais le tenir en mémoire : CSV, XLSX, ODS. Python pur."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from portail.tableur import ecrivain_csv, ecrivain_ods, ecrivain_xlsx
from portail.tableur.cellules import Valeur, neutraliser, restaurer

__all__ = ["FORMATS", "Format", "Valeur", "neutraliser", "restaurer"]


@dataclass(frozen=True)
class Format:
    """Un genre de fichier ; ``ecrire(sortie, titre, colonnes, lignes)`` rend le nombre de lignes écrites."""

    nom: str
    libelle: str
    genre: str
    ecrire: Callable[[BinaryIO, str, Sequence[str], Iterable[Sequence[Valeur]]], int]


FORMATS = {
    f.nom: f
    for f in (
        Format("csv", "CSV", "text/csv; charset=utf-8", ecrivain_csv.ecrire),
        Format(
            "xlsx",
            "Excel (XLSX)",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ecrivain_xlsx.ecrire,
        ),
        Format("ods", "LibreOffice (ODS)", "application/vnd.oasis.opendocument.spreadsheet", ecrivain_ods.ecrire),
    )
}
