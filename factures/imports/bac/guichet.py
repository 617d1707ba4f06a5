"""Ce qu'une personne vient de déposer, lu pendant que sa page attend : le même bac, avec bien moins de temps."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from io import BytesIO
from typing import Any, BinaryIO, NamedTuple

from factures.imports.bac.parent import Bac, BacMort
from factures.imports.documents import DocumentRefuse
from factures.imports.lecteur_pes_retour import Dette, Encaissement, Entete, Ligne
from factures.imports.rangees import Rangee

# Moins que ce qu'un mandataire ou gunicorn accordent à une page.
CPU_SECONDES = 10
SILENCE_SECONDES = 20.0
LOURD = "ce PDF demande trop de temps ou de mémoire pour être vérifié."


class Recus(NamedTuple):
    """Un fichier de règlements : ses rangées, et ce que son classeur ne montre pas."""

    rangees: list[Rangee]
    non_dits: dict[str, int]


def lire_les_recus(fichier: BinaryIO) -> Recus:
    """Les rangées d'un fichier de règlements ; ``FichierRefuse`` s'il n'en est pas un, ou s'il a tué son lecteur."""
    rangees: list[Rangee] = []
    with _ouvert("recus", fichier) as bac:
        while "fin" not in (message := bac.entendre()):
            rangees += (Rangee(*rangee) for rangee in message["rangees"])
    return Recus(rangees, message["non_dits"])


def lire_le_retour(fichier: BinaryIO) -> tuple[Entete, list[Ligne]]:
    """L'en-tête d'un retour du Trésor, et chaque dette avec ce qui en a été reçu ; ``FichierRefuse`` de même."""
    lignes: list[Ligne] = []
    with _ouvert("retour", fichier) as bac:
        entete = bac.entendre()
        while "fin" not in (message := bac.entendre()):
            lignes += (
                (Dette(*dette), [Encaissement.depuis_json(recu) for recu in recus])
                for dette, recus in message["dettes"]
            )
    return Entete(entete["au"] and date.fromisoformat(entete["au"]), entete["stock"]), lignes


def verifier_le_document(contenu: bytes, *mentions: str) -> bool:
    """Vrai si ce PDF porte l'une des mentions ; ``DocumentRefuse`` s'il n'est pas sûr, ou s'il a tué son lecteur."""
    try:
        with _ouvert("document", BytesIO(contenu), mentions=mentions) as bac:
            reponse = bac.entendre()
    except BacMort as mort:
        raise DocumentRefuse(LOURD) from mort
    if "refuse" in reponse:
        raise DocumentRefuse(reponse["refuse"])
    return bool(reponse["porte"])


@contextmanager
def _ouvert(module: str, depose: BinaryIO, **reglages: Any) -> Iterator[Bac]:
    """Le processus, et une copie du dépôt qu'il peut lire où que Django ait rangé celui-ci."""
    with tempfile.TemporaryFile() as copie:
        depose.seek(0)
        shutil.copyfileobj(depose, copie)
        copie.flush()
        bornes = {"fichier": copie.fileno(), "cpu": CPU_SECONDES}
        with Bac(module, bornes | reglages, copie, silence=SILENCE_SECONDES) as bac:
            yield bac
