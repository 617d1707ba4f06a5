"""Une pièce jointe : reconnue à ses octets et non à son nom ; une image est refaite, un PDF vérifié, rien d'autre."""

import struct
import unicodedata
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import PurePosixPath
from uuid import UUID, uuid4

from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from factures.imports.bac import verifier_le_document
from factures.imports.documents import DocumentRefuse
from portail.bornes import OCTETS_PAR_PIECE

DOSSIER = "contact"  # où elles se rangent
PDF = "application/pdf"
EXTENSIONS = {PDF: "pdf", "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
NOM_MAXIMUM = 100
# Un téléphone fait des photos de cinquante millions de points ; au-delà, c'est une bombe. On en garde de quoi lire.
PIXELS_MAXIMUM = 52_000_000
COTE = 2400
_ILLISIBLES = (
    OSError, ValueError, TypeError, SyntaxError, EOFError, struct.error, Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)  # fmt: skip


class PieceRefusee(ValueError):
    """La phrase se lit après le nom du fichier."""


@dataclass(frozen=True)
class Piece:
    """Ce qui peut être gardé et montré."""

    nom: str
    genre: str
    contenu: bytes


@dataclass(frozen=True)
class Envoi:
    """Ce que quelqu'un écrit, et joint ; ``formulaire`` fait reconnaître un second envoi du même."""

    texte: str
    pieces: tuple[Piece, ...] = ()
    formulaire: UUID = field(default_factory=uuid4)


def reconnaitre(contenu: bytes) -> str:
    """Le genre de fichier, d'après ses premiers octets ; PieceRefusee pour tout autre."""
    if len(contenu) > OCTETS_PAR_PIECE:
        raise PieceRefusee(_("ce fichier est trop lourd : %(mo)d Mo au plus.") % {"mo": OCTETS_PAR_PIECE >> 20})
    if contenu.startswith(b"%PDF-"):
        return PDF
    if contenu.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if contenu.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if contenu[:4] == b"RIFF" and contenu[8:12] == b"WEBP":
        return "image/webp"
    raise PieceRefusee(_("ce n'est ni un PDF ni une image (PNG, JPEG ou WebP)."))


def preparer(nom: str, contenu: bytes) -> Piece:
    """La pièce telle qu'on la garde ; PieceRefusee si elle ne peut pas l'être."""
    genre = reconnaitre(contenu)
    if genre != PDF:
        return Piece(nettoyer(nom, genre), genre, _refaire(contenu, genre.partition("/")[2].upper()))
    try:
        verifier_le_document(contenu)
    except DocumentRefuse as refus:
        raise PieceRefusee(str(refus)) from refus
    return Piece(nettoyer(nom, genre), genre, contenu)


def nettoyer(nom: str, genre: str) -> str:
    """« photo.jpg » : ni dossier, ni signe invisible, et l'extension de ce que c'est vraiment."""
    dernier = unicodedata.normalize("NFC", nom).replace("\\", "/").rpartition("/")[2]
    lisible = "".join(signe for signe in dernier if unicodedata.category(signe)[0] != "C")
    racine = " ".join(PurePosixPath(lisible).stem.split()).strip(". ")[:NOM_MAXIMUM]
    return f"{racine or _('document')}.{EXTENSIONS[genre]}"


def _refaire(contenu: bytes, format_: str) -> bytes:
    """La même image, droite, dans de nouveaux octets : ni lieu, ni appareil, ni rien de caché derrière."""
    try:
        with Image.open(BytesIO(contenu), formats=[format_]) as image:
            return _redessiner(image, format_)
    except PieceRefusee:
        raise
    except _ILLISIBLES as erreur:
        raise PieceRefusee(_("cette image est abîmée.")) from erreur


def _redessiner(image: Image.Image, format_: str) -> bytes:
    if image.width * image.height > PIXELS_MAXIMUM:
        raise PieceRefusee(_("cette image est démesurée."))
    image.thumbnail((COTE, COTE))  # un JPEG se lit d'emblée à moindre taille
    droite = ImageOps.exif_transpose(image)
    mode = "RGBA" if droite.has_transparency_data and format_ != "JPEG" else "RGB"
    neuve = Image.new(mode, droite.size)
    neuve.paste(droite.convert(mode))
    sortie = BytesIO()
    neuve.save(sortie, format_, quality=85)
    return sortie.getvalue()
