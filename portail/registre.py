"""Ce que les apps d'en haut déclarent au rez-de-chaussée, dans ``AppConfig.ready()``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise


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


@dataclass(frozen=True)
class Contenu:
    """Ce que dit un courriel : son sujet, et de quoi remplir ses gabarits."""

    sujet: Promise
    valeurs: dict[str, Any]


@dataclass(frozen=True)
class SorteDeCourriel:
    """Un genre de courriel : ses gabarits, et ce qu'il dit au moment où l'ouvrier l'envoie.

    ``composer(collectivite, contexte)`` rend None s'il n'y a plus rien à dire. Les jetons se créent là, jamais avant :
    ``contexte`` dort en base.
    """

    nom: str
    texte: str
    html: str
    composer: Callable[[Any, Mapping[str, Any]], Contenu | None]


_sortes: dict[str, SorteDeCourriel] = {}


def declarer_courriel(sorte: SorteDeCourriel) -> None:
    """Inscrit une sorte de courriel, que ``courriels.deposer`` accepte ensuite."""
    _sortes[sorte.nom] = sorte


def sorte_de_courriel(nom: str) -> SorteDeCourriel:
    """La sorte de ce nom ; KeyError si aucune app ne l'a déclarée."""
    return _sortes[nom]
