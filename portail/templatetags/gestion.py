"""Comment la gestion écrit une valeur, quel que soit son type."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from portail.gestion.listes import PLAFOND
from portail.templatetags import ui

register = template.Library()


@register.filter
def valeur(brute: Any) -> str:
    """« 243,11 € », « 23 novembre 2026 à 09:04 », « oui » ; un tiret s'il n'y a rien."""
    if brute is None or brute == "":
        return "–"
    if isinstance(brute, str):
        return brute  # un fragment sûr le reste
    for genre, ecrire in GENRES:
        if isinstance(brute, genre):
            return str(ecrire(brute))
    return str(brute)


@register.filter
def est_montant(brute: Any) -> bool:
    """Vrai pour ce qui s'aligne à droite."""
    return isinstance(brute, Decimal)


@register.filter
def genre_d_objet(objet: Model) -> str:
    """« Paiement », pour le lien qui mène à sa fiche."""
    return str(capfirst(objet._meta.verbose_name))


@register.filter
def au_plafond(liste: ChangeList) -> bool:
    """Vrai si la liste a plus de lignes que nous n'en comptons."""
    return liste.result_count > PLAFOND


# Le premier qui convient : un booléen est aussi un entier, un instant est aussi une date.
GENRES: tuple[tuple[type, Any], ...] = (
    (bool, lambda vrai: _("oui") if vrai else _("non")),
    (Decimal, ui.montant),
    (datetime, ui.instant),
    (date, ui.jour),
)
