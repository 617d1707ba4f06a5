"""La vie d'un fichier de règlements reçus ailleurs : déposer, relire, enregistrer, annuler, renoncer."""

from factures.services.depots.annulation import annuler, renoncer
from factures.services.depots.depot import DejaDepose, deposer, relire
from factures.services.depots.ecarts import a_corriger, bilan
from factures.services.depots.enregistrement import enregistrer
from factures.services.depots.etapes import DepotIndisponible

__all__ = [
    "DejaDepose",
    "DepotIndisponible",
    "a_corriger",
    "annuler",
    "bilan",
    "deposer",
    "enregistrer",
    "relire",
    "renoncer",
]
