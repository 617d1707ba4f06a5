"""Le CSV, quels que soient son encodage, son séparateur et ses fins de ligne, une ligne en mémoire à la fois."""

import csv
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, suppress
from typing import BinaryIO, TextIO

from factures.imports.correspondances import SYNONYMES
from factures.imports.encodages import ouvrir
from factures.imports.rangees import FichierRefuse, Rangee
from factures.imports.tableaux import ranger, reconnues

SEPARATEURS = (";", ",", "\t", "|")
CARACTERES_PAR_LIGNE = 100_000  # sous la limite des champs du module csv


def lire(fichier: BinaryIO, *, correspondance: Mapping[str, str] | None = None) -> Iterator[Rangee]:
    """Les rangées du fichier ; ``FichierRefuse`` si ce n'est pas un tableau de factures.

    Le numéro d'une rangée est celui de sa première ligne dans le fichier, en-tête compris.
    """
    traduction = correspondance or {}
    with closing(enregistrements(fichier, correspondance=traduction)) as lignes:
        yield from ranger(lignes, correspondance=traduction)


def enregistrements(
    fichier: BinaryIO, *, correspondance: Mapping[str, str] = SYNONYMES
) -> Generator[tuple[int, list[str]], None, None]:
    """Chaque ligne du tableau, numérotée, en-tête compris."""
    texte = ouvrir(fichier)
    try:
        separateur = _separateur(next(_lignes(texte), ""), correspondance)
        texte.seek(0)
        yield from _enregistrements(texte, separateur)
    finally:
        with suppress(ValueError):  # déjà fermé par qui nous a laissés en chemin
            texte.detach()  # le fichier appartient à qui nous l'a donné


def _separateur(entete: str, correspondance: Mapping[str, str]) -> str:
    """Celui qui fait reconnaître le plus de colonnes ; à égalité celui qui en fait le plus."""

    def nombre(separateur: str) -> tuple[int, int]:
        titres = next(csv.reader([entete], delimiter=separateur), [])
        return len(set(reconnues(titres, correspondance)) - {""}), len(titres)

    return max(SEPARATEURS, key=nombre)


def _enregistrements(texte: TextIO, separateur: str) -> Iterator[tuple[int, list[str]]]:
    lecteur = csv.reader(_lignes(texte), delimiter=separateur, strict=True)
    while True:
        numero = lecteur.line_num + 1
        try:
            cellules = next(lecteur)
        except StopIteration:
            return
        except csv.Error:
            raise FichierRefuse(
                f"Ligne {numero} : des guillemets sont mal fermés ; la suite du fichier ne peut pas être lue."
            ) from None
        yield numero, cellules


def _lignes(texte: TextIO) -> Iterator[str]:
    numero = 0
    while ligne := texte.readline(CARACTERES_PAR_LIGNE + 1):
        numero += 1
        if len(ligne) > CARACTERES_PAR_LIGNE:
            raise FichierRefuse(
                f"Ligne {numero} : plus de {CARACTERES_PAR_LIGNE} caractères ; ce n'est pas un tableau de factures."
            )
        yield ligne
