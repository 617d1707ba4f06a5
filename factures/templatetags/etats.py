"""L'état d'une facture, dit partout avec les mêmes mots."""

from decimal import Decimal

from django import template
from django.template.exceptions import TemplateSyntaxError
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from factures.etats import Empechement, EtatFacture
from factures.models import Facture
from portail.templatetags import ui

register = template.Library()

# Le ton de l'explication ; les causes absentes d'ici demandent d'attendre ou d'appeler.
TONS: dict[str, str] = {
    Empechement.DEJA_PAYEE: "succes",
    Empechement.AVOIR: "info",
    Empechement.ANNULEE: "neutre",
    Empechement.PRELEVEMENT_AUTOMATIQUE: "info",
    Empechement.MONTANT_TROP_FAIBLE: "info",
}


@register.simple_tag
def badge_etat(facture: Facture) -> SafeString:
    """La pastille d'une facture annotée par ``avec_etat``."""
    return ui.pastille(facture.etat, str(_mot(facture)))


@register.filter
def deja_regle(facture: Facture) -> Decimal:
    """Ce qui a été reçu sur cette facture et compte pour elle."""
    return facture.montant - facture.reste_du


@register.filter
def ton_de_l_empechement(facture: Facture) -> str:
    """Le ton d'alerte de la raison pour laquelle cette facture ne se paie pas ici."""
    return TONS.get(facture.empechement, "attente")


def _mot(facture: Facture) -> str | Promise:
    """Le libellé de l'état, sauf quand la cause en dit plus."""
    etat, empechement = facture.etat, facture.empechement
    if etat == EtatFacture.PAYEE and facture.debitee:
        return _("Prélèvement enregistré")
    if etat == EtatFacture.EN_COURS and empechement == Empechement.PAIEMENT_ABANDONNE:
        return _("Paiement abandonné, vous pourrez réessayer dans 2 minutes")
    try:
        return EtatFacture(etat).label
    except ValueError as erreur:
        raise TemplateSyntaxError(f"État de facture inconnu : {etat}") from erreur
