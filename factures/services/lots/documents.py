"""Les documents d'un lot : lus dans son archive, vérifiés, rangés sous l'empreinte de leur contenu."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from django.db import transaction

from factures.imports import Ligne
from factures.imports.appariement import CHAMPS
from factures.imports.bac import Pieces
from factures.imports.documents import DocumentRefuse
from factures.imports.formats import JOINTES
from factures.models import Facture, LigneImport, LotImport
from factures.services.examen import examiner_le_document
from factures.services.lots.preparation import en_fichier
from factures.services.rangement import ranger_le_document, stockage_des_documents


@contextmanager
def documents_de(lot: LotImport) -> Iterator[Pieces | None]:
    """Ceux qui ont été déposés avec le lot ; None s'il n'y en a pas."""
    jointes = lot.format in JOINTES
    if not lot.archive and not jointes:
        yield None
        return
    with ExitStack() as pile:
        fichier = pile.enter_context(en_fichier(lot.archive or lot.fichier))
        extraire = None if lot.archive else pile.enter_context(tempfile.TemporaryFile())
        pieces = Pieces(fichier, motif=lot.motif_documents, extraire=extraire)
        pile.callback(pieces.fermer)
        yield pieces


class DocumentRange(NamedTuple):
    """Sous quel nom un document est gardé, sous lequel il était déposé, et s'il ne dit rien de sa facture."""

    nom: str
    douteux: bool
    depose: str = ""


SANS_DOCUMENT = DocumentRange("", douteux=False)


def ranger(lot: LotImport, lue: Ligne, documents: Pieces | None) -> DocumentRange:
    """Garde le document de la ligne ; ``DocumentRefuse`` si celui qu'elle nomme manque, ou n'est pas sûr."""
    if documents is None:
        if lue.fichier_pdf:
            raise DocumentRefuse(f"le document « {lue.fichier_pdf} » n'a pas été fourni.")
        return SANS_DOCUMENT
    nom, contenu, douteux = documents.pour({champ: getattr(lue, champ) for champ in ("fichier_pdf", *CHAMPS)})
    if not nom:
        return SANS_DOCUMENT
    examiner_le_document(contenu)
    return DocumentRange(ranger_le_document(lot.regie_id, contenu), douteux, nom)


def orphelins(lot: LotImport, documents: Pieces | None) -> dict[str, Any]:
    """Combien de documents aucune ligne ne nomme, et les premiers d'entre eux."""
    if documents is None:
        return {"nombre": 0, "noms": []}
    nommes = [
        *LigneImport.objects.filter(lot=lot).exclude(fichier_pdf="").values_list("fichier_pdf", flat=True),
        *filter(None, lot.rejets.values_list("cellules__fichier_pdf", flat=True)),
    ]
    return documents.orphelins(nommes)


def oublier(noms: Iterable[str]) -> None:
    """Une fois la transaction faite, efface ceux de ces documents dont plus rien ne parle."""
    a_effacer = sorted(set(noms))
    transaction.on_commit(lambda: _effacer(a_effacer))


def _effacer(noms: list[str]) -> None:
    for nom in noms:
        if not Facture.objects.filter(pdf=nom).exists() and not LigneImport.objects.filter(pdf=nom).exists():
            stockage_des_documents().delete(nom)
