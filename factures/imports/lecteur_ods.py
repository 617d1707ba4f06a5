"""Le classeur de LibreOffice : la première feuille, lue en continu ; les répétitions annoncées sont bornées."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import IO, BinaryIO
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import iterparse

from factures.imports.classeurs import ILLISIBLE, LIGNES_MAXIMUM, Formule, Valeur, en_texte, ouvrir, sans_fin_vide
from factures.imports.rangees import FichierRefuse, Rangee
from factures.imports.tableaux import COLONNES_MAXIMUM, ranger

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_BUREAU = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXTE = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_COPIES_MAXIMUM = 100  # d'une ligne pleine : au-delà, ce n'est plus une facture répétée par mégarde


def lire(fichier: BinaryIO, *, correspondance: Mapping[str, str] | None = None) -> Iterator[Rangee]:
    """Les rangées du classeur ; ``FichierRefuse`` s'il n'est pas un tableau de factures."""
    yield from ranger(enregistrements(fichier), correspondance=correspondance or {}, en_texte=en_texte)


def enregistrements(fichier: BinaryIO) -> Iterator[tuple[int, list[Valeur]]]:
    """Chaque ligne de la feuille, numérotée, en-tête compris."""
    numero = 0
    try:
        with ouvrir(fichier) as archive, archive.open("content.xml") as contenu:
            for ligne in _lignes(contenu):
                cellules, fois = _cellules(ligne), _fois(ligne, "rows")
                if cellules:
                    yield from ((numero + rang + 1, cellules) for rang in range(_bornee(fois, numero)))
                numero += fois
    except (FichierRefuse, MemoryError):
        raise
    except Exception as erreur:  # celles de zipfile, de zlib, d'expat, de defusedxml, et les nombres impossibles
        raise FichierRefuse(ILLISIBLE) from erreur


def _lignes(contenu: IO[bytes]) -> Iterator[Element]:
    """Celles de la première feuille, oubliées à mesure."""
    parents: list[Element] = []
    for evenement, element in iterparse(contenu, events=("start", "end"), forbid_dtd=True):
        if evenement == "start":
            parents.append(element)
            continue
        parents.pop()
        if element.tag == f"{_TABLE}table-row":
            yield element
            parents[-1].clear()
        elif element.tag == f"{_TABLE}table":
            return


def _bornee(fois: int, numero: int) -> int:
    if fois > _COPIES_MAXIMUM or numero + fois > LIGNES_MAXIMUM:
        raise FichierRefuse(ILLISIBLE)
    return fois


def _cellules(ligne: Element) -> list[Valeur]:
    valeurs: list[Valeur] = []
    for cellule in ligne:
        if cellule.tag in {f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"}:
            fois = min(_fois(cellule, "columns"), COLONNES_MAXIMUM + 1 - len(valeurs))
            valeurs += [_valeur(cellule)] * fois
    return sans_fin_vide(valeurs)


def _fois(element: Element, quoi: str) -> int:
    return int(element.get(f"{_TABLE}number-{quoi}-repeated", "1"))


def _valeur(cellule: Element) -> Valeur:
    genre = cellule.get(f"{_BUREAU}value-type", "")
    if cellule.get(f"{_TABLE}formula") or genre == "boolean":
        return Formule()
    if genre in {"float", "currency", "percentage"}:
        return Decimal(cellule.get(f"{_BUREAU}value", ""))
    if genre == "date":
        return date.fromisoformat(cellule.get(f"{_BUREAU}date-value", "")[:10])
    return "\n".join("".join(p.itertext()) for p in cellule.findall(f"{_TEXTE}p"))
