"""Le processus qui vérifie un seul PDF, celui qu'une personne vient de déposer."""

import sys
from typing import IO, Any

from factures.imports.bac.enfant import mener, rouvrir
from factures.imports.bac.trames import dire
from factures.imports.documents import DocumentRefuse
from factures.imports.pdf import porte, verifier


def servir(_entree: IO[bytes], sortie: IO[bytes], reglages: dict[str, Any]) -> None:
    """S'il porte l'une des mentions, ou pourquoi il est refusé."""
    with rouvrir(reglages["fichier"]) as fichier:
        contenu = fichier.read()
    try:
        verifier(contenu)
        dire(sortie, {"porte": porte(contenu, *reglages["mentions"])})
    except DocumentRefuse as refus:
        dire(sortie, {"refuse": str(refus)})


if __name__ == "__main__":
    sys.exit(mener(servir))
