"""Les personnes dans la gestion."""

from comptes.admin import actes, frise, modeles, papier

__all__ = ["actes", "frise", "modeles", "papier"]
