"""Les personnes dans la gestion."""

from comptes.admin import actes, modeles

__all__ = ["actes", "modeles"]
