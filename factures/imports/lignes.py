"""Une rangée de texte devient une ``Ligne`` typée, ou la liste de ce qui ne va pas."""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, Self

from factures.imports import valeurs
from factures.imports.rangees import COLONNES, OBLIGATOIRES, PARTIES, REPERE, Rangee
from factures.imports.valeurs import ValeurRefusee

LONGUEURS = {
    "source": 20,
    "code_redevable": 40,
    "nom": 80,
    "prenom": 80,
    "adresse": 200,
    "code_postal": 10,
    "ville": 80,
    "courriel": 254,
    "numero": 40,
    "reference": 40,
    "objet": 160,
    "fichier_pdf": 255,
    "code_recette": 4,
    "periode": 2,
    "piece": 8,
    "ligne": 6,
    "dette": 15,
}
CITATION = 60  # au-delà, une phrase ne se lit plus

_RELU_DE_TRAVERS = re.compile("[ÂÃÄÅâ][\x80-\xff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")


@dataclass(frozen=True, slots=True)
class Ligne:
    """Une facture telle que le fichier la dit ; ce qu'il ne dit pas est vide ou ``None``."""

    numero_de_ligne: int
    source: str
    code_redevable: str
    nom: str
    prenom: str
    adresse: str
    code_postal: str
    ville: str
    courriel: str
    numero: str
    reference: str
    exercice: int | None
    objet: str
    montant: Decimal
    date_emission: date
    date_echeance: date | None
    date_limite_en_ligne: date | None
    date_prelevement: date | None
    fichier_pdf: str
    code_recette: str = ""
    periode: str = ""
    piece: str = ""
    ligne: str = ""
    dette: str = ""

    def en_json(self) -> list[Any]:
        """Ses valeurs, pour passer d'un processus à l'autre."""
        return [v if v is None or isinstance(v, int) else str(v) for v in (getattr(self, nom) for nom in _CHAMPS)]

    @classmethod
    def depuis_json(cls, lues: list[Any]) -> Self:
        """Celle que ``en_json`` a dite."""
        valeurs_lues = dict(zip(_CHAMPS, lues, strict=True))
        for nom in _DATES:
            valeurs_lues[nom] = date.fromisoformat(valeurs_lues[nom]) if valeurs_lues[nom] else None
        return cls(**valeurs_lues | {"montant": Decimal(valeurs_lues["montant"])})


_CHAMPS = tuple(champ.name for champ in fields(Ligne))
_DATES = tuple(nom for nom in _CHAMPS if nom.startswith("date_"))


@dataclass(frozen=True, slots=True)
class Rejet:
    """Ce qui empêche une ligne d'entrer ; ``champ`` est vide quand toute la ligne est en cause."""

    numero_de_ligne: int
    champ: str
    motif: str

    @property
    def phrase(self) -> str:
        """« Ligne 12 : le montant « 12.3.4 » n'est pas un nombre. »"""
        return f"Ligne {self.numero_de_ligne} : {self.motif}"


_VALEURS: dict[str, Callable[[str], Any]] = {
    "montant": valeurs.montant,
    "exercice": valeurs.exercice,
    "courriel": valeurs.courriel,
    **dict.fromkeys(("date_emission", "date_echeance", "date_limite_en_ligne", "date_prelevement"), valeurs.jour),
}
_ABSENTES = {champ: "" if champ in LONGUEURS else None for champ in COLONNES + PARTIES}


def interpreter(rangee: Rangee, *, obligatoires: tuple[str, ...] = OBLIGATOIRES) -> Ligne | tuple[Rejet, ...]:
    """La ligne, ou tous ses défauts à la fois : on ne corrige pas un fichier une erreur après l'autre."""
    if rangee.defaut:
        return (Rejet(rangee.numero, "", rangee.defaut),)
    lues: dict[str, Any] = dict(_ABSENTES)
    rejets: list[Rejet] = []
    for champ, texte in rangee.cellules.items():
        if champ == REPERE:
            continue
        try:
            lues[champ] = _valeur(champ, texte)
        except ValeurRefusee as refus:
            rejets.append(Rejet(rangee.numero, champ, str(refus)))
    refuses = {rejet.champ for rejet in rejets}
    vides = (champ for champ in obligatoires if lues[champ] in {"", None} and champ not in refuses)
    rejets += [Rejet(rangee.numero, champ, f"la colonne « {champ} » est vide.") for champ in vides]
    return tuple(rejets) or Ligne(rangee.numero, **lues)


def _valeur(champ: str, texte: str) -> object:
    propre = _propre(champ, texte) if texte else ""
    if not propre:
        return _ABSENTES[champ]
    if len(propre) > LONGUEURS.get(champ, CITATION):
        raise ValeurRefusee(
            f"« {propre[:CITATION]}… » est trop long pour la colonne « {champ} » "
            f"({LONGUEURS.get(champ, CITATION)} caractères au plus)."
        )
    lire = _VALEURS.get(champ)
    return lire(propre) if lire else propre


def _propre(champ: str, texte: str) -> str:
    """Sans espaces inutiles, insécables compris ; une adresse garde ses lignes."""
    if champ == "adresse" and ("\n" in texte or "\r" in texte):
        propre = "\n".join(filter(None, (" ".join(ligne.split()) for ligne in texte.splitlines())))
    else:
        propre = " ".join(texte.split())
    if propre.isascii() and propre.isprintable():
        return propre
    if not propre.replace("\n", "").isprintable() or "\ufffd" in propre:
        raise ValeurRefusee(f"la colonne « {champ} » contient un caractère illisible ; retapez-la.")
    if _RELU_DE_TRAVERS.search(propre) and _est_relu_de_travers(propre):
        raise ValeurRefusee(
            f"« {propre[:CITATION]} » mélange deux encodages ; exportez de nouveau le fichier en UTF-8."
        )
    return propre


def _est_relu_de_travers(texte: str) -> bool:
    """Vrai pour « Ã‰lodie » : de l'UTF-8 que quelqu'un a lu comme du Windows-1252."""
    try:
        return not texte.encode("cp1252").decode("utf-8").isascii()
    except UnicodeError:
        return False
