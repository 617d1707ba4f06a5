"""Les longues épreuves : ``make test`` en joue un échantillon, ``make epreuves`` les mène entières et les consigne."""

import os
import platform
from datetime import date
from pathlib import Path

from django.db import connection

AMPLEUR = int(os.environ.get("AMPLEUR", "1"))
DOSSIER = Path(__file__).resolve().parent.parent / "docs" / "epreuves"


def consigner(nom: str, titre: str, promesse: str, **mesures: object) -> None:
    """``docs/epreuves/<nom>.md``, daté ; un échantillon ne s'écrit pas."""
    if AMPLEUR == 1:
        return
    lignes = "\n".join(f"| {mesure.replace('_', ' ')} | {valeur} |" for mesure, valeur in mesures.items())
    moteur = (
        f"{connection.display_name} {connection.pg_version // 10000}"
        if connection.vendor == "postgresql"
        else (connection.display_name)
    )
    texte = (
        f"# {titre}\n\n{date.today():%d/%m/%Y}, `make epreuves`, {moteur}, Python {platform.python_version()}, "
        f"{os.cpu_count()} processeurs.\n\n{promesse}\n\n| mesure | valeur |\n|---|---|\n{lignes}\n"
    )
    DOSSIER.mkdir(exist_ok=True)
    (DOSSIER / f"{nom}.md").write_text(texte, "utf-8")
