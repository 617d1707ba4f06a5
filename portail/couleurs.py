"""Contraste de deux couleurs, selon WCAG 2.2, et les nuances d'une couleur de commune qui restent lisibles partout."""

import re
from collections.abc import Iterable

CONTRASTE_MINIMAL = 4.5  # critère 1.4.3, pour un texte
SEUIL_LINEAIRE = 0.04045
BLANC, NOIR = "#ffffff", "#000000"
PAS = 20  # une nuance avance vers le blanc ou le noir par vingtièmes
_HEXADECIMAL = re.compile(r"#[0-9a-fA-F]{6}")


def est_hexadecimale(couleur: str) -> bool:
    """Vrai pour ``#rrggbb`` exactement : la couleur finit dans une feuille de style."""
    return _HEXADECIMAL.fullmatch(couleur) is not None


def luminance(couleur: str) -> float:
    """Luminance relative (0 noir, 1 blanc) de ``#rrggbb``."""
    lineaires = [c / 12.92 if c <= SEUIL_LINEAIRE else ((c + 0.055) / 1.055) ** 2.4 for c in _canaux(couleur)]
    return 0.2126 * lineaires[0] + 0.7152 * lineaires[1] + 0.0722 * lineaires[2]


def contraste(une: str, autre: str) -> float:
    """Rapport de contraste, de 1 à 21."""
    claire, sombre = sorted((luminance(une), luminance(autre)), reverse=True)
    return (claire + 0.05) / (sombre + 0.05)


def melanger(couleur: str, vers: str, part: float) -> str:
    """``couleur`` avancée de ``part`` (0 à 1) vers une autre."""
    melange = (c + (v - c) * part for c, v in zip(_canaux(couleur), _canaux(vers), strict=True))
    return "#" + "".join(f"{round(c * 255):02x}" for c in melange)


def lisible(couleur: str, *, vers: str, sur: Iterable[str]) -> str:
    """La nuance la plus proche de ``couleur``, avancée vers le blanc ou le noir, qui se lit sur chacun de ces fonds."""
    fonds = tuple(sur)
    nuances = (melanger(couleur, vers, rang / PAS) for rang in range(PAS + 1))
    return next(n for n in nuances if all(contraste(n, fond) >= CONTRASTE_MINIMAL for fond in fonds))


def _canaux(couleur: str) -> list[float]:
    """Rouge, vert et bleu, de 0 à 1."""
    return [int(couleur[i : i + 2], 16) / 255 for i in (1, 3, 5)]
