"""Ce qu'un agent a tapé, lu de toutes les façons qui peuvent désigner quelque chose."""

import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Self
from uuid import UUID

from portail.reperes import SEPARATEURS, reduire

LONGUEUR, MOTS = 200, 8
_SANS_SEPARATEURS = str.maketrans("", "", SEPARATEURS)
_INVISIBLES = {
    "Cc": " ",
    "Cs": " ",
    "Zl": " ",
    "Zp": " ",
    "Cf": "",
}  # PostgreSQL refuserait un octet nul par une erreur
HEXADECIMAUX = 32


@dataclass(frozen=True)
class Terme:
    """Aucun texte n'est une erreur : au pire il ne désigne rien."""

    brut: str

    @classmethod
    def lire(cls, saisie: str) -> Self:
        """La saisie sans ce qui ne se voit pas, ni au-delà de ce que quelqu'un taperait."""
        visible = "".join(_INVISIBLES.get(unicodedata.category(signe), signe) for signe in saisie[: 4 * LONGUEUR])
        return cls(visible.strip()[:LONGUEUR].strip())

    @cached_property
    def mots(self) -> tuple[str, ...]:
        """Les débuts de mots d'un nom, réduits, sans répétition."""
        return tuple(dict.fromkeys(reduire(self.brut).split()))[:MOTS]

    @cached_property
    def compacts(self) -> tuple[str, ...]:
        """Le numéro ou la référence sans espaces ni tirets, tels que tapés, puis avec leurs signes ordinaires."""
        ordinaire = "".join(
            " " if signe.isspace() else "-" if unicodedata.category(signe) == "Pd" else signe
            for signe in unicodedata.normalize("NFKC", self.brut)
        )
        formes = (forme.translate(_SANS_SEPARATEURS) for forme in (self.brut, ordinaire))
        return tuple(filter(None, dict.fromkeys(formes)))

    @cached_property
    def est_un_courriel(self) -> bool:
        """Vrai si cela peut être une adresse mail."""
        debut, arobase, fin = self.brut.partition("@")
        return bool(debut and arobase and fin)

    @cached_property
    def uuid(self) -> UUID | None:
        """Un identifiant comme ceux de PayFiP, avec ou sans tirets."""
        compact = next(iter(self.compacts), "")
        try:
            return UUID(hex=compact) if len(compact) == HEXADECIMAUX else None
        except ValueError:
            return None
