"""Le travail de fond des comptes."""

from django.utils import timezone
from django_tasks import task

from comptes import services
from comptes.models import Copie
from comptes.services import copies, visites
from portail.taches import lancer

PASSE_SECONDES = 45.0  # puis la file avance d'un tour : un paiement à constater n'attend pas 3 000 documents


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


@task()
def preparer_une_copie(copie: int) -> None:
    """Une passe ; la suivante après les autres travaux. Prête ou partie, il n'y a plus rien à faire."""
    siennes = Copie.objects.select_related("collectivite", "usager").filter(usager__is_active=True)
    a_preparer = siennes.filter(pk=copie).first()
    if a_preparer is not None and not copies.avancer(copie=a_preparer, pendant=PASSE_SECONDES):
        lancer("comptes.tasks.preparer_une_copie", copie=copie)


@task()
def effacer_les_copies() -> None:
    """Une copie ne reste que vingt-quatre heures."""
    copies.effacer_les_copies(timezone.now())


@task()
def prevenir_les_inactifs() -> None:
    """À vingt-trois mois ; le reste de la file passe entre deux paquets."""
    if services.prevenir_les_inactifs():
        lancer("comptes.tasks.prevenir_les_inactifs")


@task()
def fermer_les_inactifs(apres: int = 0) -> None:
    """À vingt-quatre mois, l'avis parti depuis trente jours."""
    if suite := services.fermer_les_inactifs(apres=apres):
        lancer("comptes.tasks.fermer_les_inactifs", apres=suite)
