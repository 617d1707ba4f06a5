"""Les paiements dans la gestion."""

from paiement_tipi.admin import accueil, contrats, ecarts, echanges, frise, groupes, modeles, papier, recherche

__all__ = ["accueil", "contrats", "ecarts", "echanges", "frise", "groupes", "modeles", "papier", "recherche"]
