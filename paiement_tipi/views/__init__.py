"""Les pages du paiement : partir, revenir, reprendre ou libérer."""

from paiement_tipi.views.depart import notification, payer, resultat, retour
from paiement_tipi.views.en_cours import en_cours

__all__ = ["en_cours", "notification", "payer", "resultat", "retour"]
