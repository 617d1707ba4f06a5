"""Les documents d'un lot : lus dans son archive, vérifiés, rangés sous l'empreinte de leur contenu."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.core.files.base import ContentFile
from django.db import transaction

from factures.imports import Ligne
from factures.imports.documents import Archive, Documents, SansDocuments
from factures.imports.formats import JOINTES
from factures.imports.pdf import porte, verifier
from factures.models import Facture, LigneImport, LotImport

NOMS_CITES = 20


@contextmanager
def documents_de(lot: LotImport) -> Iterator[Documents]:
    """Ceux qui ont été déposés avec le lot."""
    if lot.archive:
        with lot.archive.open("rb") as fichier:
            yield Archive(fichier.file)
    elif extraire := JOINTES.get(lot.format):
        with lot.fichier.open("rb") as fichier, tempfile.TemporaryFile() as archive:
            extraire(fichier.file, archive)
            yield Archive(archive)
    else:
        yield SansDocuments()


class DocumentRange(NamedTuple):
    """Sous quel nom un document est gardé, et s'il ne porte ni le numéro ni la référence de sa facture."""

    nom: str
    douteux: bool


SANS_DOCUMENT = DocumentRange("", douteux=False)


def ranger(lot: LotImport, lue: Ligne, documents: Documents) -> DocumentRange:
    """Garde le document que la ligne nomme ; ``DocumentRefuse`` s'il manque ou n'est pas sûr."""
    if not lue.fichier_pdf:
        return SANS_DOCUMENT
    contenu = documents.lire(lue.fichier_pdf)
    verifier(contenu)
    return DocumentRange(_ecrire(lot, contenu), douteux=not porte(contenu, lue.numero, lue.reference))


def _ecrire(lot: LotImport, contenu: bytes) -> str:
    """Le nom sous lequel ce contenu est gardé.

    Un même contenu a un même nom dans un service : le redéposer ne change rien.
    """
    nom = f"factures/{lot.regie_id}/{hashlib.sha256(contenu).hexdigest()}.pdf"
    stockage = _stockage()
    if stockage.exists(nom):
        if stockage.size(nom) == len(contenu):
            return nom
        stockage.delete(nom)  # une écriture interrompue
    range_sous: str = stockage.save(nom, ContentFile(contenu))
    return range_sous


def orphelins(lot: LotImport, documents: Documents) -> dict[str, Any]:
    """Combien de documents aucune ligne ne nomme, et les premiers d'entre eux."""
    nommes = [
        *LigneImport.objects.filter(lot=lot).exclude(fichier_pdf="").values_list("fichier_pdf", flat=True),
        *filter(None, lot.rejets.values_list("cellules__fichier_pdf", flat=True)),
    ]
    noms = documents.orphelins(nommes)
    return {"nombre": len(noms), "noms": noms[:NOMS_CITES]}


def oublier(noms: Iterable[str]) -> None:
    """Une fois la transaction faite, efface ceux de ces documents dont plus rien ne parle."""
    a_effacer = sorted(set(noms))
    transaction.on_commit(lambda: _effacer(a_effacer))


def _effacer(noms: list[str]) -> None:
    for nom in noms:
        if not Facture.objects.filter(pdf=nom).exists() and not LigneImport.objects.filter(pdf=nom).exists():
            _stockage().delete(nom)


def _stockage() -> Any:
    return Facture._meta.get_field("pdf").storage
