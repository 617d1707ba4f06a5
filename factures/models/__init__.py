"""Les modèles des factures ; les requêtes sont au-dessus du leur."""

from factures.models.champs import MontantField
from factures.models.factures import A_REGLER, Facture, FactureQuerySet, LigneFacture, LotImport
from factures.models.suivi import Consultation, Declaration, Reglement

__all__ = [
    "A_REGLER",
    "Consultation",
    "Declaration",
    "Facture",
    "FactureQuerySet",
    "LigneFacture",
    "LotImport",
    "MontantField",
    "Reglement",
]
