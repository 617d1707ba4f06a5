import logging
import signal
import threading
import time
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error, close_old_connections

from portail import taches
from portail.reprises import Guet

journal = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Met en file les tâches périodiques et reprend les perdues, jusqu'à SIGTERM. En lancer deux est sans danger."

    def handle(self, *args: Any, **options: Any) -> None:
        fin, guet = threading.Event(), Guet()
        for numero in (signal.SIGTERM, signal.SIGINT):
            signal.signal(numero, lambda *_: fin.set())
        while not fin.wait(0.5):
            self.tour(guet)

    def tour(self, guet: Guet) -> None:
        """Une base qui redémarre ne doit pas arrêter le planificateur : il réessaie au tour suivant."""
        close_old_connections()
        try:
            taches.planifier()
            guet.tour(time.monotonic())
        except Error:
            journal.exception("Planification reportée : base indisponible.")
