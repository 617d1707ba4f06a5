"""Mettre une facture en attente, la rendre au paiement en ligne, en prolonger le délai ; une à une ou en nombre."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from factures.admin.a_la_main import VERSION, refus_de_publier
from factures.admin.actes import EN_COURS, EN_PAIEMENT, MotifForm, refus_d_annuler
from factures.admin.champs import JourField
from factures.admin.formulaires_lots import AvisForm
from factures.etats import Nature, Statut
from factures.models import Facture
from factures.services import annuler, mettre_en_attente, prolonger, publier, reprendre
from portail.gestion.registre import Acte, ActeImpossible, Texte, declarer_acte, declarer_acte_en_nombre
from portail.templatetags.ui import montant as en_euros

CHANGEE = _("Cette facture vient de changer.")


class JusquAuForm(forms.Form):
    """Le nouveau dernier jour."""

    jusqu_au = JourField(label=_("Payable en ligne jusqu'au"))


def _refus_hors_paiement(facture: Facture) -> Texte:
    """Ce qui ne se paie pas, ou se paie en ce moment, ne se retient ni ne se prolonge."""
    raisons = {
        _("C'est un avoir : il ne se paie pas."): facture.nature == Nature.AVOIR,
        _("Elle n'est pas encore publiée."): facture.statut == Statut.BROUILLON,
        _("Elle est annulée."): facture.statut == Statut.ANNULEE,
        _("Elle est payée."): not facture.reste_du,
        EN_COURS: facture.empechement in EN_PAIEMENT,
    }
    return next((raison for raison, vraie in raisons.items() if vraie), "")


def _refus_d_attendre(facture: Facture) -> Texte:
    return _("Elle est déjà en attente.") if facture.motif_attente else _refus_hors_paiement(facture)


def _refus_de_prolonger(facture: Facture) -> Texte:
    if refus := _refus_hors_paiement(facture):
        return refus
    return "" if facture.date_limite_en_ligne else _("Son paiement en ligne n'a pas de limite.")


def _seule(service: Callable[..., int], phrase: Texte) -> Callable[..., Texte]:
    """L'acte sur une facture, avec la version que l'agent en a lue."""

    def faire(facture: Facture, **saisie: Any) -> Texte:
        if not service(factures=[facture], version=facture.version, **saisie):
            raise ActeImpossible(CHANGEE)
        return phrase

    return faire


def _prolonger(facture: Facture, jusqu_au: date) -> Texte:
    if not prolonger(factures=[facture], version=facture.version, jusqu_au=jusqu_au):
        raise ActeImpossible(_("Choisissez un jour plus lointain que celui d'aujourd'hui et que l'actuel."))
    return _("Le délai est prolongé.")


ATTENTE = partial(
    Acte,
    "attendre",
    _("Mettre en attente"),
    _(
        "L'habitant la lira « Paiement suspendu », avec votre motif, et ne pourra pas la payer en ligne jusqu'à ce que "
        "vous la repreniez. Un règlement reçu au guichet s'enregistre toujours."
    ),
    formulaire=MotifForm,
    refus=_refus_d_attendre,
    version=VERSION,
)
DELAI = partial(
    Acte,
    "prolonger",
    _("Prolonger le délai"),
    _("L'habitant pourra la payer en ligne jusqu'à ce jour compris. L'échéance ne change pas."),
    formulaire=JusquAuForm,
    refus=_refus_de_prolonger,
    version=VERSION,
)

declarer_acte(
    "factures.facture",
    ATTENTE(faire=_seule(mettre_en_attente, _("La facture est en attente."))),
)
declarer_acte(
    "factures.facture",
    Acte(
        "reprendre",
        _("Reprendre"),
        _("La facture n'est plus en attente : l'habitant peut de nouveau la payer."),
        _seule(reprendre, _("La facture n'est plus en attente.")),
        refus=lambda facture: "" if facture.motif_attente else _("Elle n'est pas en attente."),
        version=VERSION,
    ),
)
declarer_acte(
    "factures.facture",
    DELAI(faire=_prolonger, initial=lambda facture: {"jusqu_au": facture.date_limite_en_ligne}),
)


# En nombre.


def _en_nombre(service: Callable[..., int]) -> Callable[..., Texte]:
    """Le même service, sur toutes celles que l'agent vient de voir."""

    def faire(factures: Sequence[Facture], **saisie: Any) -> Texte:
        faites = service(factures=factures, **saisie)
        phrase = ngettext("%(n)d facture changée.", "%(n)d factures changées.", faites) % {"n": faites}
        laissees = len(factures) - faites
        suite = ngettext("%(n)d ne pouvait plus l'être.", "%(n)d ne pouvaient plus l'être.", laissees)
        return f"{phrase} {suite % {'n': laissees}}" if laissees else phrase

    return faire


def _total(factures: Sequence[Facture]) -> Texte:
    montants = en_euros(sum((facture.montant for facture in factures), Decimal(0)))
    restes = en_euros(sum((facture.reste_du for facture in factures), Decimal(0)))
    return _("En tout %(montants)s, dont %(restes)s restent dus.") % {"montants": montants, "restes": restes}


for _acte in (
    Acte(
        "publier",
        _("Publier"),
        _("Les habitants les verront aussitôt et pourront les payer. Elles ne se corrigeront plus."),
        _en_nombre(publier),
        formulaire=AvisForm,
        refus=refus_de_publier,
        version=VERSION,
        apercu=_total,
    ),
    ATTENTE(faire=_en_nombre(mettre_en_attente), apercu=_total),
    DELAI(faire=_en_nombre(prolonger), apercu=_total),
    Acte(
        "annuler",
        _("Annuler"),
        _("Les habitants les verront annulées, avec votre motif, et ne pourront plus les payer. C'est définitif."),
        _en_nombre(annuler),
        formulaire=MotifForm,
        refus=refus_d_annuler,
        version=VERSION,
        apercu=_total,
        danger=True,
    ),
):
    declarer_acte_en_nombre("factures.facture", _acte)
