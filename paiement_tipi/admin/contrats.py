"""Les contrats avec PayFiP : les raccorder, les vérifier, les mener du test à la production."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.utils.translation import gettext_lazy as _

from factures.admin.champs import EurosField
from factures.argent import depuis_centimes
from paiement_tipi import services
from paiement_tipi.client import GuichetIndisponible, GuichetRefuse
from paiement_tipi.etats import MiseEnService
from paiement_tipi.models import ContratTipi, Transport
from paiement_tipi.protocole import MONTANT_MAXIMAL, MONTANT_MINIMAL
from portail.gestion.modele import AdminParCommune, Rubrique
from portail.gestion.registre import Acte, ActeImpossible, Tableau, Texte, declarer_acte, declarer_tableau
from portail.models import Regie
from portail.montants import en_euros

BORNES = [MinValueValidator(depuis_centimes(MONTANT_MINIMAL)), MaxValueValidator(depuis_centimes(MONTANT_MAXIMAL))]
MOYENS = {"carte": _("Carte bancaire"), "prelevement": _("Prélèvement")}
REFUS = {
    "T1": _("PayFiP ne connaît pas ce numéro de client."),
    "T2": _("PayFiP ne connaît pas ce numéro de client."),
    "T4": _("PayFiP connaît ce numéro de client, mais ne lui ouvre pas le service web : il ne peut payer que par URL."),
}


class RaccordementForm(forms.Form):
    """Ce que la DGFiP a dit à la commune en l'admettant."""

    numcli = forms.CharField(
        label=_("Numéro de client (numcli)"),
        validators=[RegexValidator(r"\A[0-9]{6}\Z", _("Six chiffres, par exemple 006382."))],
        help_text=_("Six chiffres, donnés par la DGFiP. En changer remet le contrat en test."),
    )
    transport = forms.ChoiceField(
        label=_("Transport"),
        choices=Transport.choices,
        help_text=_("Par URL, PayFiP ne confirme rien : chaque paiement reste à confirmer par le Trésor public."),
    )
    carte = forms.BooleanField(label=_("Carte bancaire"), required=False)
    prelevement = forms.BooleanField(label=_("Prélèvement"), required=False)
    montant_minimal = EurosField(
        label=_("Montant minimal"), required=False, validators=BORNES, help_text=_("Vide : celui de PayFiP, 1 €.")
    )
    montant_maximal = EurosField(
        label=_("Montant maximal"),
        required=False,
        validators=BORNES,
        help_text=_("Vide : celui du transport, 99 999,99 € par service web, 9 999,99 € par URL."),
    )
    dette_sur_13 = forms.BooleanField(
        label=_("Compléter le numéro de dette d'un rôle à 13 chiffres, si la DGFiP le demande"),
        required=False,
    )
    motif = forms.CharField(label=_("Motif"), max_length=200)

    def clean(self) -> dict[str, Any]:
        saisie: dict[str, Any] = super().clean() or {}
        if not (saisie.get("carte") or saisie.get("prelevement")):
            raise forms.ValidationError(_("Cochez au moins un moyen de paiement."))
        minimal, maximal = saisie.get("montant_minimal"), saisie.get("montant_maximal")
        if minimal and maximal and minimal > maximal:
            raise forms.ValidationError(_("Le montant minimal dépasse le montant maximal."))
        return saisie


class MiseEnServiceForm(forms.Form):
    """L'étape suivante, et pourquoi."""

    vers = forms.ChoiceField(label=_("Passer en"))
    derogation = forms.BooleanField(
        label=_("Sans paiement d'activation réussi ici : ce numéro est déjà activé, le motif dit comment"),
        required=False,
    )
    motif = forms.CharField(label=_("Motif"), max_length=200)


@admin.register(ContratTipi)
class ContratTipiAdmin(AdminParCommune):
    """Les contrats de la commune avec PayFiP."""

    rubrique = Rubrique.PAIEMENT
    list_display = ("regie", "numcli", "saisie", "transport")
    list_filter = ("saisie",)
    list_select_related = ("regie",)
    fiche = (
        *("regie", "numcli", "transport", "saisie", "etape_suivante", "montants", "carte", "prelevement"),
        *("groupes", "dette_sur_13", "libelles", "verifie_le", "alerte"),
    )
    export = ("regie", "numcli", "saisie", "transport")

    @admin.display(description=_("étape suivante"))
    def etape_suivante(self, contrat: ContratTipi) -> Texte:
        """Ce qu'il reste à faire pour encaisser."""
        if contrat.etape == MiseEnService.TEST:
            return _("Payez une facture d'essai jusqu'au bout, puis passez en activation.")
        if contrat.etape == MiseEnService.PRODUCTION:
            return _("Rien : ce service encaisse.")
        manquants = [str(MOYENS[moyen]).lower() for moyen, faite in services.activations(contrat).items() if not faite]
        if manquants:
            return _("Faites un paiement d'activation : %(moyens)s.") % {"moyens": ", ".join(manquants)}
        return _("Passez en production : PayFiP ouvre chaque moyen le lendemain de son activation.")

    @admin.display(description=_("montants acceptés"))
    def montants(self, contrat: ContratTipi) -> Texte:
        """Ceux du contrat, ou de son transport."""
        minimal, maximal = map(en_euros, contrat.bornes)
        return _("de %(minimal)s à %(maximal)s") % {"minimal": minimal, "maximal": maximal}


