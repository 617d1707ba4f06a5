from paiement_tipi.models.contrats import ContratTipi, Transport
from paiement_tipi.models.coupures import CoupurePayfip
from paiement_tipi.models.tentatives import (
    DOUBLE_CLIC,
    NotificationTipi,
    Paiement,
    PartPaiement,
    TransitionPaiement,
    nouveau_jeton,
)

__all__ = [
    "DOUBLE_CLIC",
    "ContratTipi",
    "CoupurePayfip",
    "NotificationTipi",
    "Paiement",
    "PartPaiement",
    "TransitionPaiement",
    "Transport",
    "nouveau_jeton",
]
