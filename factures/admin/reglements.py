"""L'argent reçu ailleurs qu'en ligne : l'enregistrer, le reprendre s'il est rejeté, noter ce qu'on a rendu."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from factures.admin.a_la_main import VERSION
from factures.admin.actes import EN_PAIEMENT
from factures.admin.champs import MOYENS, EurosField, JourField
from factures.etats import Moyen, Nature, Sens, Statut
from factures.models import Facture, Reglement
from factures.services import enregistrer, rejeter, rembourser
from factures.services.reglements import Recu, ReglementImpossible, rendus_avec
from portail.gestion.registre import Acte, ActeImpossible, Texte, declarer_acte
from portail.templatetags.ui import montant as en_euros

DEJA = _("Ce règlement y est déjà : même moyen, somme, jour et bordereau. Si c'en est un autre, donnez sa référence.")


class RecuForm(forms.Form):
    """De l'argent ; ``cleaned_data`` n'a qu'un ``recu``."""

    montant = EurosField(label=_("Montant"), help_text=_("En euros : 45,60."))
    moyen = forms.ChoiceField(label=_("Moyen"), choices=[("", _("Choisissez")), *MOYENS])
    jour = JourField(label=_("Reçu le"))
    bordereau = forms.CharField(
        label=_("Bordereau"), max_length=40, required=False, help_text=_("Celui de la remise : « B-2026-118 ».")
    )
    reference = forms.CharField(
        label=_("Référence"), max_length=40, required=False, help_text=_("Numéro du chèque, libellé du virement…")
    )

    aujourd_hui: date

    def preparer(self, facture: Facture) -> None:
        """Rien ne se reçoit demain."""
        self.aujourd_hui = facture.collectivite.aujourd_hui()

    def clean_jour(self) -> date:
        """Au plus tard aujourd'hui."""
        jour: date = self.cleaned_data["jour"]
        if jour > self.aujourd_hui:
            raise forms.ValidationError(_("Ce jour n'est pas encore venu."))
        return jour

    def clean(self) -> dict[str, Any]:
        if self.errors:
            return self.cleaned_data
        lus = dict(self.cleaned_data)
        motif = {"motif": lus.pop("motif")} if "motif" in lus else {}
        return {"recu": Recu(**lus), **motif}


class RenduForm(RecuForm):
    """De l'argent rendu, et pourquoi."""

    motif = forms.CharField(label=_("Motif"), max_length=200, help_text=_("L'habitant le lira : « Payée deux fois »."))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["jour"].label = _("Rendu le")


class RejetForm(forms.Form):
    """Pourquoi un règlement est repris."""

    motif = forms.CharField(
        label=_("Motif"), max_length=200, help_text=_("L'habitant le lira : « Chèque sans provision ».")
    )


# Recevoir.


def _refus_d_encaisser(facture: Facture) -> Texte:
    if facture.nature == Nature.AVOIR:
        return _("Un avoir ne se règle pas.")
    return "" if facture.statut == Statut.PUBLIEE else _("Cette facture n'est pas publiée, ou elle est annulée.")


def _apercu(facture: Facture, recu: Recu) -> Texte:
    reste, surplus = facture.reste_du - recu.montant, recu.montant - facture.reste_du
    phrases: list[Texte] = [_("Reste dû : %(avant)s, puis %(apres)s.") % {
        "avant": en_euros(facture.reste_du), "apres": en_euros(max(reste, Decimal(0))),
    }]  # fmt: skip
    if surplus > 0:
        phrases.append(_("%(somme)s au-delà du dû : ce sera un trop-perçu, à rendre.") % {"somme": en_euros(surplus)})
    if facture.empechement in EN_PAIEMENT:
        phrases.append(_("Un paiement en ligne est en cours : s'il aboutit, il deviendra un trop-perçu."))
    return " ".join(map(str, phrases))


def _enregistrer(facture: Facture, recu: Recu) -> Texte:
    if not enregistrer(facture=facture, recu=recu, version=facture.version):
        raise ActeImpossible(DEJA)
    return _("Le règlement est enregistré.")


declarer_acte(
    "factures.facture",
    Acte(
        "encaisser",
        _("Enregistrer un règlement"),
        _("De l'argent reçu au guichet, par chèque, par virement, ou par le Trésor. L'habitant le verra aussitôt."),
        _enregistrer,
        formulaire=RecuForm,
        initial=lambda facture: {"montant": facture.reste_du or None, "jour": facture.collectivite.aujourd_hui()},
        preparer=RecuForm.preparer,
        refus=_refus_d_encaisser,
        apercu=_apercu,
        version=VERSION,
    ),
)


