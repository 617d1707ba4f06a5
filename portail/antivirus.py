"""L'antivirus de la commune (clamd, commande INSTREAM) : s'il n'y en a pas, rien n'est analysé."""

import logging
import socket
import struct
from io import BytesIO
from typing import BinaryIO

from django.conf import settings

journal = logging.getLogger(__name__)

SECONDES = 10
MORCEAU = 64 * 1024


class FichierInfecte(Exception):
    """L'antivirus y reconnaît un virus."""


class AntivirusInjoignable(Exception):
    """Il est réglé mais ne répond pas : sans son avis, rien n'entre."""


def analyser(contenu: bytes | BinaryIO) -> None:
    """Ne dit rien si c'est sain, ou si aucun antivirus n'est réglé ; sinon FichierInfecte ou AntivirusInjoignable.

    Un fichier est lu depuis son début, par morceaux, et y revient.
    """
    adresse: tuple[str, int] | str | None = settings.CLAMAV
    if adresse is None:
        return
    try:
        avis = _demander(BytesIO(contenu) if isinstance(contenu, bytes) else contenu, adresse)
    except OSError as panne:
        journal.warning("Antivirus injoignable : %s", type(panne).__name__)
        raise AntivirusInjoignable from panne
    if avis.endswith("FOUND"):
        journal.warning("Fichier infecté, refusé")
        raise FichierInfecte
    if not avis.endswith("OK"):
        journal.warning("Antivirus : réponse inattendue")
        raise AntivirusInjoignable


def _demander(fichier: BinaryIO, adresse: tuple[str, int] | str) -> str:
    """« stream: OK », « stream: Nom-Du-Virus FOUND » ou une erreur."""
    with _ouvrir(adresse) as prise:
        prise.sendall(b"zINSTREAM\0")
        fichier.seek(0)
        while morceau := fichier.read(MORCEAU):
            prise.sendall(struct.pack("!L", len(morceau)) + morceau)
        fichier.seek(0)
        prise.sendall(struct.pack("!L", 0))
        with prise.makefile("rb") as reponse:
            return reponse.read(1024).rstrip(b"\0\n").decode("utf-8", "replace")


def _ouvrir(adresse: tuple[str, int] | str) -> socket.socket:
    if isinstance(adresse, tuple):
        return socket.create_connection(adresse, timeout=SECONDES)
    prise = socket.socket(socket.AF_UNIX)
    prise.settimeout(SECONDES)
    try:
        prise.connect(adresse)
    except OSError:
        prise.close()
        raise
    return prise
