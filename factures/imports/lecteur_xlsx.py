"""Le classeur d'Excel : la première feuille visible, lue en continu, sans croire les dimensions qu'elle annonce."""

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from openpyxl import load_workbook

from factures.imports.classeurs import (
    ILLISIBLE,
    LIGNES_MAXIMUM,
    VIDES_MAXIMUM,
    Formule,
    Valeur,
    en_texte,
    ouvrir,
    sans_fin_vide,
)
from factures.imports.rangees import FichierRefuse, Rangee
from factures.imports.tableaux import COLONNES_MAXIMUM, ranger


def lire(fichier: BinaryIO, *, correspondance: Mapping[str, str] | None = None) -> Iterator[Rangee]:
    """Les rangées du classeur ; ``FichierRefuse`` s'il n'est pas un tableau de factures."""
    yield from ranger(enregistrements(fichier), correspondance=correspondance or {}, en_texte=en_texte)


def enregistrements(fichier: BinaryIO) -> Iterator[tuple[int, list[Valeur]]]:
    """Chaque ligne de la feuille, numérotée, en-tête compris."""
    ouvrir(fichier)
    vides = 0
    try:
        # Une formule reste une formule : la valeur gardée à côté d'elle peut être vieille.
        classeur = load_workbook(fichier, read_only=True, keep_links=False)
        feuille = next(f for f in classeur.worksheets if f.sheet_state == "visible")
        feuille.reset_dimensions()  # sinon « A1 » annoncé ne rendrait qu'une ligne sur mille, sans rien dire
        for numero, cellules in enumerate(feuille.iter_rows(max_col=COLONNES_MAXIMUM + 1), start=1):
            rangee = sans_fin_vide([_valeur(cellule) for cellule in cellules])
            vides = 0 if rangee else vides + 1
            _borner(numero, vides)
            yield numero, rangee
    except (FichierRefuse, MemoryError):
        raise
    except Exception as erreur:  # openpyxl laisse passer celles de zipfile, de zlib, d'expat et les siennes
        raise FichierRefuse(ILLISIBLE) from erreur


def _borner(numero: int, vides: int) -> None:
    if numero > LIGNES_MAXIMUM or vides > VIDES_MAXIMUM:
        raise FichierRefuse(ILLISIBLE)


def _valeur(cellule: Any) -> Valeur:
    if cellule.data_type in {"f", "e"}:
        return Formule()
    valeur: Valeur = cellule.value
    return valeur
