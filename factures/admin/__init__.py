"""Les factures et leurs lots dans la gestion."""

from factures.admin import actes, actes_depot, actes_lots, frise, lots, modeles, tableaux_lots

__all__ = ["actes", "actes_depot", "actes_lots", "frise", "lots", "modeles", "tableaux_lots"]
