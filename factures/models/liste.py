"""Ce que lit la liste à chaque visite ; ce qui n'y dépend pas de la personne est gardé prêt d'une visite à l'autre."""

from datetime import date
from functools import cache, lru_cache
from typing import Any

from django.db.models import Count, F, Sum

from comptes.models import Usager
from factures.models.factures import Facture, FactureQuerySet, acces
from factures.models.situation import A_REGLER, a_regler, cause, marquee, situation, suite
from portail.models import Collectivite

CHAMPS_D_UNE_LIGNE = (
    *("uuid", "numero", "reference", "objet", "montant", "reste_du", "regie__libelle"),
    *("date_emission", "date_echeance", "date_prelevement"),
)


def factures_de_la_liste(usager: Usager, *, chez: Collectivite) -> FactureQuerySet:
    """Ce qui reste à régler, puis l'historique, chacun du plus récent au plus ancien : ``de`` et ``avec_etat``."""
    lignes: FactureQuerySet = _lignes(chez.aujourd_hui()).annotate(marquee=marquee(usager))
    return lignes.filter(acces(usager, chez))


@lru_cache(maxsize=4)  # les communes ne changent pas toutes de jour au même instant
def _lignes(aujourd_hui: date) -> Any:
    factures: Any = Facture.objects.select_related("regie").only(*CHAMPS_D_UNE_LIGNE)
    factures = factures.alias(cause=cause(aujourd_hui), suite=suite(aujourd_hui))
    factures = factures.annotate(a_regler=a_regler(), situation=situation(aujourd_hui))
    return factures.order_by("-a_regler", "-date_emission", "-pk")


def resume_par_service(usager: Usager, *, chez: Collectivite) -> list[dict[str, Any]]:
    """Par année et service : ``annee``, ``code``, ``service``, ``nombre`` et ``du`` (euros, marquées comprises)."""
    return list(_resume().filter(acces(usager, chez)))


@cache
def _resume() -> Any:
    groupes = Facture.objects.values(annee=F("date_emission__year"), code=F("regie__code"), service=F("regie__libelle"))
    return groupes.annotate(nombre=Count("pk"), du=Sum("reste_du", filter=A_REGLER, default=0))
