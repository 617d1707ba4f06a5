"""La référence d'un titre ou d'un article de rôle, telle que PayFiP l'attend (payfip.md §2.5)."""

import re
import string
from collections.abc import Mapping
from typing import Any
from uuid import UUID

LIBRE_MAXIMUM = 30

SIGNES = string.digits + string.ascii_uppercase
_RECETTE = re.compile("[A-Z]{2}")


def composer(mode: str, parties: Mapping[str, Any], *, dette_sur_13: bool = True) -> str:
    """Titre : exercice, pièce sur 8, ligne sur 6 (18 chiffres). Rôle : exercice, code recette, 00, dette sur 13.

    Aucun document lu ne dit si la dette se complète à 13 chiffres : le contrat peut dire que non.

    Celle d'une régie est libre : seul un fichier la dit, ou le ``numero`` de la facture écrite à la main. Vide s'il
    manque de quoi la composer.
    """
    if mode == "regie":
        return _libre(parties.get("numero", ""))
    exercice = parties["exercice"]
    if exercice is None:
        return ""
    if mode == "titre":
        return _assembler(f"{exercice:04d}", (parties["piece"], 8), (parties["ligne"], 6))
    if mode == "role" and _RECETTE.fullmatch(parties["code_recette"]):
        return _assembler(f"{exercice:04d}{parties['code_recette']}00", (parties["dette"], 13), complete=dette_sur_13)
    return ""


def d_essai(mode: str, *, dette_sur_13: bool = True) -> tuple[str, str]:
    """L'exercice et la référence que PayFiP réserve aux essais d'un titre ou d'un rôle."""
    if mode == "role":
        return "9999", "99999999" + "0" * (13 if dette_sur_13 else 10)
    return "9999", "999900000000999999"


def _libre(numero: str) -> str:
    """Le numéro sans ce que PayFiP refuse, complété à six signes ; vide au-delà de trente."""
    signes = re.sub("[^A-Z0-9]", "", numero.upper()).rjust(6, "0") if numero else ""
    return signes if len(signes) <= LIBRE_MAXIMUM else ""


def _assembler(debut: str, *nombres: tuple[str, int], complete: bool = True) -> str:
    """Les nombres à la suite, complétés de zéros à gauche ; vide si l'un n'en est pas un, ou ne tient pas."""
    if not all(re.fullmatch(f"[0-9]{{1,{chiffres}}}", nombre) for nombre, chiffres in nombres):
        return ""
    return debut + "".join(nombre.zfill(chiffres if complete else 0) for nombre, chiffres in nombres)


def groupee(identifiant: UUID) -> str:
    """Celle d'un paiement de plusieurs factures, 26 signes : unique comme l'identifiant, qui l'est en base."""
    signes, reste = "", identifiant.int
    while reste:
        reste, rang = divmod(reste, len(SIGNES))
        signes = SIGNES[rang] + signes
    return f"G{signes.zfill(25)}"
