"""Les modèles des factures ; les requêtes sont au-dessus du leur."""

from factures.models.annonces import annonces_de, annonces_des_services, audience
from factures.models.apercu import CorrectionImport, LigneImport, RejetImport
from factures.models.bilans import BilanJour, BilanService
from factures.models.champs import MontantField
from factures.models.depots import DepotReglements, LigneDepot
from factures.models.factures import Facture, FactureQuerySet, LigneFacture
from factures.models.liste import ListeDeFactures, par_compte_client, resume_par_service
from factures.models.lots import CorrespondanceColonnes, LotImport
from factures.models.rapprochement import ConfirmationReglement, Ecart, RetourTresor
from factures.models.situation import A_REGLER
from factures.models.suivi import Consultation, Declaration, Reglement

__all__ = [
    "A_REGLER",
    "BilanJour",
    "BilanService",
    "ConfirmationReglement",
    "Consultation",
    "CorrectionImport",
    "CorrespondanceColonnes",
    "Declaration",
    "DepotReglements",
    "Ecart",
    "Facture",
    "FactureQuerySet",
    "LigneDepot",
    "LigneFacture",
    "LigneImport",
    "ListeDeFactures",
    "LotImport",
    "MontantField",
    "Reglement",
    "RejetImport",
    "RetourTresor",
    "annonces_de",
    "annonces_des_services",
    "audience",
    "par_compte_client",
    "resume_par_service",
]
