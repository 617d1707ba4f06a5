#!/usr/bin/env python
"""Les commandes du portail."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    """Un réglage absent ou étrange arrête tout par une phrase, avant toute commande."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portail.settings")
    try:
        bool(settings.DEBUG)  # le premier accès lit tous les réglages
    except ImproperlyConfigured as erreur:
        sys.exit(str(erreur))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