# Rendre.


def _refus_de_rembourser(facture: Facture) -> Texte:
    return "" if facture.recu > 0 else _("Rien n'a été reçu pour cette facture.")


def _rembourser(facture: Facture, recu: Recu, motif: str) -> Texte:
    try:
        fait = rembourser(facture=facture, recu=recu, motif=motif, version=facture.version)
    except ReglementImpossible as refus:
        raise ActeImpossible(_("Il n'a été reçu que %(somme)s.") % {"somme": en_euros(facture.recu)}) from refus
    if not fait:
        raise ActeImpossible(DEJA)
    return _("Le remboursement est enregistré.")


declarer_acte(
    "factures.facture",
    Acte(
        "rembourser",
        _("Noter un remboursement"),
        _("Ce que le service a déjà rendu à la personne : le portail n'envoie pas d'argent."),
        _rembourser,
        formulaire=RenduForm,
        initial=lambda facture: {"montant": facture.trop_percu or None, "jour": facture.collectivite.aujourd_hui()},
        preparer=RenduForm.preparer,
        refus=_refus_de_rembourser,
        version=VERSION,
    ),
)


def _refus_de_rejeter(reglement: Reglement) -> Texte:
    if reglement.sens != Sens.ENCAISSEMENT or reglement.moyen == Moyen.REPORT:
        return _("Seul de l'argent reçu se rejette.")
    return _("Ce règlement a déjà été repris.") if hasattr(reglement, "reprise") else ""


def _rejeter(reglement: Reglement, motif: str) -> Texte:
    try:
        fait = rejeter(reglement=reglement, motif=motif)
    except ReglementImpossible as refus:
        raise ActeImpossible(_deja_rendu(reglement.facture)) from refus
    if not fait:
        raise ActeImpossible(_("Ce règlement a déjà été repris."))
    return " ".join([str(_ce_qui_est_repris(reglement)), *_deja_rendus_avec(reglement)])


def _ce_qui_est_repris(reglement: Reglement) -> Texte:
    rendu = reglement.montant - Reglement.objects.get(reprend=reglement).montant
    if not rendu:
        return _("Le règlement est repris ; la facture est de nouveau à payer d'autant.")
    phrase = _(
        "La facture est de nouveau à payer. %(rendu)s de ce règlement avaient déjà été rendus à la personne : elle les "
        "doit aussi, mais pas sur cette facture. Demandez à la trésorerie d'émettre un titre de cette somme."
    )
    return phrase % {"rendu": en_euros(rendu)}


def _deja_rendus_avec(reglement: Reglement) -> list[str]:
    """Ce que le même paiement avait réglé d'autres factures, et qui avait déjà été rendu."""
    phrase = _(
        "De la facture %(numero)s, payée avec elle, %(rendu)s avaient déjà été rendus à la personne : elle les doit "
        "aussi, mais pas sur cette facture. Demandez à la trésorerie d'en émettre un titre."
    )
    return [
        phrase % {"numero": autre.facture.numero, "rendu": en_euros(rendu)} for autre, rendu in rendus_avec(reglement)
    ]


def _deja_rendu(facture: Facture) -> Texte:
    """Quoi faire quand il ne reste rien à reprendre ici."""
    suivante = facture.remplacantes.exclude(publiee_le=None).first()
    if suivante is not None:
        phrase = _("Cet argent a été reporté sur la facture %(numero)s : notez-y un remboursement, avec ce motif.")
        return phrase % {"numero": suivante.numero}
    return _(
        "Tout cet argent a déjà été rendu à la personne, et cette facture n'en garde rien. Demandez à la trésorerie "
        "d'émettre un titre de la somme rendue."
    )


declarer_acte(
    "factures.reglement",
    Acte(
        "rejeter",
        _("Rejeter ce règlement"),
        _(
            "Chèque impayé, prélèvement rejeté, erreur de saisie : la somme entière redevient due, et un paiement en "
            "ligne de plusieurs factures est repris sur toutes. Rien n'est effacé."
        ),
        _rejeter,
        formulaire=RejetForm,
        refus=_refus_de_rejeter,
        danger=True,
    ),
)
