"""Permettre, ou non, de payer plusieurs factures d'un service en une fois."""

from django import forms
from django.utils.translation import gettext_lazy as _

from paiement_tipi import services
from paiement_tipi.models import ContratTipi
from portail.gestion.faits import declarer_actions
from portail.gestion.registre import Acte, ActeImpossible, Texte, declarer_acte
from portail.models import ModeRegie


class GroupesForm(forms.Form):
    """Le réglage, et pourquoi."""

    permis = forms.BooleanField(
        label=_("Les habitants peuvent payer plusieurs factures à la fois"),
        required=False,
        help_text=_("Un seul paiement arrive alors au régisseur, sous une référence qui commence par G."),
    )
    motif = forms.CharField(label=_("Motif"), max_length=200)


def _regler(contrat: ContratTipi, *, permis: bool, motif: str) -> Texte:
    if not services.permettre_les_groupes(contrat=contrat, permis=permis, motif=motif):
        raise ActeImpossible(_("Rien ne change : c'est déjà réglé ainsi."))
    return _("C'est enregistré.")


def _refus(contrat: ContratTipi) -> Texte:
    if contrat.regie.mode == ModeRegie.REGIE:
        return ""
    return _("Un titre ou un article de rôle se paie seul, sous sa propre référence : seule une régie peut en réunir.")


declarer_acte(
    "paiement_tipi.contrattipi",
    Acte(
        "grouper",
        _("Plusieurs factures à la fois"),
        _("Vaut pour les prochains paiements ; ceux qui sont commencés se terminent comme ils sont."),
        _regler,
        formulaire=GroupesForm,
        initial=lambda contrat: {"permis": contrat.groupes},
        refus=_refus,
    ),
)
declarer_actions("contrats", _("Contrats PayFiP"), {"contrat.groupes": _("Paiement de plusieurs factures réglé")})
