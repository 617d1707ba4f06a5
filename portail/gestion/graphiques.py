"""Des graphiques dessinés sur le serveur : des nombres à des longueurs entières. Python pur.

Un dessin n'a ni texte, ni couleur : les mots sont à côté, dans la page, et les couleurs viennent d'une classe CSS. Il
s'étire donc à la largeur qu'on lui donne sans que rien y devienne illisible.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

LARGEUR, HAUTEUR = 1000, 240
# Au-delà de tant de jours, on regroupe davantage.
PAR_JOUR, PAR_SEMAINE, PAR_MOIS = 31, 183, 5 * 366
SEMAINE = timedelta(days=7)
UN_JOUR = timedelta(days=1)


@dataclass(frozen=True)
class Segment:
    """Une part d'une barre."""

    classe: str
    x: int
    largeur: int


def segments(parts: Sequence[tuple[str, int]]) -> list[Segment]:
    """Les parts bout à bout ; leurs longueurs font exactement ``LARGEUR``, ou rien si tout est nul."""
    total = sum(nombre for _classe, nombre in parts)
    cumul, poses = 0, []
    for classe, nombre in parts if total else ():
        debut = LARGEUR * cumul // total
        cumul += nombre
        poses.append(Segment(classe, debut, LARGEUR * cumul // total - debut))
    return [segment for segment in poses if segment.largeur]


@dataclass(frozen=True)
class Barre:
    """Un tout et ses parts (classe, nombre), et la phrase qui les dit."""

    libelle: str
    parts: tuple[tuple[str, int], ...]
    description: str

    @property
    def segments(self) -> list[Segment]:
        """Ses parts, à dessiner."""
        return segments(self.parts)


@dataclass(frozen=True)
class Barres:
    """Une barre par ligne, toutes de la même longueur ; ``legende`` nomme chaque classe."""

    gabarit: ClassVar[str] = "gestion/_barres.html"
    en_traits: ClassVar[bool] = False
    largeur: ClassVar[int] = LARGEUR
    legende: tuple[tuple[str, str], ...]
    barres: tuple[Barre, ...]


@dataclass(frozen=True)
class Courbe:
    """Des lignes brisées sur les mêmes périodes ; ``series`` : les valeurs, parfois négatives, de chacune.

    ``repere`` dit en mots la valeur du haut du cadre.
    """

    gabarit: ClassVar[str] = "gestion/_courbe.html"
    en_traits: ClassVar[bool] = True
    largeur: ClassVar[int] = LARGEUR
    hauteur: ClassVar[int] = HAUTEUR
    legende: tuple[tuple[str, str], ...]
    periodes: tuple[str, ...]
    series: Mapping[str, Sequence[int]]
    description: str
    repere: str

    @property
    def haut(self) -> int:
        """La valeur du haut du cadre."""
        return max(0, *(valeur for serie in self.series.values() for valeur in serie))

    @property
    def bas(self) -> int:
        """La valeur du bas, sous zéro si l'on a rendu plus qu'on n'a reçu."""
        return min(0, *(valeur for serie in self.series.values() for valeur in serie))

    @property
    def zero(self) -> int:
        """La hauteur de la ligne de zéro."""
        return self._y(0)

    @property
    def lignes(self) -> Iterator[tuple[str, str]]:
        """La classe de chaque ligne, et ses points « x,y »."""
        for classe, serie in self.series.items():
            valeurs = serie if len(serie) > 1 else [*serie, *serie]  # un seul point ne se verrait pas
            pas = max(len(valeurs) - 1, 1)
            points = (f"{LARGEUR * rang // pas},{self._y(valeur)}" for rang, valeur in enumerate(valeurs))
            yield classe, " ".join(points)

    def _y(self, valeur: int) -> int:
        etendue = self.haut - self.bas
        return HAUTEUR * (self.haut - valeur) // etendue if etendue else HAUTEUR


@dataclass(frozen=True)
class Periode:
    """Un jour, une semaine, un mois ou une année ; ``du`` et ``au`` y sont tous les deux."""

    du: date
    au: date
    libelle: str


def decouper(du: date, au: date) -> list[Periode]:
    """De ``du`` à ``au`` sans trou ni recouvrement : par jour, semaine, mois ou année selon la durée."""
    periodes = []
    debut, suivante, ecrire = du, *_pas((au - du).days)
    while debut <= au:
        fin = min(suivante(debut) - UN_JOUR, au)
        periodes.append(Periode(debut, fin, ecrire(debut)))
        debut = fin + UN_JOUR
    return periodes


def _pas(jours: int) -> tuple[Callable[[date], date], Callable[[date], str]]:
    """Le premier jour de la période suivante, et comment s'écrit une période d'après son premier jour."""
    if jours < PAR_JOUR:
        return lambda jour: jour + UN_JOUR, lambda jour: f"{jour:%d/%m}"
    if jours < PAR_SEMAINE:
        return lambda jour: jour + SEMAINE - jour.weekday() * UN_JOUR, lambda jour: f"{jour:%d/%m}"
    if jours < PAR_MOIS:
        return lambda jour: (jour.replace(day=28) + SEMAINE).replace(day=1), lambda jour: f"{jour:%m/%Y}"
    return lambda jour: date(jour.year + 1, 1, 1), lambda jour: f"{jour:%Y}"
