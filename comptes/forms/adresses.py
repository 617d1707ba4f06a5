"""Où écrire à une personne : sa nouvelle adresse mail, ou la poste."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from comptes.forms.connexion import CourrielField
from comptes.forms.mots_de_passe import MotDePasseForm
from comptes.messageries import suggerer
from comptes.models import ModeEnvoi, Usager


class AdresseForm(MotDePasseForm):
    """Une nouvelle adresse mail ; une faute probable est signalée une fois, jamais refusée."""

    courriel = CourrielField(
        label=_("Nouvelle adresse mail"), widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"})
    )
    sans_faute = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ("courriel", "mot_de_passe", "sans_faute")

    def __init__(self, *args: Any, usager: Usager, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.usager, self.suggestion = usager, ""

    def clean_courriel(self) -> str:
        courriel: str = self.cleaned_data["courriel"]
        if courriel == self.usager.email:
            raise ValidationError(gettext("C'est déjà votre adresse mail."))
        return courriel

    def clean(self) -> None:
        courriel = self.cleaned_data.get("courriel", "")
        self.suggestion = suggerer(courriel)
        if self.suggestion and self.cleaned_data.get("sans_faute") != courriel:
            self.data = {**{nom: self.data[nom] for nom in self.data}, "sans_faute": courriel}
            message = gettext(
                "Avez-vous voulu écrire %(suggestion)s ? Corrigez, ou validez à nouveau si tout est juste."
            )
            self.add_error("courriel", message % {"suggestion": self.suggestion})


class EnvoiForm(forms.Form):
    """`mode=papier` ou `mode=electronique`."""

    mode = forms.ChoiceField(choices=ModeEnvoi)
