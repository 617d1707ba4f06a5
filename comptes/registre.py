"""Ce que chaque app sait d'un compte : sa part d'une copie, et d'une fermeture. Inscrit dans ``AppConfig.ready()``."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import IO, Any

from django.utils.functional import Promise


@dataclass(frozen=True)
class Piece:
    """Un fichier de la copie. ``cle`` croît d'une pièce à la suivante : c'est là qu'on reprend.

    ``ouvrir`` lève DocumentImpossible ou OSError si le fichier est perdu : la copie se fait sans lui, et le dit.
    """

    cle: int
    nom: str
    ouvrir: Callable[[], IO[bytes]]


def sans_piece(_usager: Any, _chez: Any, _apres: int) -> Iterable[Piece]:
    """La plupart des rubriques n'ont pas de fichier."""
    return ()


@dataclass(frozen=True)
class Rubrique:
    """Des lignes de même genre : ``lignes(usager, commune)``, et ``pieces(usager, commune, après cette clé)``.

    Rien qu'une personne ne voie déjà sur le portail, rien d'une autre, aucun secret. Tout s'y lit par paquets.
    """

    nom: str
    libelle: Promise | str
    lignes: Callable[[Any, Any], Iterable[Mapping[str, Any]]]
    pieces: Callable[[Any, Any, int], Iterable[Piece]] = sans_piece


_rubriques: dict[str, Rubrique] = {}


def declarer_rubrique(rubrique: Rubrique) -> None:
    """L'inscrire deux fois revient à l'inscrire une fois."""
    _rubriques[rubrique.nom] = rubrique


def rubriques() -> list[Rubrique]:
    """Celles de toutes les apps, dans l'ordre où la copie les range."""
    return list(_rubriques.values())


# D'une personne et d'une commune (ou None : partout) à une phrase, vide s'il n'y a rien à dire.
Phrase = Callable[[Any, Any], str]


def _rien(_usager: Any, _chez: Any) -> str:
    return ""


@dataclass(frozen=True)
class Fermeture:
    """Ce qu'une app en dit et en fait.

    ``empeche`` : pourquoi pas maintenant. ``suite`` : ce qui continuera sans la personne, à lui dire avant, dans une
    commune. ``effacer`` : dans la transaction, tant que le compte dit encore à qui il est.
    """

    empeche: Phrase = _rien
    suite: Phrase = _rien
    effacer: Callable[[Any], None] = lambda _usager: None


_fermetures: dict[str, Fermeture] = {}


def declarer_fermeture(nom: str, fermeture: Fermeture) -> None:
    """Inscrit ce qu'en sait une app ; l'inscrire deux fois revient à l'inscrire une fois."""
    _fermetures[nom] = fermeture


def fermetures() -> list[Fermeture]:
    """Celles de toutes les apps."""
    return list(_fermetures.values())
