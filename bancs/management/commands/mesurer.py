import time
from collections.abc import Callable
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from bancs import documents, donnees, exports, imports, pages, paiement, rapport, volumes

PAGES = {"liste", "detail", "connexion"}
# L'export compte sur la base de la démonstration : l'import vient après.
LONGUES: dict[str, tuple[str, Callable[[], dict[str, dict[str, float]]]]] = {
    "volumes": ("Mesure à mille, cent mille et un million de factures…", volumes.mesurer_les_volumes),
    "exports": ("Mesure de l'export de cent mille factures…", exports.mesurer_les_exports),
    "import_100k": (
        "Mesure de l'import de cent mille factures…",
        lambda: {"import_100k": imports.mesurer_l_import()},
    ),
    "paiement": ("Mesure du départ vers PayFiP et du relevé…", paiement.mesurer_le_paiement),
}


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
        for nom, (phrase, mesurer) in LONGUES.items():
            if nom in sujets:
                self.stdout.write(phrase)
                figures |= mesurer()
        rapport.ecrire(figures, autour)
        self.stdout.write(f"\n{rapport.tableau(figures)}\n\n{rapport.RESULTATS} ({time.monotonic() - debut:.0f} s)")

    def _preparer(self) -> None:
        self.stdout.write("Préparation de la base…")
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        call_command("demo", stdout=StringIO())
        donnees.peupler()
