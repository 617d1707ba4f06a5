"""Le processus qui lit un fichier de règlements : rien que nos colonnes, et pas plus de signes qu'il n'en faut."""

import sys
from dataclasses import asdict
from itertools import islice
from typing import IO, Any

from factures.imports.bac.enfant import mener, rouvrir
from factures.imports.bac.trames import dire
from factures.imports.classeurs import NonDits
from factures.imports.reglements import lire

PAR_TRAME = 200
SIGNES_MAXIMUM = 200  # bien plus qu'aucune de nos colonnes n'en accepte : une cellule coupée reste fautive


def servir(_entree: IO[bytes], sortie: IO[bytes], reglages: dict[str, Any]) -> None:
    """Toutes les rangées, par trames."""
    with rouvrir(reglages["fichier"]) as fichier:
        non_dits = NonDits()
        rangees = lire(fichier, non_dits)
        while paquet := list(islice(rangees, PAR_TRAME)):
            dire(sortie, {"rangees": [(r.numero, _propres(dict(r.cellules)), r.defaut) for r in paquet]})
    dire(sortie, {"fin": True, "non_dits": asdict(non_dits)})


def _propres(cellules: dict[str, str]) -> dict[str, str]:
    """Sans ce que PostgreSQL ne garde pas (caractère nul, moitié de caractère)."""
    return {nom: _propre(" ".join(texte.split())[:SIGNES_MAXIMUM]) for nom, texte in cellules.items()}


def _propre(texte: str) -> str:
    return texte.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


if __name__ == "__main__":
    sys.exit(mener(servir))
