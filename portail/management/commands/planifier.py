import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error, close_old_connections

from portail import taches

journal = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Met en file les tâches périodiques, jusqu'à SIGTERM. En lancer deux est sans danger."

    def handle(self, *args: Any, **options: Any) -> None:
        fin = threading.Event()
        for numero in (signal.SIGTERM, signal.SIGINT):
            signal.signal(numero, lambda *_: fin.set())
        while not fin.wait(0.5):
            self.tour()

    def tour(self) -> None:
        """Une base qui redémarre ne doit pas arrêter le planificateur : il réessaie au tour suivant."""
        close_old_connections()
        try:
            taches.planifier()
        except Error:
            journal.exception("Planification reportée : base indisponible.")
