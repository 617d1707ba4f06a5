"""Ce qu'un classeur ne montre pas à qui l'ouvre, et qu'un aperçu dit : lignes cachées, autres feuilles."""

from typing import Any

from django.utils.translation import gettext as _

from portail.gestion.registre import Tableau, Texte

Fait = tuple[Texte, int, str]


def faits(non_dits: dict[str, int]) -> list[Fait]:
    """Quoi, combien ; rien de particulier à citer."""
    phrases = {
        "rangees_cachees": _("Lignes cachées ou filtrées du classeur, lues comme les autres"),
        "feuilles_cachees": _("Feuilles cachées du classeur, qui ne sont pas lues"),
        "autres_feuilles": _("Autres feuilles du classeur, qui ne sont pas lues"),
    }
    return [(phrase, non_dits.get(nom, 0), "") for nom, phrase in phrases.items()]


def tableau(objet: Any) -> Tableau:
    """Sous la fiche d'un fichier qui les garde ; vide s'il ne cache rien."""
    lignes = [(quoi, combien) for quoi, combien, _detail in faits(objet.non_dits) if combien]
    return Tableau(_("À savoir avant d'enregistrer"), (_("Quoi"), _("Combien")), lignes)
