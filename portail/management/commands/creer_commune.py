from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portail import services
from portail.services import Adresse


class Command(BaseCommand):
    help = (
        "Crée une commune, en préparation : la première, tant que personne ne peut se connecter. Les "
        "suivantes se créent dans la gestion."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        for nom, aide in (
            ("nom", "« Ville de Boé »"),
            ("telephone", "Celui du service à appeler."),
            ("horaires", "« du lundi au vendredi, de 7h à 22h »"),
            ("lien", "Le code LIEN : une majuscule et neuf chiffres."),
            ("adresse", "L'adresse publique : https://factures.exemple.fr"),
        ):
            parser.add_argument(f"--{nom}", required=True, help=aide)
        parser.add_argument("--hote", action="append", default=[], help="Un nom d'hôte réservé ; répétable.")
        parser.add_argument("--par-defaut", action="store_true", help="Celle qu'on voit aux adresses partagées.")

    def handle(self, *args: Any, **options: Any) -> None:
        hotes = tuple(sorted({hote.lower() for hote in options["hote"]}))
        ou = Adresse(options["lien"], options["adresse"], hotes, par_defaut=options["par_defaut"])
        champs = {nom: options[nom] for nom in ("nom", "telephone", "horaires")}
        try:
            commune = services.creer_une_commune(ou=ou, **champs)
        except ValidationError as refus:
            raise CommandError("\n".join(refus.messages)) from refus
        self.stdout.write(f"{commune} est créée, en préparation. Nommez maintenant son administrateur dans la gestion.")
