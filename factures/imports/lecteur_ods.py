"""Le classeur de LibreOffice : la première feuille visible, lue en continu ; les répétitions annoncées sont bornées."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import IO, BinaryIO
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import iterparse

from factures.imports.classeurs import (
    ILLISIBLE,
    LIGNES_MAXIMUM,
    Formule,
    NonDits,
    Valeur,
    en_texte,
    ouvrir,
    sans_fin_vide,
)
from factures.imports.rangees import FichierRefuse, Rangee
from factures.imports.tableaux import COLONNES_MAXIMUM, ranger

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_BUREAU = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXTE = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_CACHEES = {"collapse", "filter"}
_COPIES_MAXIMUM = 100  # d'une ligne pleine : au-delà, ce n'est plus une facture répétée par mégarde


def lire(fichier: BinaryIO, *, correspondance: Mapping[str, str] | None = None) -> Iterator[Rangee]:
    """Les rangées du classeur ; ``FichierRefuse`` s'il n'est pas un tableau de factures."""
    yield from ranger(enregistrements(fichier), correspondance=correspondance or {}, en_texte=en_texte)


def enregistrements(fichier: BinaryIO, non_dits: NonDits | None = None) -> Iterator[tuple[int, list[Valeur]]]:
    """Chaque ligne de la feuille, numérotée, en-tête compris."""
    numero, compte = 0, non_dits or NonDits()
    try:
        with ouvrir(fichier) as archive, archive.open("content.xml") as contenu:
            for ligne in _lignes(contenu, compte):
                cellules, fois = _cellules(ligne), _fois(ligne, "rows")
                if cellules:
                    compte.rangees_cachees += fois if ligne.get(f"{_TABLE}visibility") in _CACHEES else 0
                    yield from ((numero + rang + 1, cellules) for rang in range(_bornee(fois, numero)))
                numero += fois
    except (FichierRefuse, MemoryError):
        raise
    except Exception as erreur:  # celles de zipfile, de zlib, d'expat, de defusedxml, et les nombres impossibles
        raise FichierRefuse(ILLISIBLE) from erreur


def _lignes(contenu: IO[bytes], non_dits: NonDits) -> Iterator[Element]:
    """Celles de la première feuille visible, oubliées à mesure ; les autres feuilles sont comptées."""
    parents: list[Element] = []
    feuilles = _Feuilles(non_dits)
    for evenement, element in iterparse(contenu, events=("start", "end"), forbid_dtd=True):
        if evenement == "start":
            parents.append(element)
            feuilles.ouvrir(element)
            continue
        parents.pop()
        feuilles.retenir(element)
        if element.tag == f"{_TABLE}table-row":
            if feuilles.lue in parents:
                yield element
            parents[-1].clear()


class _Feuilles:
    """``lue`` : la première que l'on voie ; un style, écrit avant elles, dit lesquelles sont cachées."""

    def __init__(self, non_dits: NonDits) -> None:
        self._non_dits, self._cachees = non_dits, set[str | None]()
        self.lue: Element | None = None

    def retenir(self, element: Element) -> None:
        """Un style qui cache."""
        if element.tag == f"{_STYLE}style":
            proprietes = element.find(f"{_STYLE}table-properties")
            if proprietes is not None and proprietes.get(f"{_TABLE}display") == "false":
                self._cachees.add(element.get(f"{_STYLE}name"))

    def ouvrir(self, element: Element) -> None:
        """Une feuille qui commence."""
        if element.tag != f"{_TABLE}table":
            return
        if element.get(f"{_TABLE}style-name") in self._cachees:
            self._non_dits.feuilles_cachees += 1
        elif self.lue is None:
            self.lue = element
        else:
            self._non_dits.autres_feuilles += 1


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
