"""Les factures dans la gestion."""

from factures.admin import actes, frise, modeles

__all__ = ["actes", "frise", "modeles"]
