from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portail import journal


class Command(BaseCommand):
    help = "Recalcule les sceaux du journal ; échoue si une entrée scellée a été changée, ajoutée ou retirée."

    def handle(self, *args: Any, **options: Any) -> None:
        anomalies = journal.verifier()
        if anomalies:
            raise CommandError("\n".join(anomalies))
        self.stdout.write("Le journal est intact.")
