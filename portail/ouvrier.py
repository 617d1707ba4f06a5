"""L'ouvrier : celui de django-tasks, qui donne signe de vie, se tue s'il se bloque, et réessaie ce qui échoue."""

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from django.db import Error, InterfaceError, OperationalError, close_old_connections, connection
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from portail import taches
from portail.correlation import suivre
from portail.reprises import Tache, reprendre

journal = logging.getLogger(__name__)

BATTEMENT_SECONDES = 20.0
# Avec le silence que tolère le guet, une tâche bloquée est reprise en moins de cinq minutes.
INERTIE_SECONDES = 150.0
ATTENTE_SECONDES = 1.0


class Ouvrier(Worker):
    """Prend les tâches une à une, jusqu'à SIGTERM."""

    def shutdown(self, signum: int, frame: FrameType | None) -> None:
        """Finit la tâche en cours ; au second signal, non. Entre la prise et le départ, django-tasks se croit oisif."""
        if not self.running:
            super().shutdown(signum, frame)
        self.running = False

    def run(self) -> None:
        """Une base qui redémarre n'arrête pas l'ouvrier ; une tâche coupée alors sera reprise par le guet."""
        while self.running:
            try:
                super().run()
            except (OperationalError, InterfaceError):
                journal.exception("L'ouvrier attend la base.")
                close_old_connections()
                time.sleep(ATTENTE_SECONDES)
            else:
                return

    def run_task(self, db_task_result: Tache) -> None:
        """Les faits que note une tâche portent son numéro."""
        with suivre(lambda: None, correlation=str(db_task_result.pk)):
            with pouls(db_task_result):
                super().run_task(db_task_result)
            if db_task_result.status == TaskResultStatus.FAILED:
                db_task_result.refresh_from_db()  # le pouls y a écrit
                reprendre(db_task_result, cause=db_task_result.exception_class_path)


@contextmanager
def pouls(tache: Tache) -> Iterator[None]:
    """Le temps du bloc, un fil écrit sur la ligne de la tâche que son ouvrier vit encore."""
    fini = threading.Event()
    taches.progresser()
    fil = threading.Thread(target=_battre, args=(tache, fini), daemon=True)
    fil.start()
    try:
        yield
    finally:
        fini.set()
        fil.join()


def _battre(tache: Tache, fini: threading.Event) -> None:
    """Un fil bat encore quand la tâche est bloquée : c'est lui qui en juge, et qui finit le processus."""
    try:
        while not fini.wait(BATTEMENT_SECONDES):
            if taches.inertie() > INERTIE_SECONDES:
                journal.critical("Tâche %s %s bloquée : l'ouvrier se tue.", tache.pk, tache.task_path)
                os.kill(os.getpid(), signal.SIGKILL)
            _signer(tache)
    finally:
        connection.close()


def _signer(tache: Tache) -> None:
    """``started_at`` devient le dernier signe de vie ; une ligne reprise par un autre n'est plus à nous."""
    a_nous = DBTaskResult.objects.filter(pk=tache.pk, status=TaskResultStatus.RUNNING, worker_ids=tache.worker_ids)
    try:
        a_nous.update(started_at=timezone.now())
    except Error:
        journal.warning("Tâche %s : signe de vie non écrit.", tache.pk, exc_info=True)
        connection.close()
