"""Le classeur d'Excel : la première feuille visible, lue en continu, sans croire les dimensions qu'elle annonce."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Self

from openpyxl import load_workbook

from factures.imports.classeurs import (
    ILLISIBLE,
    LIGNES_MAXIMUM,
    VIDES_MAXIMUM,
    Formule,
    NonDits,
    Valeur,
    en_texte,
    ouvrir,
    sans_fin_vide,
)
from factures.imports.rangees import FichierRefuse, Rangee
from factures.imports.tableaux import COLONNES_MAXIMUM, ranger

# Une ligne cachée qui a des cellules ; les noms peuvent avoir un préfixe.
_CACHEE = re.compile(rb'<(?:\w+:)?row\s(?:[^>]*\s)?hidden="(?:1|true)"[^>]*>\s*<(?:\w+:)?c[\s/>]')
_BALISE_MAXIMUM = 4096


def lire(fichier: BinaryIO, *, correspondance: Mapping[str, str] | None = None) -> Iterator[Rangee]:
    """Les rangées du classeur ; ``FichierRefuse`` s'il n'est pas un tableau de factures."""
    yield from ranger(enregistrements(fichier), correspondance=correspondance or {}, en_texte=en_texte)


def enregistrements(fichier: BinaryIO, non_dits: NonDits | None = None) -> Iterator[tuple[int, list[Valeur]]]:
    """Chaque ligne de la feuille, numérotée, en-tête compris."""
    ouvrir(fichier)
    vides = 0
    try:
        # Une formule reste une formule : la valeur gardée à côté d'elle peut être vieille.
        classeur = load_workbook(fichier, read_only=True, keep_links=False)
        feuille = _choisir(classeur.worksheets, non_dits or NonDits())
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


def _choisir(feuilles: list[Any], non_dits: NonDits) -> Any:
    """La première feuille visible, dont les rangées cachées seront comptées."""
    visibles = [feuille for feuille in feuilles if feuille.sheet_state == "visible"]
    non_dits.feuilles_cachees, non_dits.autres_feuilles = len(feuilles) - len(visibles), len(visibles) - 1
    choisie = visibles[0]
    ouvrir_la_source = choisie._get_source
    choisie._get_source = lambda: _Source(ouvrir_la_source(), non_dits)
    return choisie


class _Source:
    """Le XML d'une feuille, où l'on compte au passage les rangées cachées : en lecture continue, openpyxl les tait."""

    def __init__(self, flux: Any, non_dits: NonDits) -> None:
        self._flux, self._non_dits, self._reste = flux, non_dits, b""

    def read(self, octets: int = -1) -> bytes:
        morceau: bytes = self._flux.read(octets)
        texte = self._reste + morceau
        # L'avant-dernière balise : celle qui la suit, dont dépend le sens d'une ligne, est alors entière.
        coupe = max(texte.rfind(b"<", 0, max(texte.rfind(b"<"), 0)), len(texte) - _BALISE_MAXIMUM, 0)
        self._non_dits.rangees_cachees += sum(trouvee.start() < coupe for trouvee in _CACHEE.finditer(texte))
        self._reste = texte[coupe:]
        return morceau

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_erreur: object) -> None:
        self._flux.close()


def _borner(numero: int, vides: int) -> None:
    if numero > LIGNES_MAXIMUM or vides > VIDES_MAXIMUM:
        raise FichierRefuse(ILLISIBLE)


def _valeur(cellule: Any) -> Valeur:
    if cellule.data_type in {"f", "e"}:
        return Formule()
    valeur: Valeur = cellule.value
    return valeur
