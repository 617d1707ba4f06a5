"""Les factures dans la gestion."""

from factures.admin import actes, modeles

__all__ = ["actes", "modeles"]
