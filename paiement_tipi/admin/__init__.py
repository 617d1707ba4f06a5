"""Les paiements dans la gestion."""

from paiement_tipi.admin import frise, groupes, modeles, recherche

__all__ = ["frise", "groupes", "modeles", "recherche"]
