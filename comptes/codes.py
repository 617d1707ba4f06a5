"""Les codes d'activation imprimés : tirés au hasard, écrits pour être recopiés à la main par n'importe qui."""

import re
import secrets
import unicodedata

# Ni 0, O, 1, I et L, qui se confondent ; ni B, G, S et Z, qui se lisent 8, 6, 5 et 2 ; ni voyelle, qui ferait un mot.
ALPHABET = "23456789CDFHJKMNPQRTVWXY"
LONGUEUR, GROUPE = 12, 4
_RELUS = str.maketrans("BGSZ", "8652")
_SEPARATEURS = re.compile(r"[\W_]+")


class CodeIllisible(ValueError):
    """Ce qui a été tapé ne peut pas être un code : une lettre de trop, de moins, ou qui n'y figure jamais."""


def tirer() -> str:
    """Un code neuf, sans tirets."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LONGUEUR))


def presenter(code: str) -> str:
    """« 7K4M-Q2XH-9RWT » : par groupes, comme sur le courrier."""
    return "-".join(code[debut : debut + GROUPE] for debut in range(0, LONGUEUR, GROUPE))


def relire(saisie: str) -> str:
    """Les signes tapés, sans ce qui ne compte pas : ni la casse, ni les tirets, ni les espaces, ni B pour 8."""
    return _SEPARATEURS.sub("", unicodedata.normalize("NFKC", saisie)).upper().translate(_RELUS)


def lire(saisie: str) -> str:
    """Le code tel qu'il a été tiré, quels que soient la casse, les tirets et les espaces tapés. CodeIllisible sinon."""
    code = relire(saisie)
    if len(code) != LONGUEUR or not set(code) <= set(ALPHABET):
        raise CodeIllisible
    return code


def lire_client(saisie: str) -> str:
    """Le code client sans ce qui ne compte pas : ni la casse, ni les espaces autour."""
    return unicodedata.normalize("NFKC", saisie).strip().upper()
