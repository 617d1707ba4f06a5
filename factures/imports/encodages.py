"""Quel encodage : celui que le fichier annonce, sinon UTF-8 s'il en est, sinon Windows-1252 (qui contient Latin-1)."""

import codecs
import io
from typing import BinaryIO

from factures.imports.rangees import FichierRefuse

_MARQUES = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_MORCEAU = 1 << 16


def ouvrir(fichier: BinaryIO) -> io.TextIOWrapper:
    """Le texte du fichier, fins de ligne gardées telles quelles ; lit tout une fois pour être sûr de son encodage."""
    annonce = _annonce(fichier)
    candidats = (annonce,) if annonce else ("utf-8", "cp1252")
    for encodage in candidats:
        if _convient(fichier, encodage):
            fichier.seek(0)
            return io.TextIOWrapper(fichier, encoding=encodage, newline="")
    raise FichierRefuse("Ce fichier n'est pas du texte lisible ; exportez-le de nouveau en CSV UTF-8.")


def _annonce(fichier: BinaryIO) -> str:
    fichier.seek(0)
    debut = fichier.read(4)
    if debut in {codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE}:
        raise FichierRefuse("Ce fichier est en UTF-32 ; exportez-le de nouveau en CSV UTF-8.")
    return next((encodage for marque, encodage in _MARQUES if debut.startswith(marque)), "")


def _convient(fichier: BinaryIO, encodage: str) -> bool:
    fichier.seek(0)
    decodeur = codecs.getincrementaldecoder(encodage)()
    try:
        while morceau := fichier.read(_MORCEAU):
            decodeur.decode(morceau)
        decodeur.decode(b"", final=True)
    except UnicodeError:
        return False
    return True
