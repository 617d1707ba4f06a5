"""Les personnes et les comptes clients dans la recherche de la gestion."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django.db.models import Case, Q, QuerySet, Value, When
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from comptes.models import Redevable, Usager, normaliser_courriel
from portail.gestion.recherche import Certitude, Chercheur, Piste, Reserve, cles, declarer_chercheur, porte_le_numero
from portail.gestion.termes import Terme
from portail.models import Collectivite

LIES = 200  # au-delà de tant de comptes clients, leurs factures ne disent plus rien à personne


def _redevables(_collectivite: Collectivite, terme: Terme) -> Iterator[Piste]:
    """Par code client, par adresse mail connue du service, par nom."""
    if identifie := porte_le_numero(terme, "code"):
        yield Piste(identifie, Certitude.IDENTIFIANT)
    if terme.est_un_courriel:
        formes = {terme.brut, normaliser_courriel(terme.brut)}
        connu = Q(*(Exact(Lower("courriel"), Lower(Value(forme))) for forme in formes), _connector=Q.OR)
        yield Piste(connu, Certitude.IDENTIFIANT, champs=("comptes.redevable.courriel",))
    yield from _nommes(terme)


def _nommes(terme: Terme) -> Iterator[Piste]:
    """Chaque mot commence un nom ou un prénom ; d'abord ceux dont c'est le nom entier, puis son début."""
    if terme.mots:
        debut = " ".join(terme.mots)
        rang = Case(
            When(Q(noms=debut) | Q(noms__startswith=f"{debut} "), then=0),
            When(noms__startswith=debut, then=1),
            default=2,
        )
        yield Piste(Q(noms__commencent=terme.mots), ordre=(rang, "noms", "pk"))


def lies_aux_redevables(collectivite: Collectivite, terme: Terme) -> Iterator[Piste]:
    """Ce dont ``redevable`` est l'un des comptes clients que désigne ce terme ; rien s'il en désigne trop."""
    ici = Redevable.objects.filter(collectivite=collectivite)
    return _lies("redevable", ici, _redevables(collectivite, terme))


def lies_aux_usagers(usagers: QuerySet[Usager], collectivite: Collectivite, terme: Terme) -> Iterator[Piste]:
    """De même, ce dont ``usager`` est l'une de ces personnes."""
    return _lies("usager", usagers, _usagers(collectivite, terme))


def _lies(champ: str, objets: QuerySet[Any], pistes: Iterator[Piste]) -> Iterator[Piste]:
    """Une piste par ce qu'il faut lire pour chercher ainsi."""
    for champs, semblables in groupby(sorted(pistes, key=_champs), key=_champs):
        trouves = list(cles(objets, semblables, LIES + 1))
        if 0 < len(trouves) <= LIES:
            yield Piste(Q(**{f"{champ}__in": trouves}), Certitude.LIE, champs=champs)


def _champs(piste: Piste) -> tuple[str, ...]:
    return piste.champs


def _usagers(_collectivite: Collectivite, terme: Terme) -> Iterator[Piste]:
    if terme.est_un_courriel:
        email = Q(email=normaliser_courriel(terme.brut))
        yield Piste(email, Certitude.IDENTIFIANT, champs=("comptes.usager.email",))
    yield from _nommes(terme)


def _presenter_le_redevable(redevable: Redevable) -> tuple[Any, ...]:
    adresse = f"{redevable.code_postal} {redevable.ville}".strip()
    return (
        redevable.nom_complet,
        f"{redevable.source} {redevable.code}",
        adresse,
        Reserve("courriel", redevable.courriel),
    )


def _presenter_l_usager(usager: Usager) -> tuple[Any, ...]:
    return str(usager), Reserve("email", usager.email)


declarer_chercheur(Chercheur("comptes.redevable", _redevables, _presenter_le_redevable))
declarer_chercheur(Chercheur("comptes.usager", _usagers, _presenter_l_usager))
