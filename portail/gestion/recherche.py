"""La recherche de la gestion : une boîte, et ce que chaque app sait y trouver.

Une app inscrit un ``Chercheur`` par modèle, dans son ``admin``. Il ne rend que des conditions, chacune servie par un
index : c'est le moteur qui les pose sur ce que la personne a le droit de voir dans sa commune.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Q, QuerySet, Value
from django.db.models.lookups import Exact
from django.http import HttpRequest
from django.urls import reverse

from portail.gestion.droits import acces
from portail.gestion.termes import Terme
from portail.models import Collectivite
from portail.reperes import Compact

PAR_GROUPE = 20


class Certitude(IntEnum):
    """À quel point ce qui est trouvé est ce qu'on cherchait."""

    LIE = 1  # par ricochet : les factures du compte client trouvé
    TROUVE = 2  # un nom, un montant
    IDENTIFIANT = 3  # un identifiant entier


@dataclass(frozen=True)
class Piste:
    """Une condition servie par un index, et dans quel ordre montrer ce qu'elle trouve (sinon celui de la liste).

    ``champs`` (« app.modele.champ ») : ceux qu'il faut lire pour chercher par là (``portail.gestion.champs``).
    """

    condition: Q
    certitude: Certitude = Certitude.TROUVE
    ordre: tuple[Any, ...] = ()
    champs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reserve:
    """Un détail que ne montre qu'à qui le lit : le ``champ`` du modèle, et sa valeur."""

    champ: str
    valeur: Any


@dataclass(frozen=True)
class Chercheur:
    """Comment trouver les objets de ``modele`` (« app.modele ») par ce qu'un agent tape.

    ``chercher(commune, terme)`` : les pistes, des plus sûres aux moins sûres ; aucune si le terme n'y désigne rien.
    ``presenter(objet)`` : son titre, puis de quoi le reconnaître (nom, état, montant, date), ou ``Reserve``.
    Ce qui est lu d'un coup avec lui : le ``list_select_related`` de son ``ModelAdmin``.
    """

    modele: str
    chercher: Callable[[Collectivite, Terme], Iterable[Piste]]
    presenter: Callable[[Any], tuple[Any, ...]]


@dataclass(frozen=True)
class Resultat:
    """Un objet trouvé, et où le lire."""

    lien: str
    titre: Any
    details: tuple[Any, ...]


@dataclass(frozen=True)
class Groupe:
    """Ce qui est trouvé d'un modèle ; ``plus`` : il y en a d'autres, que montre sa liste."""

    titre: Any
    liste: str
    resultats: list[Resultat]
    certitudes: list[Certitude]
    plus: bool


_chercheurs: dict[str, Chercheur] = {}


def declarer_chercheur(chercheur: Chercheur) -> None:
    """Un modèle de plus dans la recherche ; l'inscrire deux fois revient à l'inscrire une fois."""
    _chercheurs[chercheur.modele] = chercheur


def chercheurs() -> list[Chercheur]:
    """Ceux de toutes les apps, dans l'ordre d'inscription."""
    return list(_chercheurs.values())


def porte_le_numero(terme: Terme, *champs: str) -> Q | None:
    """Le terme est l'un de ces numéros, aux espaces, tirets et majuscules près ; None s'il ne peut en être aucun.

    Chaque champ a un index de sa forme ``Compact`` dans la commune.
    """
    egalites = [Exact(Compact(champ), Compact(Value(forme))) for champ in champs for forme in terme.compacts]
    return Q(*egalites, _connector=Q.OR) if egalites else None


def chercheur_de(modele: str) -> Chercheur | None:
    """Celui de ce modèle, s'il se cherche."""
    return _chercheurs.get(modele)


def chercher(request: Any, terme: Terme) -> list[Groupe]:
    """Ce que la personne a le droit de voir dans la commune de la requête, le plus probable en tête."""
    groupes = (_groupe(request, modele, chercheur, terme) for chercheur, modele in visibles(request))
    return sorted(filter(None, groupes), key=lambda groupe: -max(groupe.certitudes))


