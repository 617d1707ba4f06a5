"""Ce que les apps montrent et permettent dans la gestion ; elles s'y inscrivent au démarrage, dans leur ``admin``.

Un modèle y est nommé « app.modele », pour qu'une app en complète un autre sans que celui-ci la connaisse.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model
from django.forms import BaseForm, CharField, Form, HiddenInput
from django.http.response import HttpResponseBase
from django.utils.functional import Promise

from portail.gestion.graphiques import Barres, Courbe
from portail.models import Role
from portail.versions import empreinte

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
class Fait:
    """Ce qu'un acte a fait : la phrase du succès, et l'objet dont la fiche s'ouvre ensuite ; sans objet, la liste."""

    phrase: Texte
    objet: Model | None = None


@dataclass(frozen=True)
class Acte:
    """Ce qu'on peut faire d'un objet, ou d'une liste : un bouton, une page qui confirme, un service qui fait.

    ``faire(objet, **saisie)`` rend la phrase du succès, un fichier ou un ``Fait``, ou lève ActeImpossible ; ``signe``
    lui donne aussi ``auteur``, la personne connectée. ``refus(objet)`` dit avant la page pourquoi l'acte n'a pas lieu
    d'être, ou rien ; ``refus_a(objet, personne)``, pourquoi il se refuse à elle, que la fiche dit au lieu du bouton.
    ``preparer(formulaire, objet)`` borne les choix du formulaire à ceux de la commune ; ``rappel(objet)`` est ce qu'il
    faut avoir sous les yeux en le remplissant. ``apercu(objet, **saisie)`` montre ce qui se passera, avant l'envoi.
    ``recoit_la_requete`` lui donne ``request``, pour ce qui ouvre quelque chose dans la session ; il rend la réponse.
    ``surveille`` : ``faire`` reçoit sous ``lu`` l'empreinte de ce que montrait ``initial``, et lève DejaModifie si ce
    n'est plus vrai. ``page`` : celle de ``declarer_page`` d'où il part et où il ramène, au lieu de la fiche de l'objet.
    ``version(objet)`` : à qui la page en montrait une autre, on dit d'abord ce qui a changé, sans perdre ce qu'elle a
    écrit ; ``faire`` peut lever ``portail.versions.Conflit``. ``bref`` : son nom là où son objet est déjà nommé.
    """

    nom: str
    libelle: Texte
    explication: Texte
    faire: Callable[..., Texte | Fichier | Fait | HttpResponseBase]
    formulaire: type[Form] = Form
    initial: Callable[[Any], dict[str, Any]] = lambda _objet: {}
    preparer: Callable[[Any, Any], None] = lambda _formulaire, _objet: None
    refus: Callable[[Any], Texte] = lambda _objet: ""
    refus_a: Callable[[Any, Any], Texte] = lambda _objet, _personne: ""
    apercu: Callable[..., Texte] | None = None
    rappel: Callable[[Any], Texte] = lambda _objet: ""
    version: Callable[[Any], int] | None = None
    gabarit: str = "gestion/_champs.html"
    signe: bool = False
    recoit_la_requete: bool = False
    surveille: bool = False
    page: str = ""
    danger: bool = False
    bref: Texte = ""

    def remplir(self, objet: Any, champs: Any = None, fichiers: Any = None) -> BaseForm:
        """Son formulaire pour cet objet, vierge ou rempli de ce qui a été envoyé."""
        initial = self.initial(objet)
        formulaire = self.formulaire(champs, fichiers, initial=initial)
        self.preparer(formulaire, objet)
        if self.surveille:
            lu = empreinte(initial)
            formulaire.fields["lu"] = CharField(required=False, initial=lu, widget=HiddenInput)
        return formulaire


@dataclass(frozen=True)
class Reservee:
    """Une colonne que ne lisent pas tous ceux qui voient le tableau (portail.gestion.champs)."""

    titre: Texte
    lecteurs: frozenset[Role]

    def __str__(self) -> str:
        return str(self.titre)


@dataclass(frozen=True)
class Tableau:
    """Des lignes liées à un objet, sous sa fiche ; une valeur peut être un autre objet, qui mène à la sienne."""

    titre: Texte
    colonnes: tuple[Texte | Reservee, ...]
    lignes: Iterable[tuple[Any, ...]]


