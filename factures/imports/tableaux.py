"""L'en-tête d'un tableau (CSV, XLSX, ODS), et ses rangées rangées sous nos colonnes."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar, cast

from factures.imports.rangees import FACTURES, Entete, FichierRefuse, Rangee
from factures.imports.valeurs import ValeurRefusee

COLONNES_MAXIMUM = 200

V = TypeVar("V")
Correspondance = Mapping[str, str]  # un titre de leur tableau → une de nos colonnes
_AUCUNE: Correspondance = MappingProxyType({})


def normaliser(titre: str) -> str:
    """« Date d'émission » → « date_d_emission »."""
    sans_accent = unicodedata.normalize("NFKD", titre).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", sans_accent.lower()).strip("_")


def reconnues(titres: Sequence[str], correspondance: Correspondance, entete: Entete = FACTURES) -> list[str]:
    """Notre colonne sous chacun de leurs titres ; vide pour celles dont nous ne voulons pas."""
    noms = {normaliser(titre): colonne for titre, colonne in correspondance.items()}
    trouvees = (noms.get(titre, titre) for titre in map(normaliser, titres))
    return [nom if nom in entete.connues else "" for nom in trouvees]


def ranger(
    numerotees: Iterable[tuple[int, Sequence[V]]],
    *,
    correspondance: Correspondance,
    constantes: Correspondance = _AUCUNE,
    en_texte: Callable[[str, V], str] | None = None,
    entete: Entete = FACTURES,
) -> Iterator[Rangee]:
    """Les rangées sous l'en-tête, sans les lignes vides ni les colonnes inconnues (on ne garde que l'utile).

    ``constantes`` : la valeur, la même à chaque ligne, de colonnes que le fichier n'a pas.
    ``en_texte`` dit une cellule typée en texte, selon sa colonne ; sans elle, les cellules sont déjà du texte et une
    ligne plus courte que l'en-tête a pu être coupée.
    """
    suite = pleines(numerotees)
    colonnes = _colonnes(titres_de(suite), correspondance, constantes, entete)
    for numero, cellules in suite:
        if en_texte is None:
            rangee = _rangee(numero, cast("Sequence[str]", cellules), colonnes)
        else:
            rangee = _rangee_typee(numero, cellules, colonnes, en_texte)
        yield replace(rangee, cellules={**constantes, **rangee.cellules}) if constantes else rangee


def pleines(numerotees: Iterable[tuple[int, Sequence[V]]]) -> Iterator[tuple[int, Sequence[V]]]:
    """Sans les lignes vides."""
    return ((numero, cellules) for numero, cellules in numerotees if any(map(_pleine, cellules)))


def titres_de(suite: Iterator[tuple[int, Sequence[V]]]) -> list[str]:
    """La première ligne, que ``suite`` n'aura plus ; ``FichierRefuse`` s'il n'y en a pas."""
    premiere = next(suite, None)
    if premiere is None:
        raise FichierRefuse("Ce fichier est vide.")
    if len(premiere[1]) > COLONNES_MAXIMUM:
        raise FichierRefuse(f"Ce fichier a plus de {COLONNES_MAXIMUM} colonnes : ce n'est pas un tableau de factures.")
    return [_titre(cellule) for cellule in premiere[1]]


def _pleine(cellule: object) -> bool:
    return bool(cellule.strip()) if isinstance(cellule, str) else cellule is not None


def _titre(cellule: object) -> str:
    return cellule if isinstance(cellule, str) else ""


def _colonnes(
    titres: Sequence[str], correspondance: Correspondance, constantes: Correspondance, entete: Entete
) -> list[str]:
    colonnes = reconnues(titres, correspondance, entete)
    doubles = sorted({nom for nom in colonnes if nom and colonnes.count(nom) > 1})
    if doubles:
        raise FichierRefuse(f"Une colonne est là deux fois : {', '.join(doubles)}.")
    manquantes = [nom for nom in entete.obligatoires if nom not in colonnes and nom not in constantes]
    if manquantes:
        attendue = ";".join(entete.colonnes)
        raise FichierRefuse(
            f"Il manque des colonnes : {', '.join(manquantes)}. La première ligne attendue est {attendue}."
        )
    return colonnes


def _rangee(numero: int, cellules: Sequence[str], colonnes: list[str]) -> Rangee:
    """Une ligne plus courte que l'en-tête a pu être coupée : on ne devine pas ce qu'elle disait."""
    en_trop = any(map(str.strip, cellules[len(colonnes) :]))
    if en_trop or len(cellules) < len(colonnes):
        nombre = f"{len(cellules)} cellules au lieu de {len(colonnes)}"
        return Rangee(numero, _cellules(cellules, colonnes), f"la ligne a {nombre} ; est-elle entière ?")
    return Rangee(numero, _cellules(cellules, colonnes))


def _rangee_typee(numero: int, cellules: Sequence[V], colonnes: list[str], en_texte: Callable[[str, V], str]) -> Rangee:
    """Un tableur n'écrit pas les dernières cellules vides : une ligne courte y est entière."""
    if any(map(_pleine, cellules[len(colonnes) :])):
        return Rangee(numero, {}, "la ligne a plus de cellules que l'en-tête.")
    textes, defauts = {}, []
    for nom, cellule in zip(colonnes, cellules, strict=False):
        try:
            textes.update({nom: en_texte(nom, cellule)} if nom else {})
        except ValeurRefusee as refus:
            defauts.append(str(refus))
    return Rangee(numero, textes, " ".join(defauts))


def _cellules(cellules: Sequence[str], colonnes: list[str]) -> dict[str, str]:
    return {nom: cellule for nom, cellule in zip(colonnes, cellules, strict=False) if nom}
