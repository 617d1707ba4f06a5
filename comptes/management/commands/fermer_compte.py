from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from comptes import services
from comptes.etats import Cause
from comptes.models import Usager

PAS_ROUVERT = "Ce compte n'était pas fermé, ou il l'est pour de bon."


class Command(BaseCommand):
    help = (
        "Ferme un compte dans toutes les communes, ou le rouvre. Refusé au seul administrateur d'une commune. "
        "Pour de bon, il n'est plus à personne et ne se rouvre pas."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("adresse", help="L'adresse mail du compte.")
        quoi = parser.add_mutually_exclusive_group(required=True)
        quoi.add_argument("--motif", help="Pourquoi il se ferme ; gardé au journal de ses communes.")
        quoi.add_argument("--rouvrir", action="store_true", help="Le rouvrir, avec ce qu'il avait.")

        parser.add_argument("--pour-de-bon", action="store_true", help="Effacer à qui il était ; refusé à un agent.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            usager = Usager.objects.get_by_natural_key(options["adresse"])
        except Usager.DoesNotExist as inconnu:
            raise CommandError("Aucun compte n'a cette adresse.") from inconnu
        if options["rouvrir"]:
            self.stdout.write(_rouvrir(usager))
        else:
            fermer = _effacer if options["pour_de_bon"] else _fermer
            self.stdout.write(fermer(usager, options["motif"]))


def _fermer(usager: Usager, motif: str) -> str:
    try:
        ferme = services.fermer_un_compte(usager=usager, motif=motif)
    except services.DernierAdministrateur as refus:
        raise CommandError(f"C'est le seul administrateur de {refus} : nommez-en d'abord un autre.") from refus
    return "Le compte est fermé." if ferme else "Ce compte était déjà fermé."


def _effacer(usager: Usager, motif: str) -> str:
    try:
        services.effacer(parmi=Usager.objects.filter(pk=usager.pk), cause=Cause.EXPLOITANT, motif=motif)
    except services.FermetureRefusee as refus:
        raise CommandError(" ".join(refus.args)) from refus
    return "Le compte est fermé pour de bon."


def _rouvrir(usager: Usager) -> str:
    return "Le compte est rouvert." if services.rouvrir_un_compte(usager=usager) else PAS_ROUVERT
