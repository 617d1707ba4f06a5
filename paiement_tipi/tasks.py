"""Le travail de fond du paiement."""

from django.utils import timezone
from django_tasks import task

from paiement_tipi import services
from paiement_tipi.models import Paiement


@task()
def constater_paiement(paiement_id: int) -> None:
    """Après une notification, ou deux minutes après un abandon."""
    paiement = Paiement.objects.get(pk=paiement_id)
    services.constater(paiement=paiement, guichet=services.guichet(personne=False), cause="notification")


@task()
def relever_paiements() -> None:
    """Le relevé périodique : ce qui est payé chez PayFiP finit payé ici, même sans notification ni retour."""
    services.relever(guichet=services.guichet(personne=False), maintenant=timezone.now())


@task()
def comparer_a_payfip() -> None:
    """Une tranche des tentatives de l'année, réussies comprises : ce qui diffère attend un agent."""
    services.comparer(guichet=services.guichet(personne=False), maintenant=timezone.now())
