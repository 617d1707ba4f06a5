"""Le bac à sable : un fichier venu d'ailleurs se lit dans un processus à part, borné en mémoire et en temps.

Ce processus n'a ni base, ni réglages, ni secret : seulement les fichiers qu'on lui tend. Une bombe n'emporte que lui.
"""

from factures.imports.bac.guichet import lire_le_retour, lire_les_recus, verifier_le_document
from factures.imports.bac.parent import Comprise, Convention, Entete, Lecture, Pieces, ouvrir_lecture

__all__ = [
    "Comprise",
    "Convention",
    "Entete",
    "Lecture",
    "Pieces",
    "lire_le_retour",
    "lire_les_recus",
    "ouvrir_lecture",
    "verifier_le_document",
]
