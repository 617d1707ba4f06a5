"""Contraste de deux couleurs, selon WCAG 2.2 (critère 1.4.3 : 4,5 pour un texte)."""

import re

CONTRASTE_MINIMAL = 4.5
SEUIL_LINEAIRE = 0.04045
_HEXADECIMAL = re.compile(r"#[0-9a-fA-F]{6}")


def est_hexadecimale(couleur: str) -> bool:
    """Vrai pour ``#rrggbb`` exactement : la couleur finit dans une feuille de style."""
    return _HEXADECIMAL.fullmatch(couleur) is not None


def luminance(couleur: str) -> float:
    """Luminance relative (0 noir, 1 blanc) de ``#rrggbb``."""
    canaux = (int(couleur[i : i + 2], 16) / 255 for i in (1, 3, 5))
    lineaires = [c / 12.92 if c <= SEUIL_LINEAIRE else ((c + 0.055) / 1.055) ** 2.4 for c in canaux]
    return 0.2126 * lineaires[0] + 0.7152 * lineaires[1] + 0.0722 * lineaires[2]


def contraste(une: str, autre: str) -> float:
    """Rapport de contraste, de 1 à 21."""
    claire, sombre = sorted((luminance(une), luminance(autre)), reverse=True)
    return (claire + 0.05) / (sombre + 0.05)
