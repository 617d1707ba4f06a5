"""Les paiements dans la gestion."""

from paiement_tipi.admin import contrats, frise, groupes, modeles, recherche

__all__ = ["contrats", "frise", "groupes", "modeles", "recherche"]
