"""Les modèles des factures ; les requêtes sont au-dessus du leur."""

from factures.models.champs import MontantField
from factures.models.factures import Facture, FactureQuerySet, LigneFacture, LotImport
from factures.models.liste import ListeDeFactures, par_compte_client, resume_par_service
from factures.models.situation import A_REGLER
from factures.models.suivi import Consultation, Declaration, Reglement

__all__ = [
    "A_REGLER",
    "Consultation",
    "Declaration",
    "Facture",
    "FactureQuerySet",
    "LigneFacture",
    "ListeDeFactures",
    "LotImport",
    "MontantField",
    "Reglement",
    "par_compte_client",
    "resume_par_service",
]
