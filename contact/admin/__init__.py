"""Les demandes dans la gestion : la boîte, la fiche, les actes, les réponses types."""

from contact.admin import accueil, actes, journal, modeles, recherche, reponses

__all__ = ["accueil", "actes", "journal", "modeles", "recherche", "reponses"]
