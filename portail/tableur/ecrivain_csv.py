"""Le CSV des tableurs français : UTF-8 avec marque, « ; », virgule décimale, jours avant mois."""

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import TextIOWrapper
from typing import BinaryIO

from portail.tableur.cellules import Valeur, neutraliser


def ecrire(
    sortie: BinaryIO, titre: str, colonnes: Sequence[str], lignes: Iterable[Sequence[Valeur]]
) -> int:  # un CSV n'a pas de titre
    """Le nombre de lignes écrites sous l'en-tête."""
    texte = TextIOWrapper(sortie, "utf-8-sig", newline="")
    ecrivain = csv.writer(texte, delimiter=";", lineterminator="\r\n")
    ecrivain.writerow(map(neutraliser, colonnes))
    nombre = 0
    for ligne in lignes:
        ecrivain.writerow(map(_dire, ligne))
        nombre += 1
    texte.detach()
    return nombre


def _dire(valeur: Valeur) -> str:  # un genre, une écriture
    if valeur is None:
        return ""
    if isinstance(valeur, str):
        return neutraliser(valeur)
    if isinstance(valeur, bool):
        return "oui" if valeur else "non"
    if isinstance(valeur, Decimal):
        return f"{valeur:f}".replace(".", ",")
    if isinstance(valeur, datetime):
        return f"{valeur:%d/%m/%Y %H:%M:%S}"
    return f"{valeur:%d/%m/%Y}" if isinstance(valeur, date) else str(valeur)
