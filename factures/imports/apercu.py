"""Les premières lignes d'un fichier, telles quelles, avant d'avoir décidé de ses colonnes ; puis la suite."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, islice
from typing import Any, BinaryIO

from factures.imports import lecteur_csv, lecteur_ods, lecteur_xlsx
from factures.imports.classeurs import Formule, NonDits, en_texte
from factures.imports.rangees import Rangee
from factures.imports.tableaux import pleines, ranger, titres_de

SIGNES_MONTRES = 80

Numerotees = Iterator[tuple[int, Sequence[Any]]]

# Les tableaux, dont l'en-tête peut être n'importe lequel : qui les lit, et qui met leurs cellules en texte.
TABLEAUX: dict[str, tuple[Callable[[BinaryIO, NonDits], Numerotees], Callable[[str, Any], str] | None]] = {
    "csv": (lambda fichier, _non_dits: lecteur_csv.enregistrements(fichier), None),
    "ods": (lecteur_ods.enregistrements, en_texte),
    "xlsx": (lecteur_xlsx.enregistrements, en_texte),
}


@dataclass(frozen=True)
class Apercu:
    """``titres`` est vide si le format n'a pas d'en-tête à comprendre ; ``rangees`` lit tout, ces lignes comprises."""

    titres: list[str]
    lignes: list[list[str]]
    rangees: Callable[[Mapping[str, str], Mapping[str, str]], Iterator[Rangee]]
    non_dits: NonDits = field(default_factory=NonDits)  # complet quand tout est lu


def d_un_tableau(fichier: BinaryIO, nom: str, combien: int) -> Apercu:
    """``FichierRefuse`` s'il est vide ou illisible."""
    enregistrements, texte = TABLEAUX[nom]
    non_dits = NonDits()
    suite = pleines(enregistrements(fichier, non_dits))
    titres = titres_de(suite)
    premieres = list(islice(suite, combien))

    def rangees(correspondance: Mapping[str, str], constantes: Mapping[str, str]) -> Iterator[Rangee]:
        tout: Numerotees = chain([(0, titres)], premieres, suite)
        return ranger(tout, correspondance=correspondance, constantes=constantes, en_texte=texte)

    lignes = [[_montrer(c) for c in cellules[: len(titres)]] for _, cellules in premieres]
    return Apercu([_montrer(titre) for titre in titres], lignes, rangees, non_dits)


def d_un_format_fixe(suite: Iterator[Rangee], combien: int) -> Apercu:
    """Rien à y comprendre : ses colonnes sont déjà les nôtres."""
    premieres = list(islice(suite, combien))
    return Apercu([], [], lambda _correspondance, _constantes: chain(premieres, suite))


def _montrer(cellule: object) -> str:
    if cellule is None:
        return ""
    if isinstance(cellule, Formule):
        return "(formule)"
    texte = f"{cellule:%d/%m/%Y}" if isinstance(cellule, date) else " ".join(str(cellule).split())
    return texte if len(texte) <= SIGNES_MONTRES else f"{texte[: SIGNES_MONTRES - 1]}…"
