"""Le rez-de-chaussée dans la gestion."""

from portail.admin import actes, faits, journal, modeles, suspension

__all__ = ["actes", "faits", "journal", "modeles", "suspension"]