@dataclass(frozen=True)
class Chiffre:
    """Un nombre, un montant ou un état de l'accueil, ce qui le précise (« 42 % »), et la liste qui le détaille.

    ``actes`` : ceux de ``objet``, un objet du modèle de la carte, à proposer à côté à qui peut les faire.
    """

    libelle: Texte
    valeur: Any
    lien: str = ""
    alerte: bool = False
    objet: Model | None = None
    actes: tuple[str, ...] = ()
    precision: Texte = ""


@dataclass(frozen=True)
class Graphique:
    """Un dessin, et le tableau des mêmes chiffres pour qui ne le voit pas."""

    titre: Texte
    dessin: Barres | Courbe
    tableau: Tableau


@dataclass(frozen=True)
class Contenu:
    """Ce que montre une carte quand des chiffres n'y suffisent pas ; ``note`` dit de quand ils sont, par exemple."""

    chiffres: list[Chiffre]
    graphiques: list[Graphique] = field(default_factory=list)
    note: Texte = ""


@dataclass(frozen=True)
class Carte:
    """Une carte de l'accueil, pour les ``lecteurs`` qui voient ``modele`` ; sans rien à dire, elle n'est pas montrée.

    ``par_periode`` : ``chiffres`` reçoit le ``Perimetre`` choisi, et non la commune. ``rang`` : de 0, ce qui commande.
    """

    titre: Texte
    modele: str
    chiffres: Callable[[Any], list[Chiffre] | Contenu]
    lecteurs: frozenset[Role] = frozenset(Role)
    par_periode: bool = False
    rang: int = 1


@dataclass(frozen=True)
class Page:
    """Une page qui n'est celle d'aucun modèle : ``vue(request, **arguments)``, pour les rôles de ``lecteurs``.

    ``confidentiel`` : fermée à l'exploitant tant qu'il n'a pas ouvert l'accès au contenu. ``acte`` : celui de
    ``droits.ACTES`` qu'il faut pouvoir faire, si elle écrit. L'accueil mène à celle qui a un ``libelle``.
    """

    nom: str
    chemin: str
    vue: Callable[..., HttpResponseBase]
    lecteurs: frozenset[Role]
    confidentiel: bool = True
    libelle: Texte = ""
    acte: str = ""


_pages: dict[str, Page] = {}
_actes: dict[str, list[Acte]] = defaultdict(list)
_actes_de_liste: dict[str, list[Acte]] = defaultdict(list)
_actes_en_nombre: dict[str, list[Acte]] = defaultdict(list)
_tableaux: dict[str, list[Callable[[Any], Tableau]]] = defaultdict(list)
_cartes: dict[str, Carte] = {}


def declarer_page(page: Page) -> None:
    """Une page de plus, à ``/gestion/{chemin}`` ; l'inscrire deux fois revient à l'inscrire une fois."""
    _pages[page.nom] = page


def pages() -> list[Page]:
    """Les pages de toutes les apps."""
    return list(_pages.values())


def page(nom: str) -> Page:
    """Celle de ce nom."""
    return _pages[nom]


def declarer_acte(modele: str, acte: Acte) -> None:
    """Un acte possible sur les objets de ce modèle."""
    _actes[modele].append(acte)


def actes(modele: str) -> list[Acte]:
    """Les actes de ce modèle, dans l'ordre d'inscription."""
    return list(_actes[modele])


def declarer_acte_de_liste(modele: str, acte: Acte) -> None:
    """Un acte qui ne part d'aucun objet, un ajout le plus souvent : son ``objet`` est la commune."""
    _actes_de_liste[modele].append(acte)


def actes_de_liste(modele: str) -> list[Acte]:
    """Ceux de la liste de ce modèle, dans l'ordre d'inscription."""
    return list(_actes_de_liste[modele])


def declarer_acte_en_nombre(modele: str, acte: Acte) -> None:
    """Un acte sur les lignes cochées de la liste : ``faire`` et ``apercu`` reçoivent ceux que ``refus`` n'écarte pas.

    Il est permis à qui peut l'acte du même nom sur un seul objet.
    """
    _actes_en_nombre[modele].append(acte)


def actes_en_nombre(modele: str) -> list[Acte]:
    """Ceux de ce modèle, dans l'ordre d'inscription."""
    return list(_actes_en_nombre[modele])


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
    """Les cartes de toutes les apps, par rang."""
    return sorted(_cartes.values(), key=lambda carte: carte.rang)
