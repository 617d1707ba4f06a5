"""Le travail de fond des comptes."""

from django_tasks import task

from comptes import services


@task()
def oublier_les_activations() -> None:
    """Une adresse mail tapée pour activer un compte n'a pas à rester."""
    services.oublier()


@task()
def oublier_les_demandes() -> None:
    """Ni une adresse mail demandée il y a longtemps, ni une session finie."""
    services.oublier_les_demandes()
    services.effacer_les_sessions_mortes()
