import time
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from bancs import documents, donnees, imports, pages, rapport, volumes

PAGES = {"liste", "detail", "connexion"}


class Command(BaseCommand):
    help = "Remplit une base vide et mesure le portail ; lancée par « python -m bancs »."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sujets", nargs="+")

    def handle(self, *args: Any, sujets: list[str], **options: Any) -> None:
        autour = rapport.contexte()
        debut = time.monotonic()
        call_command("collectstatic", interactive=False, verbosity=0)
        if set(sujets) != {"volumes"}:  # qui ont leurs propres bases
            self._preparer()
        figures: dict[str, dict[str, float]] = {}
        if PAGES & set(sujets):
            self.stdout.write("Mesure des pages…")
            figures |= pages.mesurer_les_pages(sujets)
        if "pdf" in sujets:
            self.stdout.write("Mesure du document…")
            figures["pdf"], etapes, fonctions = documents.mesurer_le_pdf()
            total = figures["pdf"]["ms_compose"]
            self.stdout.write(rapport.document(figures["pdf"]))
            self.stdout.write("\n" + rapport.parts("étape du document", etapes, total))
            self.stdout.write("\n" + rapport.parts("fonction (sans ce qu'elle appelle)", fonctions, total))
        if "volumes" in sujets:
            self.stdout.write("Mesure à mille, cent mille et un million de factures…")
            figures |= volumes.mesurer_les_volumes()
        if "import_100k" in sujets:
            self.stdout.write("Mesure de l'import de cent mille factures…")
            figures["import_100k"] = imports.mesurer_l_import()
        rapport.ecrire(figures, autour)
        self.stdout.write(f"\n{rapport.tableau(figures)}\n\n{rapport.RESULTATS} ({time.monotonic() - debut:.0f} s)")

    def _preparer(self) -> None:
        self.stdout.write("Préparation de la base…")
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        call_command("demo", stdout=StringIO())
        donnees.peupler()
