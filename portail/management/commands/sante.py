import sys
from typing import Any

from django.core.management.base import BaseCommand

from portail import sante


class Command(BaseCommand):
    help = "Dit l'état de l'installation et ce qui demande de l'attention ; sort avec 1 si elle n'est pas prête."

    def handle(self, *args: Any, **options: Any) -> None:
        etat = sante.etat()
        for nom, bon in etat.items():
            self.stdout.write(f"{nom} : {'oui' if bon else 'NON'}")
        for nom, nombre in (sante.chiffres() if etat["base"] and etat["migrations"] else {}).items():
            self.stdout.write(f"{nom} : {nombre}")
        sys.exit(0 if all(etat.values()) else 1)
