"""Ce qui change ou compose une facture ; chaque service qui écrit est une transaction."""

from factures.services.avis import prevenir
from factures.services.bilans import tenir_le_bilan
from factures.services.cycle import annuler, consulter, marquer, mettre_en_attente, prolonger, publier, reprendre
from factures.services.documents import a_composer, composer_document, nom_du_document, ouvrir_document
from factures.services.explications import expliquer, moyens_de
from factures.services.papier import au_papier, exporter_le_papier
from factures.services.reglements import encaisser, enregistrer, rejeter, rembourser
from factures.services.saisie import corriger, creer, joindre

__all__ = [
    "a_composer",
    "annuler",
    "au_papier",
    "composer_document",
    "consulter",
    "corriger",
    "creer",
    "encaisser",
    "enregistrer",
    "expliquer",
    "exporter_le_papier",
    "joindre",
    "marquer",
    "mettre_en_attente",
    "moyens_de",
    "nom_du_document",
    "ouvrir_document",
    "prevenir",
    "prolonger",
    "publier",
    "rejeter",
    "rembourser",
    "reprendre",
    "tenir_le_bilan",
]
