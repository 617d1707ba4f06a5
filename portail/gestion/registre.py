"""Ce que les apps montrent et permettent dans la gestion ; elles s'y inscrivent au démarrage, dans leur ``admin``.

Un modèle y est nommé « app.modele », pour qu'une app en complète un autre sans que celui-ci la connaisse.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.forms import Form
from django.utils.functional import Promise

Texte = str | Promise


class ActeImpossible(Exception):
    """L'acte demandé n'a plus lieu d'être ; le message est pour la personne."""


@dataclass(frozen=True)
class Fichier:
    """Ce qu'un acte donne à télécharger, d'un bloc ou à mesure, et qui n'est gardé nulle part."""

    nom: str
    contenu: bytes | Iterable[str]
    genre: str


@dataclass(frozen=True)
class Acte:
    """Ce qu'on peut faire d'un objet : un bouton sur sa fiche, une page qui confirme, un service qui fait.

    ``faire(objet, **saisie)`` rend la phrase du succès ou un fichier, ou lève ActeImpossible ; ``refus(objet)`` dit,
    avant même la page, pourquoi l'acte n'a pas lieu d'être, ou rien. Qui peut : ``portail.gestion.droits.ACTES``.
    """

    nom: str
    libelle: Texte
    explication: Texte
    faire: Callable[..., Texte | Fichier]
    formulaire: type[Form] = Form
    initial: Callable[[Any], dict[str, Any]] = lambda _objet: {}
    refus: Callable[[Any], Texte] = lambda _objet: ""
    danger: bool = False


@dataclass(frozen=True)
class Tableau:
    """Des lignes liées à un objet, sous sa fiche ; une valeur peut être un autre objet, qui mène à la sienne."""

    titre: Texte
    colonnes: tuple[Texte, ...]
    lignes: Iterable[tuple[Any, ...]]


@dataclass(frozen=True)
class Chiffre:
    """Un nombre ou un montant de l'accueil, et la liste qui le détaille."""

    libelle: Texte
    valeur: Any
    lien: str = ""
    alerte: bool = False


@dataclass(frozen=True)
class Carte:
    """Une carte de l'accueil : ``chiffres(commune)``, pour qui peut voir ``modele``."""

    titre: Texte
    modele: str
    chiffres: Callable[[Any], list[Chiffre]]


_actes: dict[str, list[Acte]] = defaultdict(list)
_tableaux: dict[str, list[Callable[[Any], Tableau]]] = defaultdict(list)
_cartes: dict[str, Carte] = {}


def declarer_acte(modele: str, acte: Acte) -> None:
    """Un acte possible sur les objets de ce modèle."""
    _actes[modele].append(acte)


def actes(modele: str) -> list[Acte]:
    """Les actes de ce modèle, dans l'ordre d'inscription."""
    return list(_actes[modele])


def declarer_tableau(modele: str, composer: Callable[[Any], Tableau]) -> None:
    """Des lignes à montrer sous la fiche des objets de ce modèle."""
    _tableaux[modele].append(composer)


def tableaux(modele: str) -> list[Callable[[Any], Tableau]]:
    """Ce que les apps montrent sous la fiche de ce modèle."""
    return list(_tableaux[modele])


def declarer_carte(carte: Carte) -> None:
    """Une carte de l'accueil de la gestion ; l'inscrire deux fois revient à l'inscrire une fois."""
    _cartes[carte.modele] = carte


def cartes() -> list[Carte]:
    """Les cartes de toutes les apps."""
    return list(_cartes.values())
