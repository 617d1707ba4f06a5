"""Les paiements dans la gestion."""

from paiement_tipi.admin import frise, modeles, recherche

__all__ = ["frise", "modeles", "recherche"]
