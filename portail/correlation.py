"""Ce qui relie entre eux les faits d'une même requête ou d'une même tâche, et qui les a voulus."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import uuid4


@dataclass(frozen=True)
class Origine:
    """Une requête ou une tâche ; ``acteur`` rend la clé du compte connecté, None pour le travail de fond."""

    correlation: str
    acteur: Callable[[], int | None]


PERSONNE = Origine(correlation="", acteur=lambda: None)
_courante: ContextVar[Origine | None] = ContextVar("origine", default=None)


@contextmanager
def suivre(acteur: Callable[[], int | None], correlation: str = "") -> Iterator[Origine]:
    """Ouvre une origine nouvelle, jusqu'à la fin du bloc ; l'auteur n'est cherché que si un fait est noté."""
    origine = Origine(correlation=correlation or str(uuid4()), acteur=acteur)
    jeton = _courante.set(origine)
    try:
        yield origine
    finally:
        _courante.reset(jeton)


def reference() -> str:
    """De quoi retrouver la requête dans les traces et le journal, assez court pour être lu au téléphone."""
    return courante().correlation[:8]


def courante() -> Origine:
    """L'origine en cours, vide hors de toute requête."""
    return _courante.get() or PERSONNE
