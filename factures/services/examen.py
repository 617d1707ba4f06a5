"""L'antivirus de la commune, s'il y en a un, voit tout ce qui entre ici ; s'il ne répond pas, rien n'entre."""

from typing import BinaryIO

from django.utils.translation import gettext as _

from factures.imports.documents import DocumentRefuse
from factures.imports.rangees import FichierRefuse
from portail.antivirus import AntivirusInjoignable, FichierInfecte, analyser
from portail.taches import progresser


def examiner_le_fichier(fichier: BinaryIO) -> None:
    """``FichierRefuse`` s'il est infecté, ou si l'antivirus ne répond pas."""
    try:
        _examiner(fichier)
    except FichierInfecte as infecte:
        raise FichierRefuse(_("L'antivirus voit un virus dans ce fichier.")) from infecte


def examiner_le_document(contenu: bytes) -> None:
    """``DocumentRefuse`` s'il est infecté ; ``FichierRefuse`` si l'antivirus ne répond pas, à aucun d'eux."""
    try:
        _examiner(contenu)
    except FichierInfecte as infecte:
        raise DocumentRefuse(_("l'antivirus voit un virus dans ce PDF.")) from infecte


def _examiner(contenu: bytes | BinaryIO) -> None:
    progresser()
    try:
        analyser(contenu)
    except AntivirusInjoignable as panne:
        phrase = _(
            "L'antivirus ne répond pas, ou refuse un fichier de cette taille. Rien n'entre sans son avis : réessayez."
        )
        raise FichierRefuse(phrase) from panne
