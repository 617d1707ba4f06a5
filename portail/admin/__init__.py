"""Le rez-de-chaussée dans la gestion."""

from portail.admin import actes, modeles, suspension

__all__ = ["actes", "modeles", "suspension"]
