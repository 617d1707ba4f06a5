"""Les fichiers d'une réponse qui n'est pas encore partie, déjà vérifiés : gardés le temps que l'agent la relise.

Ils sont là où seront les pièces, sans qu'aucune ligne les nomme : ce qui ne part pas s'efface avec les fichiers perdus.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from contact.models import Demande
from contact.pieces import DOSSIER, EXTENSIONS, Piece

DUREE = timedelta(hours=12)  # moins que le sursis des fichiers que rien ne nomme


class FichiersPerdus(Exception):
    """Ce jeton n'est pas de cette demande, ou il est trop vieux."""


def garder(*, demande: Demande, pieces: Sequence[Piece]) -> str:
    """Rend le jeton qui les nommera, pour cette demande seulement."""
    return signing.dumps([(p.nom, p.genre, _ecrire(p)) for p in pieces], salt=_sel(demande), compress=True)


def reprendre(*, demande: Demande, jeton: str) -> tuple[Piece, ...]:
    """Les pièces que nomme ce jeton ; FichiersPerdus."""
    try:
        gardees = signing.loads(jeton, salt=_sel(demande), max_age=DUREE)
        return tuple(Piece(nom, genre, _lire(chemin)) for nom, genre, chemin in gardees)
    except (signing.BadSignature, FileNotFoundError) as perte:
        raise FichiersPerdus from perte


def _sel(demande: Demande) -> str:
    return f"contact.brouillon.{demande.pk}"


def _ecrire(piece: Piece) -> str:
    return default_storage.save(f"{DOSSIER}/{uuid4()}.{EXTENSIONS[piece.genre]}", ContentFile(piece.contenu))


def _lire(chemin: str) -> bytes:
    with default_storage.open(chemin) as fichier:
        return bytes(fichier.read())
