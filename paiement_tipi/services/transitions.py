"""Le seul endroit où l'état d'une tentative change, et quand la redemander."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from paiement_tipi.etats import ECHECS, LISIBLE, OUVERTS, PAGE_OUVERTE, EtatPaiement, sources
from paiement_tipi.models import Paiement, PartPaiement, TransitionPaiement
from portail.journal import noter

# Une semaine durant on insiste ; ensuite, une fois par semaine jusqu'à un an.
INSISTANCE, ENSUITE = timedelta(days=7), timedelta(days=7)
# Une tentative close ici peut encore aboutir là-bas : un A devient un P, une carte finit après P5.
ENCORE_PAYABLE = timedelta(hours=3)


@transaction.atomic
def passer(paiement: Paiement, *, vers: EtatPaiement, cause: str, maintenant: datetime, motif: str = "") -> bool:
    """Passe la tentative à ``vers`` ; vrai pour l'unique appel qui l'emporte, qui seul a droit aux effets.

    ``motif`` : ce qu'en écrit l'agent qui le décide, gardé au journal.
    """
    de = paiement.etat
    if not Paiement.objects.filter(pk=paiement.pk, etat__in=sources(vers)).update(etat=vers):
        return False
    paiement.etat = vers
    TransitionPaiement.objects.create(
        paiement=paiement, collectivite_id=paiement.collectivite_id, de=de, vers=vers, cause=cause, le=maintenant
    )
    dit = {"motif": motif} if motif else {}
    noter(f"paiement.{vers}", sur=paiement, avant={"etat": de}, apres={"etat": vers, "cause": cause} | dit)
    if vers not in OUVERTS:
        PartPaiement.objects.filter(paiement=paiement).update(ouverte=False)
    return True


def prochaine_lecture(etat: str, envoye_le: datetime, maintenant: datetime) -> datetime | None:
    """Quand redemander à PayFiP : à chaque relevé tant qu'un paiement peut venir, puis de moins en moins, un an."""
    age = maintenant - envoye_le
    if etat in OUVERTS:
        return maintenant if age < INSISTANCE else maintenant + ENSUITE
    if etat not in ECHECS or age > LISIBLE:
        return None
    if age < ENCORE_PAYABLE:
        return maintenant
    if age < timedelta(days=1):
        return maintenant + PAGE_OUVERTE
    return maintenant + (timedelta(days=1) if age < INSISTANCE else ENSUITE)


def lecture_apres_panne(pannes: int, envoye_le: datetime | None, maintenant: datetime) -> datetime:
    """Un accident ne coûte qu'un relevé ; puis de plus en plus tard, jusqu'à la demi-heure que conseille la DGFiP.

    Au-delà d'une semaine, chaque semaine (payfip.md §3.7).
    """
    if envoye_le is not None and maintenant - envoye_le >= INSISTANCE:
        return maintenant + ENSUITE
    secondes = settings.RAPPROCHEMENT_SECONDES * (2 ** min(pannes - 1, 12) - 1)
    return maintenant + min(timedelta(seconds=secondes), timedelta(minutes=30))
