"""Les paiements dans la gestion."""

from paiement_tipi.admin import frise, modeles

__all__ = ["frise", "modeles"]