def _raccordement(contrat: ContratTipi) -> dict[str, Any]:
    return {nom: getattr(contrat, nom) for nom in RaccordementForm.base_fields if nom != "motif"}


def _initial(regie: Regie) -> dict[str, Any]:
    return _raccordement(ContratTipi.objects.filter(regie=regie).first() or ContratTipi(numcli=""))


def _raccorder(regie: Regie, motif: str, **champs: str | bool | Decimal | None) -> Texte:
    raccordement = services.Raccordement(**champs)  # type: ignore[arg-type]  # le formulaire les a lus
    if not services.regler_contrat(regie=regie, raccordement=raccordement, motif=motif):
        raise ActeImpossible(_("Rien ne change : le contrat est déjà celui-là."))
    return _("Le contrat est enregistré.")


def _suites(formulaire: Any, contrat: ContratTipi) -> None:
    suites = services.suites(contrat)
    formulaire.fields["vers"].choices = [(etape.value, etape.label) for etape in reversed(suites)]
    if MiseEnService.PRODUCTION not in suites:
        del formulaire.fields["derogation"]


def _mettre_en_service(contrat: ContratTipi, vers: str, motif: str, *, derogation: bool = False) -> Texte:
    etape = MiseEnService(vers)
    try:
        services.mettre_en_service(contrat=contrat, vers=etape, motif=motif, derogation=derogation)
    except services.MiseEnServiceImpossible as refus:
        raise ActeImpossible(str(refus)) from refus
    return _("Le contrat est en %(etape)s.") % {"etape": etape.label}


def _verifier(contrat: ContratTipi) -> Texte:
    try:
        libelles = services.verifier_contrat(contrat=contrat, guichet=services.guichet(personne=True))
    except GuichetIndisponible as panne:
        raise ActeImpossible(_("PayFiP ne répond pas. Réessayez dans quelques minutes.")) from panne
    except GuichetRefuse as refus:
        dit = _("PayFiP refuse de répondre : %(dit)s.") % {"dit": f"{refus.code} {refus.libelle}".strip()}
        raise ActeImpossible(REFUS.get(refus.code, dit)) from refus
    return _("PayFiP connaît ce numéro de client : %(libelles)s.") % {"libelles": ", ".join(libelles)}


def _activations(contrat: ContratTipi) -> Tableau:
    faites = services.activations(contrat) if contrat.etape != MiseEnService.TEST else {}
    lignes = [(MOYENS[moyen], paiement, paiement.cree_le) for moyen, paiement in faites.items() if paiement]
    return Tableau(_("Paiements d'activation réussis"), (_("Moyen"), _("Tentative"), _("Le")), lignes)


CONTRAT = (_("Contrat PayFiP"), _("Une erreur ici empêche tout paiement en ligne de ce service, sans délai."))
declarer_acte("portail.regie", Acte("raccorder", *CONTRAT, _raccorder, formulaire=RaccordementForm, initial=_initial))
declarer_acte(
    "paiement_tipi.contrattipi",
    Acte(
        "modifier",
        _("Modifier"),
        CONTRAT[1],
        lambda contrat, **saisie: _raccorder(contrat.regie, **saisie),
        formulaire=RaccordementForm,
        initial=_raccordement,
    ),
)
declarer_acte(
    "paiement_tipi.contrattipi",
    Acte(
        "mettre_en_service",
        _("Mettre en service"),
        _("En test et en activation, rien de ce qui se paie ne règle une facture. En production, tout est encaissé."),
        _mettre_en_service,
        formulaire=MiseEnServiceForm,
        preparer=_suites,
    ),
)
declarer_acte(
    "paiement_tipi.contrattipi",
    Acte(
        "verifier",
        _("Vérifier le numéro de client"),
        _("PayFiP dit à qui est ce numéro ; rien n'est payé."),
        _verifier,
    ),
)
declarer_tableau("paiement_tipi.contrattipi", _activations)
