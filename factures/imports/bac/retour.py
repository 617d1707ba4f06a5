"""Le processus qui lit un retour du Trésor."""

import sys
from dataclasses import astuple
from itertools import islice
from typing import IO, Any

from factures.imports.bac.enfant import mener, rouvrir
from factures.imports.bac.trames import dire
from factures.imports.lecteur_pes_retour import Entete, lire

PAR_TRAME = 500


def servir(_entree: IO[bytes], sortie: IO[bytes], reglages: dict[str, Any]) -> None:
    """L'en-tête, puis les dettes par paquets."""
    with rouvrir(reglages["fichier"]) as fichier:
        lues = lire(fichier)
        entete = next(lues)
        assert isinstance(entete, Entete)  # noqa: S101  # pour le typage : ``lire`` commence par lui
        dire(sortie, {"au": entete.au and entete.au.isoformat(), "stock": entete.stock})
        while paquet := [_en_json(ligne) for ligne in islice(lues, PAR_TRAME)]:
            dire(sortie, {"dettes": paquet})
    dire(sortie, {"fin": True})


def _en_json(ligne: Any) -> list[Any]:
    dette, recus = ligne
    return [astuple(dette), [recu.en_json() for recu in recus]]


if __name__ == "__main__":
    sys.exit(mener(servir))
