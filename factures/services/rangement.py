"""Où sont gardés les documents déposés : sous l'empreinte de leur contenu."""

import hashlib
from typing import Any

from django.core.files.base import ContentFile

from factures.models import Facture


def ranger_le_document(regie: int, contenu: bytes) -> str:
    """Le nom sous lequel ce contenu est gardé.

    Un même contenu a un même nom dans un service : le redéposer ne change rien.
    """
    nom = f"factures/{regie}/{hashlib.sha256(contenu).hexdigest()}.pdf"
    stockage = stockage_des_documents()
    if stockage.exists(nom):
        if stockage.size(nom) == len(contenu):
            return nom
        stockage.delete(nom)  # une écriture interrompue
    range_sous: str = stockage.save(nom, ContentFile(contenu))
    return range_sous


def stockage_des_documents() -> Any:
    """Celui des factures."""
    return Facture._meta.get_field("pdf").storage
