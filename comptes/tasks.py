"""Le travail de fond des comptes."""

from django_tasks import task

from comptes import services
from comptes.services import visites


@task()
def oublier_les_activations() -> None:
    """Une adresse mail tapée pour activer un compte n'a pas à rester."""
    services.oublier()


@task()
def oublier_les_demandes() -> None:
    """Ni une adresse mail demandée il y a longtemps, ni une session finie."""
    services.oublier_les_demandes()
    services.effacer_les_sessions_mortes()


@task()
def finir_les_visites() -> None:
    """Une visite que son agent n'a pas quittée finit à son heure, et le journal le dit."""
    visites.finir_les_visites_echues()
