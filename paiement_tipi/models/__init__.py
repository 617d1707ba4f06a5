from paiement_tipi.models.contrats import ContratTipi, Transport
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
    "NotificationTipi",
    "Paiement",
    "PartPaiement",
    "TransitionPaiement",
    "Transport",
    "nouveau_jeton",
]
