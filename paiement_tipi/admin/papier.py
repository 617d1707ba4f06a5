"""« Révoquer l'accès depuis le papier » : un document perdu, volé ou envoyé au mauvais endroit."""

from django import forms
from django.utils.translation import gettext_lazy as _

from factures.etats import Statut
from factures.models import Facture
from paiement_tipi import services
from portail.gestion.faits import declarer_actions
from portail.gestion.registre import Acte, Texte, declarer_acte


class RevocationForm(forms.Form):
    """Pourquoi."""

    motif = forms.CharField(
        label=_("Motif"), max_length=200, help_text=_("Par exemple : « Courrier remis à une autre personne ».")
    )


def _revoquer(facture: Facture, motif: str) -> Texte:
    services.revoquer_le_papier(facture=facture, motif=motif)
    return _("Le code déjà imprimé ne sert plus. Le document, téléchargé de nouveau, en porte un autre.")


def _refus(facture: Facture) -> Texte:
    return _("Ce brouillon n'a pas encore de code.") if facture.statut == Statut.BROUILLON else ""


declarer_acte(
    "factures.facture",
    Acte(
        "revoquer_papier",
        _("Révoquer l'accès depuis le papier"),
        _(
            "Le code QR et l'adresse imprimés sur le document ne mèneront plus à rien. Un paiement déjà chez PayFiP "
            "peut encore se terminer."
        ),
        _revoquer,
        formulaire=RevocationForm,
        refus=_refus,
        danger=True,
    ),
)
declarer_actions("factures", _("Factures"), {"facture.papier_revoque": _("Accès depuis le papier révoqué")})
