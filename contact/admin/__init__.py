"""Les demandes dans la gestion : la boîte, la fiche, les actes, les réponses types."""

from contact.admin import accueil, actes, journal, modeles, reponses

__all__ = ["accueil", "actes", "journal", "modeles", "reponses"]
