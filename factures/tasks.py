"""Le travail de fond des factures : les lots et leurs étapes, les chiffres de l'accueil de la gestion."""

from contextlib import suppress

from django.utils import timezone
from django_tasks import task

from factures.models import LotImport
from factures.services import lots, tenir_le_bilan
from factures.services.rapprochement import suivre
from portail.models import Collectivite
from portail.taches import lancer, progresser

PASSE_SECONDES = 45.0  # puis la file avance d'un tour : un paiement à constater n'attend pas un million de lignes


@task()
def analyser_lot(lot: int) -> None:
    """Lit le lot, en plusieurs passes s'il est long ; celui qui n'est plus à lire l'a été par un autre."""
    with suppress(lots.LotIndisponible):
        if not lots.analyser(lot=LotImport.objects.get(pk=lot), relier=True, pendant=PASSE_SECONDES):
            lancer("factures.tasks.analyser_lot", lot=lot)


@task()
def publier_lot(lot: int) -> None:
    """Un lot qui ne peut plus l'être redevient « à vérifier » et dit pourquoi."""
    with suppress(lots.LotIndisponible, lots.PublicationImpossible):
        lots.publier(lot=LotImport.objects.get(pk=lot))


@task()
def prevenir_les_habitants(lot: int, apres: int = 0) -> None:
    """Une vague ; elle lance la suivante."""
    lots.prevenir(lot=LotImport.objects.get(pk=lot), apres=apres)


@task()
def publier_les_lots_prevus() -> None:
    """Ceux dont l'heure est venue."""
    lots.publier_les_dus(timezone.now())


@task()
def relever_les_depots() -> None:
    """Les fichiers que les logiciels de facturation ont laissés dans le dossier de chaque service."""
    lots.relever_les_depots()


@task()
def effacer_les_vieux_lots() -> None:
    """Les fichiers et les lignes dont plus personne n'a besoin."""
    lots.effacer_les_vieux(timezone.now())


@task()
def tenir_les_bilans() -> None:
    """Les chiffres de l'accueil de chaque commune : recomptés ici, jamais pendant une visite."""
    for collectivite in Collectivite.objects.order_by("pk"):
        tenir_le_bilan(collectivite=collectivite)
        progresser()


@task()
def suivre_les_ecarts() -> None:
    """Ce qui attend depuis trop longtemps est montré aux agents, ce qui est arrivé ne l'est plus."""
    for collectivite in Collectivite.objects.order_by("pk"):
        suivre(collectivite=collectivite, maintenant=timezone.now())
        progresser()
