"""Ce que les apps d'en haut déclarent au rez-de-chaussée, dans ``AppConfig.ready()``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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


_chiffres: dict[str, Callable[[], int]] = {}


def declarer_chiffre(nom: str, compter: Callable[[], int]) -> None:
    """Ce qui demande de l'attention sans empêcher de servir (``manage.py sante``)."""
    _chiffres[nom] = compter


def chiffres() -> dict[str, Callable[[], int]]:
    """Les comptes de toutes les apps, par nom."""
    return dict(_chiffres)


@dataclass(frozen=True)
class Exigence:
    """Ce qu'il faut à une commune pour ouvrir son portail : ``remplie(commune)``, et ``ou(commune)`` la remplir."""

    nom: str
    libelle: Promise | str
    remplie: Callable[[Any], bool]
    ou: Callable[[Any], str]


_exigences: dict[str, Exigence] = {}


def declarer_exigence(exigence: Exigence) -> None:
    """Inscrit ce qu'il faut pour ouvrir ; l'inscrire deux fois revient à l'inscrire une fois."""
    _exigences[exigence.nom] = exigence


def exigences() -> list[Exigence]:
    """Celles de toutes les apps."""
    return list(_exigences.values())


@dataclass(frozen=True)
class Contenu:
    """Ce que dit un courriel : son sujet, de quoi remplir ses gabarits, et ce que valent ses emplacements."""

    sujet: Promise
    valeurs: dict[str, Any]
    emplacements: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SorteDeCourriel:
    """Un genre de courriel : ses gabarits, et ce qu'il dit au moment où l'ouvrier l'envoie.

    ``composer(collectivite, contexte)`` rend None s'il n'y a plus rien à dire. Les jetons se créent là, jamais avant :
    ``contexte`` dort en base.

    Une commune en change le sujet, l'introduction et la signature s'il a un ``exemple(collectivite)``, ce qu'il dirait
    dans un aperçu ; alors ``libelle`` le nomme et ``emplacements`` s'ajoutent à ceux de tous (leur nom et leur sens).
    """

    nom: str
    texte: str
    html: str
    composer: Callable[[Any, Mapping[str, Any]], Contenu | None]
    libelle: Promise | str = ""
    emplacements: Mapping[str, Promise | str] = field(default_factory=dict)
    exemple: Callable[[Any], Contenu] | None = None


_sortes: dict[str, SorteDeCourriel] = {}


def declarer_courriel(sorte: SorteDeCourriel) -> None:
    """Inscrit une sorte de courriel, que ``courriels.deposer`` accepte ensuite."""
    _sortes[sorte.nom] = sorte


def sorte_de_courriel(nom: str) -> SorteDeCourriel:
    """La sorte de ce nom ; KeyError si aucune app ne l'a déclarée."""
    return _sortes[nom]


def sortes_de_courriel() -> list[SorteDeCourriel]:
    """Celles de toutes les apps."""
    return list(_sortes.values())


_suites_d_acces: dict[str, Callable[[Any, Any], None]] = {}


def declarer_suite_d_acces(nom: str, suivre: Callable[[Any, Any], None]) -> None:
    """Ce que fait une app quand l'accès d'un agent (un compte, une commune) se réduit, dans la même transaction."""
    _suites_d_acces[nom] = suivre


def suites_d_acces() -> list[Callable[[Any, Any], None]]:
    """Celles de toutes les apps."""
    return list(_suites_d_acces.values())


_demonstrations: dict[str, Callable[[], None]] = {}


def declarer_demonstration(nom: str, raconter: Callable[[], None]) -> None:
    """Ce qu'une app ajoute aux données de démonstration ; appelée à chaque démarrage, elle ne refait rien."""
    _demonstrations[nom] = raconter


def demonstrations() -> list[Callable[[], None]]:
    """Celles de toutes les apps."""
    return list(_demonstrations.values())
