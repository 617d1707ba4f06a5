"""Le rez-de-chaussée dans la gestion."""

from portail.admin import actes, modeles

__all__ = ["actes", "modeles"]
