"""Le travail de fond des demandes."""

from django.utils import timezone
from django_tasks import task

from contact import services


@task()
def prevenir_les_services() -> None:
    """Les messages arrivés depuis le dernier courriel d'un service."""
    services.prevenir_les_services()


@task()
def oublier_les_demandes() -> None:
    """Chaque jour : ce que personne ne suit plus se clôt, ce qui est clos depuis un an s'efface, fichiers compris.

    Ce que suivait un agent parti est à prendre.
    """
    maintenant = timezone.now()
    services.liberer_les_abandonnees()
    services.clore_sans_nouvelles(maintenant)
    services.effacer_les_anciennes(maintenant)
    services.effacer_les_fichiers_perdus(maintenant)
