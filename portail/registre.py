"""Ce que les apps d'en haut déclarent au rez-de-chaussée, dans ``AppConfig.ready()``."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Periodique:
    """Une tâche (nom pointé) et sa période, lue à chaque tour : un réglage peut la changer."""

    tache: str
    secondes: Callable[[], int]


_periodiques: dict[str, Periodique] = {}


def declarer(periodique: Periodique) -> None:
    """Inscrit une tâche périodique ; l'inscrire deux fois revient à l'inscrire une fois."""
    _periodiques[periodique.tache] = periodique


def periodiques() -> list[Periodique]:
    """Les tâches périodiques de toutes les apps."""
    return list(_periodiques.values())


_verifications: dict[str, Callable[[], bool]] = {}


def declarer_verification(nom: str, verifier: Callable[[], bool]) -> None:
    """Une condition pour que l'installation soit prête (``/sante/pret``)."""
    _verifications[nom] = verifier


def verifications() -> dict[str, Callable[[], bool]]:
    """Les conditions de toutes les apps, par nom."""
    return dict(_verifications)
