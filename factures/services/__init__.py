"""Ce qui change ou compose une facture ; chaque service qui écrit est une transaction."""

from factures.services.cycle import annuler, consulter, marquer, publier
from factures.services.documents import composer_document, nom_du_document, ouvrir_document
from factures.services.explications import expliquer
from factures.services.papier import au_papier, exporter_le_papier
from factures.services.reglements import encaisser

__all__ = [
    "annuler",
    "au_papier",
    "composer_document",
    "consulter",
    "encaisser",
    "expliquer",
    "exporter_le_papier",
    "marquer",
    "nom_du_document",
    "ouvrir_document",
    "publier",
]
