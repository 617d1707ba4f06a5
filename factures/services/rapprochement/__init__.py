"""Comparer nos comptes à ceux du Trésor, ouvrir les écarts, et les trancher ; aucun ne se corrige seul."""

from factures.services.rapprochement.actes import (
    classer,
    confirmer,
    designer,
    enregistrer_le_manquant,
    infirmer,
    rejeter_le_reglement,
    retrouver,
    s_enregistre,
)
from factures.services.rapprochement.ecarts import EcartIndisponible, ouvrir, tenir, tenir_la_commune
from factures.services.rapprochement.retour import DejaCompare, deposer
from factures.services.rapprochement.suivi import suivre

__all__ = [
    "DejaCompare",
    "EcartIndisponible",
    "classer",
    "confirmer",
    "deposer",
    "designer",
    "enregistrer_le_manquant",
    "infirmer",
    "ouvrir",
    "rejeter_le_reglement",
    "retrouver",
    "s_enregistre",
    "suivre",
    "tenir",
    "tenir_la_commune",
]
