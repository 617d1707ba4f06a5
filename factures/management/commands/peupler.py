import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q

from factures.services.peuplement import PeuplementRefuse, peupler
from portail.models import Collectivite


class Command(BaseCommand):
    help = "Ajoute N factures plausibles à une installation d'essai ; tout ou rien, et les mêmes pour la même graine."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--factures", type=int, required=True, metavar="N")
        parser.add_argument("--collectivite", metavar="LIEN", help="Par défaut, la commune par défaut.")
        parser.add_argument("--graine", type=int, default=1, metavar="N", help="Une autre graine, d'autres factures.")

    def handle(self, *args: Any, factures: int, collectivite: str | None, graine: int, **options: Any) -> None:
        if factures < 1:
            raise CommandError("--factures est un nombre d'au moins 1.")
        commune = Collectivite.objects.filter(Q(lien=collectivite) if collectivite else Q(par_defaut=True)).first()
        if commune is None:
            raise CommandError(f"Aucune commune {collectivite or 'par défaut'} ici : « manage.py demo » en crée deux.")
        debut = time.monotonic()

        def progres(faites: int) -> None:
            self.stdout.write(f"{faites} / {factures} ({faites / (time.monotonic() - debut):.0f} factures/s)")

        try:
            peupler(collectivite=commune, factures=factures, graine=graine, progres=progres)
        except PeuplementRefuse as refus:
            raise CommandError(str(refus)) from refus
        duree = time.monotonic() - debut
        self.stdout.write(f"{commune} : {factures} factures en {duree:.1f} s ({factures / duree:.0f} par seconde).")
