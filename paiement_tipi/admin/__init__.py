"""Les paiements dans la gestion."""

from paiement_tipi.admin import contrats, ecarts, frise, groupes, modeles, recherche

__all__ = ["contrats", "ecarts", "frise", "groupes", "modeles", "recherche"]