def visibles(request: HttpRequest) -> Iterator[tuple[Chercheur, Any]]:
    """Les chercheurs des modèles que voit la personne, chacun avec son ``ModelAdmin``."""
    par_nom = {modele.opts.label_lower: modele for modele in admin.site._registry.values()}
    for chercheur in chercheurs():
        if par_nom[chercheur.modele].has_view_permission(request):
            yield chercheur, par_nom[chercheur.modele]


def seul_resultat(groupes: list[Groupe]) -> str:
    """L'adresse de la seule fiche que le terme désigne en entier ; vide s'il y a de quoi hésiter."""
    probables = [c for groupe in groupes for c in groupe.certitudes if c > Certitude.LIE]
    return groupes[0].resultats[0].lien if probables == [Certitude.IDENTIFIANT] else ""


def pistes(request: Any, chercheur: Chercheur, terme: Terme) -> Iterator[Piste]:
    """Celles du chercheur, sauf par un champ que la personne ne lit pas : elle ne le cherche pas non plus."""
    for piste in chercheur.chercher(request.collectivite, terme):
        if all(_lit(request, champ) for champ in piste.champs):
            yield piste


def _lit(request: HttpRequest, nom: str) -> bool:
    modele, _, champ = nom.rpartition(".")
    du_modele: Any = admin.site._registry[apps.get_model(modele)]
    return bool(du_modele.lit(request, champ))


def cles(objets: QuerySet[Any], pistes: Iterable[Piste], limite: int) -> dict[Any, Certitude]:
    """Les clés de ce qu'elles trouvent parmi ``objets``, ``limite`` au plus par piste : une requête chacune."""
    trouvees: dict[Any, Certitude] = {}
    for piste in pistes:
        lues = objets.filter(piste.condition)
        for cle in (lues.order_by(*piste.ordre) if piste.ordre else lues).values_list("pk", flat=True)[:limite]:
            trouvees.setdefault(cle, piste.certitude)
    return trouvees


def _groupe(request: Any, modele: Any, chercheur: Chercheur, terme: Terme) -> Groupe | None:
    ici = modele.get_queryset(request)
    trouvees = cles(ici, pistes(request, chercheur, terme), PAR_GROUPE + 1)
    if not trouvees:
        return None
    liens = modele.list_select_related
    objets = ici.select_related(*liens) if isinstance(liens, tuple) else ici
    par_cle = objets.in_bulk(list(trouvees)[:PAR_GROUPE])
    return Groupe(
        titre=modele.pluriel,
        liste=reverse(f"{modele.nom_racine}changelist"),
        resultats=[
            _resultat(request, modele, chercheur.presenter(par_cle[cle]), par_cle[cle])
            for cle in list(trouvees)[:PAR_GROUPE]
            if cle in par_cle
        ],
        certitudes=list(trouvees.values()),
        plus=len(trouvees) > PAR_GROUPE,
    )


def _resultat(request: HttpRequest, modele: Any, presente: tuple[Any, ...], objet: Any) -> Resultat:
    titre, *details = presente
    lus = [d.valeur if isinstance(d, Reserve) else d for d in details if _se_lit(request, modele, d)]
    return Resultat(
        reverse(f"{modele.nom_racine}change", args=[objet.pk]), titre, tuple(d for d in lus if d not in {None, ""})
    )


def _se_lit(request: HttpRequest, modele: Any, detail: Any) -> bool:
    return not isinstance(detail, Reserve) or modele.lit(request, detail.champ)


def est_ferme_au_contenu(request: HttpRequest) -> bool:
    """Vrai pour l'exploitant qui n'a pas ouvert l'accès : sa recherche ne voit ni factures ni redevables."""
    droit = acces(request)
    return droit is not None and not droit.contenu
