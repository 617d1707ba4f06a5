from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from comptes import services
from comptes.models import Usager


class Command(BaseCommand):
    help = "Ferme un compte dans toutes les communes, ou le rouvre. Refusé au seul administrateur d'une commune."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("adresse", help="L'adresse mail du compte.")
        quoi = parser.add_mutually_exclusive_group(required=True)
        quoi.add_argument("--motif", help="Pourquoi il se ferme ; gardé au journal de ses communes.")
        quoi.add_argument("--rouvrir", action="store_true", help="Le rouvrir, avec ce qu'il avait.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            usager = Usager.objects.get_by_natural_key(options["adresse"])
        except Usager.DoesNotExist as inconnu:
            raise CommandError("Aucun compte n'a cette adresse.") from inconnu
        self.stdout.write(_rouvrir(usager) if options["rouvrir"] else _fermer(usager, options["motif"]))


def _fermer(usager: Usager, motif: str) -> str:
    try:
        ferme = services.fermer_un_compte(usager=usager, motif=motif)
    except services.DernierAdministrateur as refus:
        raise CommandError(f"C'est le seul administrateur de {refus} : nommez-en d'abord un autre.") from refus
    return "Le compte est fermé." if ferme else "Ce compte était déjà fermé."


def _rouvrir(usager: Usager) -> str:
    return "Le compte est rouvert." if services.rouvrir_un_compte(usager=usager) else "Ce compte n'était pas fermé."
