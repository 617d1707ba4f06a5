from argparse import ArgumentTypeError
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from paiement_tipi import services


def instant(texte: str) -> datetime:
    """Une date ISO ; sans fuseau, elle est à l'heure de Paris."""
    try:
        lu = datetime.fromisoformat(texte)
    except ValueError as erreur:
        raise ArgumentTypeError(f"« {texte} » n'est pas une date ISO (2026-11-23T10:00:00+01:00).") from erreur
    return lu if lu.tzinfo else timezone.make_aware(lu)


class Command(BaseCommand):
    help = (
        "Redemande à PayFiP toutes les tentatives de l'année sans résultat définitif, et affiche leur nombre par état."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--a-la-date", type=instant, help="Agit comme si nous étions à cet instant (ISO).")

    def handle(self, *args: Any, **options: Any) -> None:
        maintenant = options["a_la_date"] or timezone.now()
        etats = services.rapprocher(guichet=services.guichet(personne=False), maintenant=maintenant)
        self.stdout.write(f"Tentatives redemandées : {etats.total()}.")
        for etat, nombre in sorted(etats.items()):
            self.stdout.write(f"  {etat} : {nombre}")
