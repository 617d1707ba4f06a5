"""La référence d'un titre ou d'un article de rôle, telle que PayFiP l'attend (payfip.md §2.5)."""

import re
from collections.abc import Mapping
from typing import Any

_RECETTE = re.compile("[A-Z]{2}")


def composer(mode: str, parties: Mapping[str, Any]) -> str:
    """Titre : exercice, pièce sur 8, ligne sur 6 (18 chiffres). Rôle : exercice, code recette, 00, dette sur 13.

    Vide s'il manque une partie, ou si le service est une régie : sa référence est libre, seul le fichier la dit.
    """
    exercice = parties["exercice"]
    if exercice is None:
        return ""
    if mode == "titre":
        return _assembler(f"{exercice:04d}", (parties["piece"], 8), (parties["ligne"], 6))
    if mode == "role" and _RECETTE.fullmatch(parties["code_recette"]):
        return _assembler(f"{exercice:04d}{parties['code_recette']}00", (parties["dette"], 13))
    return ""


def _assembler(debut: str, *nombres: tuple[str, int]) -> str:
    """Les nombres à la suite, complétés de zéros à gauche ; vide si l'un n'en est pas un, ou ne tient pas."""
    if not all(re.fullmatch(f"[0-9]{{1,{chiffres}}}", nombre) for nombre, chiffres in nombres):
        return ""
    return debut + "".join(nombre.zfill(chiffres) for nombre, chiffres in nombres)
