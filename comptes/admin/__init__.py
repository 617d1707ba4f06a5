"""Les personnes dans la gestion."""

from comptes.admin import actes, agents, frise, modeles, papier, recherche, visites

__all__ = ["actes", "agents", "frise", "modeles", "papier", "recherche", "visites"]
