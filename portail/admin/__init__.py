"""Le rez-de-chaussée dans la gestion."""

from portail.admin import actes, communes, courriels, faits, journal, modeles, recherche, regies, reglages, suspension

__all__ = [
    "actes",
    "communes",
    "courriels",
    "faits",
    "journal",
    "modeles",
    "recherche",
    "regies",
    "reglages",
    "suspension",
]
