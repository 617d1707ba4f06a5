import re
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from comptes.forms.connexion import CourrielField
from paiement_tipi.protocole import REGLES


class DepartForm(forms.Form):
    """Le départ vers PayFiP ne porte qu'un numéro de formulaire : la somme et la référence viennent de la base."""

    formulaire = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def numero(self) -> UUID:
        """Celui du formulaire, qu'un double clic envoie deux fois ; un nouveau s'il manque ou s'il est illisible."""
        lu = self.cleaned_data.get("formulaire") if self.is_valid() else None
        return lu or uuid4()


class EnsembleForm(DepartForm):
    """Le départ de plusieurs factures : lesquelles, et la somme que la personne a lue, qui n'est que comparée."""

    vu = forms.DecimalField(widget=forms.HiddenInput, required=False)

    def somme_vue(self) -> Decimal:
        """Zéro, qu'aucun paiement ne fait, si elle manque ou si elle est illisible."""
        return (self.is_valid() and self.cleaned_data["vu"]) or Decimal(0)


class PapierForm(forms.Form):
    """L'adresse mail que PayFiP demande, quand il n'y a pas de compte pour la donner."""

    mel = CourrielField(
        label=_("Votre adresse mail"),
        help_text=_("Elle sert à vous envoyer le ticket de PayFiP et notre accusé de réception, et à rien d'autre."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )

    def clean_mel(self) -> Any:
        mel = self.cleaned_data["mel"]
        motif, _regle = REGLES["mel"]
        if not re.fullmatch(motif, mel, re.ASCII):
            raise ValidationError(gettext("PayFiP n'accepte qu'une adresse sans accent, de 80 caractères au plus."))
        return mel


class ActeForm(forms.Form):
    """Ce qu'on peut faire d'un paiement commencé."""

    acte = forms.ChoiceField(choices=[(acte, acte) for acte in ("reprendre", "verifier", "liberer")])

    def choisi(self) -> str:
        """Vérifier ne fait de mal à personne : c'est ce que fait un envoi illisible."""
        return self.cleaned_data["acte"] if self.is_valid() else "verifier"
