"""Les pages du paiement : partir, revenir, reprendre ou libérer."""

from paiement_tipi.views.depart import notification, payer, resultat, retour
from paiement_tipi.views.en_cours import en_cours
from paiement_tipi.views.ensemble import payer_ensemble, tout_payer
from paiement_tipi.views.justificatif import (
    justificatif,
    justificatif_du_papier,
    justificatif_du_papier_pdf,
    justificatif_pdf,
)
from paiement_tipi.views.papier import papier

__all__ = [
    "en_cours",
    "justificatif",
    "justificatif_du_papier",
    "justificatif_du_papier_pdf",
    "justificatif_pdf",
    "notification",
    "papier",
    "payer",
    "payer_ensemble",
    "resultat",
    "retour",
    "tout_payer",
]
