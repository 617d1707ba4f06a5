"""Le travail de fond du rez-de-chaussée."""

from django.core.management import call_command
from django.utils import timezone
from django_tasks import task

from portail import courriels, journal, limites
from portail.services import oublier_les_lectures
from portail.taches import lancer


@task()
def sceller_le_journal() -> None:
    """Une plage scellée ne peut plus changer sans que ``verifier_journal`` le dise."""
    while journal.sceller() == journal.PAR_SCEAU:
        pass


@task()
def envoyer_les_courriels() -> None:
    """Après chaque dépôt, et périodiquement pour ceux qui ont dû attendre ; le reste de la file passe entre deux."""
    if courriels.envoyer():
        lancer("portail.tasks.envoyer_les_courriels")


@task()
def faire_le_menage() -> None:
    """Chaque jour : les adresses des vieux courriels, les lectures des vieilles annonces, les tâches finies."""
    courriels.oublier(timezone.now())
    oublier_les_lectures(timezone.now())
    call_command("prune_db_task_results", verbosity=0)


@task()
def purger_les_compteurs() -> None:
    """Un compteur dont la durée est passée ne sert plus."""
    limites.purger()
