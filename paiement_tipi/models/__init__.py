from paiement_tipi.models.contrats import ContratTipi, Transport
from paiement_tipi.models.coupures import CoupurePayfip
from paiement_tipi.models.echanges import EchangePayfip, Operation
from paiement_tipi.models.tentatives import (
    DOUBLE_CLIC,
    EN_PANNE,
    SANS_NOUVELLE,
    NotificationTipi,
    Paiement,
    PartPaiement,
    TransitionPaiement,
    nouveau_jeton,
)

__all__ = [
    "DOUBLE_CLIC",
    "EN_PANNE",
    "SANS_NOUVELLE",
    "ContratTipi",
    "CoupurePayfip",
    "EchangePayfip",
    "NotificationTipi",
    "Operation",
    "Paiement",
    "PartPaiement",
    "TransitionPaiement",
    "Transport",
    "nouveau_jeton",
]
