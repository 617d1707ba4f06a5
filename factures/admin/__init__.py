"""Les factures et leurs lots dans la gestion."""

from factures.admin import (
    a_la_main,
    accueil,
    actes,
    actes_depot,
    actes_lots,
    annonces,
    depots,
    frise,
    lots,
    modeles,
    recherche,
    reglements,
    remplacement,
    suspens,
    tableaux_lots,
)

__all__ = [
    "a_la_main",
    "accueil",
    "actes",
    "actes_depot",
    "actes_lots",
    "annonces",
    "depots",
    "frise",
    "lots",
    "modeles",
    "recherche",
    "reglements",
    "remplacement",
    "suspens",
    "tableaux_lots",
]
