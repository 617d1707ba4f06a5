"""Ce qu'une cellule peut contenir, et un texte que le tableur ne prendra jamais pour une formule."""

import re
from datetime import date, datetime
from decimal import Decimal

Valeur = str | bool | int | Decimal | datetime | date | None

# Ce qui, en tête, fait une formule ou y mène : les signes, leurs jumeaux pleine chasse, et les blancs qui les cachent.
FORMULES = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Ni XML ni un tableur n'en veulent : les caractères de commande, NUL le premier, et les moitiés de paires.
_RETOURS = re.compile("\r\n?")
_INTERDITS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def neutraliser(texte: str) -> str:
    """Le texte, précédé d'une apostrophe si un tableur devait le prendre pour une formule.

    Une apostrophe déjà là en reçoit une autre : ``restaurer`` rend le texte de départ, aux fins de ligne près.
    """
    propre = _INTERDITS.sub("", _RETOURS.sub("\n", texte))
    return f"'{propre}" if propre.lstrip("'").startswith(FORMULES) else propre


def restaurer(texte: str) -> str:
    """L'inverse de ``neutraliser``."""
    return texte[1:] if texte.startswith("'") and texte.lstrip("'").startswith(FORMULES) else texte
