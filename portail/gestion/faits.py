"""Le journal dit en français : une phrase par action, des mots pour ce qui a changé, qui l'a fait, et à quoi."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import Field
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from portail.models import Affectation, Journal
from portail.montants import en_euros

Texte = str | Promise


@dataclass(frozen=True)
class Genre:
    """Des actions qui se cherchent ensemble, et la phrase de chacune."""

    libelle: Texte
    phrases: Mapping[str, Texte]


@dataclass(frozen=True)
class Mot:
    """Comment se lit une valeur du journal qui n'est pas un champ de l'objet."""

    libelle: Texte
    ecrire: Callable[[Any], Any] = str


_genres: dict[str, Genre] = {}
_mots: dict[str, Mot] = {}
_precisions: dict[str, str] = {}


def declarer_actions(nom: str, libelle: Texte, phrases: Mapping[str, Texte]) -> None:
    """Les actions qu'une app écrit au journal ; une action sans phrase fait échouer un test."""
    deja = _genres[nom].phrases if nom in _genres else {}
    _genres[nom] = Genre(libelle, {**deja, **phrases})


def declarer_mots(mots: Mapping[str, Mot]) -> None:
    """Des noms de ``avant`` et ``apres`` qui ne sont pas ceux d'un champ de l'objet."""
    global _mots  # noqa: PLW0603  # un registre
    _mots = {**_mots, **mots}


def declarer_precision(action: str, champ: str) -> None:
    """Un champ de l'objet, tel qu'il est maintenant, à dire avec ce fait : le motif d'une annulation, par exemple."""
    _precisions[action] = champ


def genres() -> dict[str, Genre]:
    """Ceux de toutes les apps."""
    return dict(_genres)


def phrase(action: str) -> str:
    """« Facture annulée » ; le nom de l'action si personne ne l'a mise en mots."""
    return str(next((g.phrases[action] for g in _genres.values() if action in g.phrases), action))


def precision(action: str) -> str:
    """Le champ à dire avec cette action, ou rien."""
    return _precisions.get(action, "")


def changements(fait: Journal, *, permis: Callable[[str], bool] = lambda _nom: True) -> list[str]:
    """« Reste dû : 243,11 € → 0,00 € », une ligne par valeur que la personne peut lire."""
    avant, apres = fait.avant or {}, fait.apres or {}
    return [
        _changement(champs_de(fait.objet), nom, avant, apres) for nom in dict.fromkeys((*avant, *apres)) if permis(nom)
    ]


def _changement(champs: Mapping[str, Any], nom: str, avant: dict[str, Any], apres: dict[str, Any]) -> str:
    dits = [_ecrire(champs, nom, faits[nom]) for faits in (avant, apres) if nom in faits]
    return f"{_libelle(champs, nom)} : {' → '.join(dits)}"


@cache
def champs_de(modele: str) -> dict[str, Any]:
    """Les champs de ce modèle ; aucun s'il n'existe plus."""
    try:
        return {champ.name: champ for champ in apps.get_model(modele)._meta.get_fields() if isinstance(champ, Field)}
    except (LookupError, ValueError):
        return {}


def _libelle(champs: Mapping[str, Any], nom: str) -> str:
    if nom in _mots:
        return str(capfirst(str(_mots[nom].libelle)))
    return str(capfirst(champs[nom].verbose_name if nom in champs else nom.replace("_", " ")))


def _ecrire(champs: Mapping[str, Any], nom: str, valeur: Any) -> str:
    if isinstance(valeur, dict):
        return ", ".join(f"{_libelle({}, cle)} {_ecrire({}, cle, v)}" for cle, v in valeur.items())
    if isinstance(valeur, bool):
        return _("oui") if valeur else _("non")
    if valeur is None or valeur == "":
        return "–"
    if nom in _mots:
        return str(_mots[nom].ecrire(valeur))
    return _du_champ(champs[nom], valeur) if nom in champs else str(valeur)


def _du_champ(champ: Any, valeur: Any) -> str:
    """Le mot d'un choix ; un montant, que le journal garde en centimes, en euros."""
    if isinstance(valeur, int) and champ.get_internal_type() == "BigIntegerField" and hasattr(champ, "from_db_value"):
        return en_euros(champ.from_db_value(valeur))
    return str(dict(champ.flatchoices or ()).get(valeur, valeur))


def completer(site: Any, request: HttpRequest, faits: list[Any]) -> list[Any]:
    """Pose sur chacun ``qui`` et ``quoi`` (l'objet, s'il se voit) : une requête par genre d'objet, et pas par fait."""
    noms, objets = auteurs(site, request, {fait.acteur for fait in faits}), _objets(site, request, faits)
    for fait in faits:
        fait.qui = nommer(noms, fait.acteur)
        fait.quoi = objets.get((fait.objet, fait.identifiant))
    return faits


def auteurs(site: Any, request: Any, cles: Iterable[int | None]) -> dict[int, str]:
    """Le nom des comptes de la commune : ses agents, et ses habitants pour qui les voit."""
    choisies = [cle for cle in cles if cle is not None]
    if not choisies:
        return {}
    affectations = Affectation.objects.filter(collectivite=request.collectivite, usager__in=choisies)
    noms = {a.usager.pk: str(a.usager) for a in affectations.select_related("usager") if a.usager}
    habitants = site.get_model_admin(get_user_model()).get_queryset(request).filter(pk__in=set(choisies) - set(noms))
    return noms | {habitant.pk: str(habitant) for habitant in habitants}


def nommer(noms: Mapping[int, str], acteur: int | None) -> str:
    """Un nom, « compte n° 12 » s'il n'est pas de la commune, rien si le site a agi seul."""
    if acteur is None:
        return ""
    return noms.get(acteur) or _("compte n° %(cle)s") % {"cle": acteur}


def _objets(site: Any, request: HttpRequest, faits: Iterable[Journal]) -> dict[tuple[str, str], Any]:
    cherches: dict[str, set[str]] = defaultdict(set)
    for fait in faits:
        cherches[fait.objet].add(fait.identifiant)
    trouves: dict[tuple[str, str], Any] = {}
    for modele in site._registry.values():
        nom = modele.opts.label_lower
        if nom in cherches and modele.has_view_permission(request):
            cle = cle_au_journal(modele.model)
            objets = modele.pour_la_fiche(modele.get_queryset(request), request)
            lus = objets.filter(**{f"{cle}__in": cherches[nom]})
            trouves |= {(nom, str(getattr(objet, cle))): objet for objet in lus}
    return trouves


def cle_au_journal(modele: Any) -> str:
    """Le champ par lequel ``portail.journal.noter`` désigne les objets de ce modèle."""
    return "uuid" if any(champ.name == "uuid" for champ in modele._meta.get_fields()) else "pk"
