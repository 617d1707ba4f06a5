"""Le travail de fond du paiement."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django_tasks import task

from paiement_tipi import services
from paiement_tipi.models import Paiement
from paiement_tipi.services.sonde import sonder
from portail.taches import lancer

RETARD = timedelta(minutes=1)  # d'un relevé sur sa période


@task()
def constater_paiement(paiement_id: int) -> None:
    """Après une notification, ou deux minutes après un abandon."""
    paiement = Paiement.objects.get(pk=paiement_id)
    services.constater(paiement=paiement, guichet=services.guichet(personne=False), cause="notification")


@task()
def relever_paiements(dues_le: str = "") -> None:
    """Le relevé périodique : ce qui est payé chez PayFiP finit payé ici, même sans notification ni retour.

    Interrompu par sa durée ou son nombre, il continue après les autres travaux, sans attendre la période suivante.
    """
    maintenant = timezone.now()
    dues = datetime.fromisoformat(dues_le) if dues_le else maintenant
    services.relever(guichet=services.guichet(personne=False), maintenant=maintenant, dues_le=dues)
    # Ce qui vient d'être lu et attend toujours n'est dû qu'à partir de maintenant : la suite finit.
    reste = min(dues, maintenant - timedelta(microseconds=1))
    if services.reste_a_relever(reste):
        lancer("paiement_tipi.tasks.relever_paiements", dues_le=reste.isoformat())


@task()
def comparer_a_payfip() -> None:
    """Une tranche des tentatives de l'année, réussies comprises : ce qui diffère attend un agent.

    Un relevé en retard passe avant : il règle. Ce qu'il vient de lire, dû au prochain, n'est pas un retard.
    """
    maintenant = timezone.now()
    if not services.reste_a_relever(maintenant - timedelta(seconds=settings.RAPPROCHEMENT_SECONDES) - RETARD):
        services.comparer(guichet=services.guichet(personne=False), maintenant=maintenant)


@task()
def sonder_les_contrats() -> None:
    """Chaque jour : nos numéros de client sont encore ceux que PayFiP connaît."""
    sonder(guichet=services.guichet(personne=False))
