from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.crypto import get_random_string

from portail.ouvrier import Ouvrier


class Command(BaseCommand):
    help = "Exécute les tâches en file, jusqu'à SIGTERM. En lancer plusieurs est sans danger."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--vider", action="store_true", help="S'arrête quand il n'y a plus rien à faire.")

    def handle(self, *args: Any, **options: Any) -> None:
        ouvrier = Ouvrier(
            queue_names=["default"],
            excluded_queue_names=[],
            backend_name="default",
            worker_id=get_random_string(32),
            interval=0.2,
            startup_delay=False,
            batch=options["vider"],
            max_tasks=None,
        )
        ouvrier.configure_signals()
        ouvrier.run()
