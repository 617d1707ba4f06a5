"""Ce qui change ou compose une facture ; chaque service qui écrit est une transaction."""

from factures.services.cycle import annuler, consulter, marquer, publier
from factures.services.documents import composer_document, nom_du_document, ouvrir_document
from factures.services.reglements import encaisser

__all__ = [
    "annuler",
    "composer_document",
    "consulter",
    "encaisser",
    "marquer",
    "nom_du_document",
    "ouvrir_document",
    "publier",
]
