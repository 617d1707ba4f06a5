"""Montants et pictogrammes, les mêmes sur toutes les pages et dans les documents."""

from decimal import Decimal

from django import template
from django.template.exceptions import TemplateSyntaxError
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portail.charte import empreinte
from portail.models import Collectivite

register = template.Library()

ESPACE_INSECABLE = "\N{NO-BREAK SPACE}"
PICTOS = frozenset({
    "a-payer", "en-cours", "payee", "partiellement-payee", "declaree", "prelevement", "suspendue", "echue", "annulee",
    "tresor", "essai", "avoir", "factures", "accueil", "deconnexion", "pdf", "payer", "aide", "telephone", "personne",
})  # fmt: skip


@register.filter
def montant(euros: Decimal) -> str:
    """``Decimal("1234.5")`` → « 1 234,50 € », espaces insécables."""
    nombre = number_format(euros, decimal_pos=2, use_l10n=True, force_grouping=True)
    return f"{nombre}{ESPACE_INSECABLE}€"


@register.simple_tag
def picto(nom: str) -> SafeString:
    """Un pictogramme décoratif de ``static/img/pictos.svg`` ; un nom inconnu est une erreur de gabarit."""
    if nom not in PICTOS:
        raise TemplateSyntaxError(f"Pictogramme inconnu : {nom}")
    return format_html(
        '<svg class="picto" aria-hidden="true" focusable="false"><use href="#picto-{}"></use></svg>', nom
    )


@register.filter
def empreinte_charte(collectivite: Collectivite) -> str:
    """L'empreinte qui termine l'adresse de la feuille de style de la commune."""
    return empreinte(collectivite)
