"""Les modèles des comptes ; les requêtes sont au-dessus du leur."""

from comptes.models.activation import (
    ECHECS_PAR_CODE,
    VALIDITE_CODE,
    VALIDITE_LIEN,
    Activation,
    CodeActivation,
    empreinte_code,
    redevables_a_inviter,
)
from comptes.models.adresses import DemandeAdresse
from comptes.models.copies import Copie
from comptes.models.envoi import ChoixEnvoi, MoyenDuChoix
from comptes.models.inactivite import AVERTIR_MOIS, FERMER_MOIS, PREAVIS, a_fermer, a_prevenir, decaler
from comptes.models.ouverture import Ouverture, Suite
from comptes.models.redevables import ModeEnvoi, Rattachement, Redevable, RedevableQuerySet, rattaches_a
from comptes.models.sessions import Session
from comptes.models.usagers import Usager, UsagerManager, normaliser_courriel
from comptes.models.visites import Visite

__all__ = [
    "AVERTIR_MOIS",
    "ECHECS_PAR_CODE",
    "FERMER_MOIS",
    "PREAVIS",
    "VALIDITE_CODE",
    "VALIDITE_LIEN",
    "Activation",
    "ChoixEnvoi",
    "CodeActivation",
    "Copie",
    "DemandeAdresse",
    "ModeEnvoi",
    "MoyenDuChoix",
    "Ouverture",
    "Rattachement",
    "Redevable",
    "RedevableQuerySet",
    "Session",
    "Suite",
    "Usager",
    "UsagerManager",
    "Visite",
    "a_fermer",
    "a_prevenir",
    "decaler",
    "empreinte_code",
    "normaliser_courriel",
    "rattaches_a",
    "redevables_a_inviter",
]
