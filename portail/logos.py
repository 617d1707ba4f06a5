"""Un logo envoyé devient un PNG à nous : rien de ce fichier n'est gardé, sauf ses points."""

from io import BytesIO
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

POIDS = 2 * 1024 * 1024
COTE_LU, COTE_ECRIT = 3000, 512  # en points ; au-delà, décoder prendrait plus de mémoire qu'un logo n'en vaut
SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF")  # PNG, JPEG, WebP (dont Pillow vérifie la suite)
# Ce que Pillow lève d'une image fausse, coupée, ou qui annonce plus qu'elle n'a.
_ILLISIBLE = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError, Image.DecompressionBombWarning)


def reencoder(fichier: BinaryIO, poids: int) -> bytes:
    """Le PNG, réduit et sans métadonnées ; ValidationError, avec une phrase, s'il n'y a pas de quoi en faire un."""
    if poids > POIDS:
        raise ValidationError(_("Ce fichier est trop lourd : 2 Mo au plus."))
    octets = fichier.read(POIDS)
    if not octets.startswith(SIGNATURES):
        raise ValidationError(_refus(octets))
    try:
        return _png(octets)
    except _ILLISIBLE as erreur:
        raise ValidationError(_("Cette image est abîmée, ou n'est pas ce que dit son nom.")) from erreur


def _refus(octets: bytes) -> str:
    if b"<svg" in octets[:4096].lower():
        return _("Un dessin SVG peut contenir un programme : enregistrez-le en PNG, puis envoyez ce PNG.")
    return _("Envoyez une image PNG, JPEG ou WebP.")


def _png(octets: bytes) -> bytes:
    with Image.open(BytesIO(octets), formats=("PNG", "JPEG", "WEBP")) as image:
        if max(image.size) > COTE_LU:  # dit par l'en-tête : rien n'est encore décodé
            raise ValidationError(_("Cette image est trop grande : 3 000 points de côté au plus."))
        image.load()
        nue = ImageOps.exif_transpose(image).convert("RGBA")
    nue.thumbnail((COTE_ECRIT, COTE_ECRIT))
    nue.info = {}  # profil de couleur, commentaires, lieu de la prise de vue
    sortie = BytesIO()
    nue.save(sortie, "PNG", optimize=True)
    return sortie.getvalue()
