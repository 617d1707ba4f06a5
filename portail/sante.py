"""L'installation est-elle en état de servir ? Chaque vérification répond vrai ou faux, sans rien révéler."""

import shutil
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from portail import registre
from portail.models import Courriel

DISQUE_MINIMAL = 200 * 1024 * 1024  # octets
ATTENTE_MAXIMALE = timedelta(minutes=5)


def etat() -> dict[str, bool]:
    """Le résultat de chaque vérification ; une base qui ne répond pas est un « faux », pas une exception."""
    resultats = {}
    for nom, verifier in registre.verifications().items():
        try:
            resultats[nom] = verifier()
        except (DatabaseError, OSError):
            resultats[nom] = False
    return resultats


def base() -> bool:
    """La base répond."""
    with connection.cursor() as curseur:
        curseur.execute("SELECT 1")
        return bool(curseur.fetchone())


def migrations() -> bool:
    """La base est à la version du code."""
    executeur = MigrationExecutor(connection)
    return not executeur.migration_plan(executeur.loader.graph.leaf_nodes())


def disque() -> bool:
    """Il reste de la place pour les fichiers."""
    return shutil.disk_usage(settings.DONNEES).free > DISQUE_MINIMAL


def file_d_attente() -> bool:
    """Aucune tâche n'attend depuis plus de cinq minutes : sinon, plus personne ne travaille."""
    limite = timezone.now() - ATTENTE_MAXIMALE
    pretes = DBTaskResult.objects.ready().filter(enqueued_at__lt=limite)
    return not pretes.exclude(run_after__range=(limite, timezone.now())).exists()


def chiffres() -> dict[str, int]:
    """Ce qui demande de l'attention sans empêcher de servir : un serveur de courriel muet ne ferme pas le site."""
    return {
        "courriels_en_retard": Courriel.objects.en_retard(timezone.now()).count(),
        "courriels_morts": Courriel.objects.morts().count(),
        "taches_abandonnees": DBTaskResult.objects.failed().count(),
        **{nom: compter() for nom, compter in registre.chiffres().items()},
    }
