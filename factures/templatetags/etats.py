"""L'état d'une facture, dit partout avec les mêmes mots."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from django import template
from django.core.paginator import Page
from django.http import QueryDict
from django.template import Context
from django.template.exceptions import TemplateSyntaxError
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from factures import registre
from factures.argent import en_centimes
from factures.etats import Empechement, EtatFacture
from factures.models import Facture
from factures.registre import Operation
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
_ABANDON_TARDIF = _("Paiement abandonné, à confirmer par PayFiP")
# Ce que la balise « ligne » donne à factures/_ligne.html.
BLANCS = (
    *("adresse", "compte", "objet", "numero", "reference", "service", "jour", "somme", "montant", "badge"),
    *("debut", "uuid", "centimes"),
)


@register.simple_tag
def badge_etat(facture: Facture) -> SafeString:
    """La pastille d'une facture annotée par ``avec_etat``."""
    mot = _ABANDON_TARDIF if _abandon_tardif(facture) else ""
    return _badge(facture.etat, facture.empechement, mot, debitee=facture.debitee, langue=get_language())


def _abandon_tardif(facture: Facture) -> bool:
    """Les deux minutes promises sont passées, ou PayFiP ne répond plus : elles ne se promettent plus."""
    limite = facture.operation.jusqu_a if facture.operation else None
    abandonne = facture.empechement == Empechement.PAIEMENT_ABANDONNE
    return abandonne and (limite is None or limite <= timezone.now())


@cache  # quelques dizaines en tout, et vingt-quatre par liste
def _badge(etat: str, empechement: str, mot: str | Promise, *, debitee: bool, langue: str | None) -> SafeString:
    return ui.pastille(etat, str(mot or _mot(etat, empechement, debitee=debitee)))


@register.simple_tag
def ligne(facture: Facture, comptes: Mapping[int, Mapping[str, Any]], groupables: int) -> SafeString:
    """Une ligne de la liste : vingt-quatre fois un gabarit prendraient autant de temps que tout le reste de la page.

    ``comptes`` nomme les comptes clients quand il y en a plusieurs (``par_compte_client``). Une seule facture à cocher
    ne se coche pas.
    """
    date, operation = _date_qui_compte(facture), _operation(facture)
    reste = facture.reste_du if facture.a_regler else facture.montant
    return format_html(
        _gabarit(
            date,
            partielle=reste != facture.montant,
            nommee=bool(comptes),
            engagee=operation is not None,
            cochable=groupables > 1 and facture.groupable and not facture.empechement,
            langue=get_language(),
        ),
        adresse=facture.get_absolute_url(),
        compte=comptes[facture.redevable_id]["nom"] if comptes else "",
        objet=facture.objet,
        numero=facture.numero,
        reference=facture.reference,
        service=facture.regie.libelle,
        jour=ui.jour(getattr(facture, date)),
        somme=ui.montant(reste),
        montant=ui.montant(facture.montant),
        badge=badge_etat(facture),
        debut=ui.moment(operation.debut) if operation else "",
        uuid=facture.uuid,
        centimes=en_centimes(reste),
    )


def _operation(facture: Facture) -> Operation | None:
    """Celle qui se reprend ou se libère : un abandon dit déjà tout dans sa pastille, le service vérifie les autres."""
    operation = facture.operation if facture.empechement == Empechement.PAIEMENT_EN_COURS else None
    return None if operation and operation.a_verifier else operation


def _date_qui_compte(facture: Facture) -> str:
    """Celle où agir ou celle du prélèvement, sinon celle de la facture."""
    champs = ("date_prelevement", "date_echeance") if facture.a_regler else ()
    return next((champ for champ in champs if getattr(facture, champ)), "date_emission")


@cache
def _gabarit(date: str, *, langue: str | None, **variante: bool) -> str:
    """La ligne, avec à la place de chaque valeur son nom entre accolades : ``format_html`` les remplira."""
    contexte = {nom: f"{{{nom}}}" for nom in BLANCS}
    return render_to_string("factures/_ligne.html", contexte | {"date": date, **variante})


@register.simple_tag(takes_context=True)
def pagination(context: Context, page: Page[Facture]) -> SafeString:
    """D'une page de la liste à ses voisines, avec les mêmes filtres."""
    return _pagination(context["request"].GET.urlencode(), page.number, page.paginator.num_pages, get_language())


@lru_cache(maxsize=256)
def _pagination(filtres: str, numero: int, total: int, _langue: str | None) -> SafeString:
    contexte = {
        "numero": numero,
        "total": total,
        "precedente": _a_la_page(filtres, numero - 1) if numero > 1 else "",
        "suivante": _a_la_page(filtres, numero + 1) if numero < total else "",
    }
    return render_to_string("factures/_pagination.html", contexte)


def _a_la_page(filtres: str, numero: int) -> str:
    requete = QueryDict(filtres, mutable=True)
    requete["page"] = str(numero)
    return f"?{requete.urlencode()}"


@register.inclusion_tag("factures/_en_cours.html", takes_context=True)
def paiement_commence(context: Context, facture: Facture) -> dict[str, Any]:
    """Le paiement engagé : depuis quand, jusqu'à quand, et ce que cette personne peut en faire."""
    operation, maintenant = facture.operation, timezone.now()
    limites = {"jusqu_a": operation.jusqu_a, "page": operation.rouvrable_jusqu_a} if operation else {}
    if operation and operation.usager != context["user"].pk:
        limites["page"] = None
    contexte = {nom: limite if limite and limite > maintenant else None for nom, limite in limites.items()}
    abandon = facture.empechement == Empechement.PAIEMENT_ABANDONNE
    liees, cachees = registre.liees(facture, context["user"])
    communs = {"facture": facture, "operation": operation, "csrf_token": context.get("csrf_token")}
    return contexte | communs | {"abandon": abandon, "liees": liees, "cachees": cachees}


@register.filter
def deja_regle(facture: Facture) -> Decimal:
    """Ce qui a été reçu sur cette facture et compte pour elle."""
    return facture.montant - facture.reste_du


@register.filter
def ton_de_l_empechement(facture: Facture) -> str:
    """Le ton d'alerte de la raison pour laquelle cette facture ne se paie pas ici."""
    return TONS.get(facture.empechement, "attente")


def _mot(etat: str, empechement: str, *, debitee: bool) -> str | Promise:
    """Le libellé de l'état, sauf quand la cause en dit plus."""
    if etat == EtatFacture.PAYEE and debitee:
        return _("Prélèvement enregistré")
    if etat == EtatFacture.EN_COURS and empechement == Empechement.PAIEMENT_ABANDONNE:
        return _("Paiement abandonné, vous pourrez réessayer dans 2 minutes")
    if etat == EtatFacture.EN_COURS and empechement == Empechement.PAIEMENT_DECLARE:
        return _("Paiement à confirmer")
    try:
        return EtatFacture(etat).label
    except ValueError as erreur:
        raise TemplateSyntaxError(f"État de facture inconnu : {etat}") from erreur
