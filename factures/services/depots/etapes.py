"""Passer d'un état de dépôt à l'autre, sous son verrou."""

from django.utils import timezone

from factures.etats.depots import TRANSITIONS_DEPOT, EtatDepot
from factures.models import DepotReglements
from portail.journal import noter


class DepotIndisponible(Exception):
    """Ce qu'on demande n'est plus, ou pas encore possible ; la phrase dit pourquoi."""


def verrouiller(depot: DepotReglements) -> DepotReglements:
    """Le dépôt tel qu'il est maintenant, tenu jusqu'à la fin de la transaction."""
    depots = DepotReglements.objects.select_related("regie__collectivite")
    return depots.select_for_update(of=("self",)).get(pk=depot.pk)


def passer(depot: DepotReglements, *, vers: EtatDepot, **faits: int) -> bool:
    """Le seul endroit où l'état d'un dépôt change ; vrai pour l'unique appel qui l'emporte. Dans une transaction."""
    depuis = [etat for etat, suivants in TRANSITIONS_DEPOT.items() if vers in suivants]
    gagne = DepotReglements.objects.filter(pk=depot.pk, etat__in=depuis).update(etat=vers, clos_le=timezone.now())
    if gagne:
        noter(f"depot.{vers}", sur=depot, apres={"etat": vers, **faits})
    depot.refresh_from_db()
    return bool(gagne)
