"""Les paiements dans la gestion."""

from paiement_tipi.admin import accueil, actes, contrats, ecarts, echanges, frise, groupes, modeles, papier, recherche

__all__ = ["accueil", "actes", "contrats", "ecarts", "echanges", "frise", "groupes", "modeles", "papier", "recherche"]
