import sys
from argparse import FileType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from comptes import services


class Command(BaseCommand):
    help = (
        "Après avoir restauré une sauvegarde, et avant de rouvrir le site : referme les comptes que les traces disent "
        "fermés depuis. Se relance sans risque."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        traces = FileType("r", encoding="utf-8")
        parser.add_argument("traces", type=traces, default=sys.stdin, nargs="?", help="Les traces ; sinon l'entrée.")

    def handle(self, *args: Any, **options: Any) -> None:
        sorts = services.rejouer(options["traces"])
        self.stdout.write(
            ", ".join(f"{nombre} {sort}" for sort, nombre in sorted(sorts.items())) or "Aucune fermeture."
        )
        if sorts[services.RETENUS]:
            raise CommandError("Un paiement en cours retient un compte : relancez dans deux heures.")
