"""Les personnes dans la gestion."""

from comptes.admin import actes, modeles, papier

__all__ = ["actes", "modeles", "papier"]
