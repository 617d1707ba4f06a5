"""Ce qu'un agent écrit dans un formulaire : des euros à la française, un jour, un moyen de paiement."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from factures.etats import Moyen
from factures.imports import valeurs

_NUL = re.compile(r"[+-]?0+(?:[.,]0{1,2})?")
LONGUEUR = 20
# Un report n'est pas de l'argent reçu : c'est un remplacement qui l'écrit.
MOYENS = [(moyen.value, moyen.label) for moyen in Moyen if moyen != Moyen.REPORT]


class EurosField(forms.Field):
    """« 1 234,56 », exact ou refusé ; ``nul`` admet zéro, ``signe`` une somme négative."""

    def __init__(self, *, nul: bool = False, signe: bool = False, **options: Any) -> None:
        super().__init__(widget=forms.TextInput(attrs={"inputmode": "decimal", "maxlength": LONGUEUR}), **options)
        self.nul, self.signe = nul, signe

    def to_python(self, value: Any) -> Any:
        texte = " ".join(str(value or "").split())[: LONGUEUR + 1]
        if not texte:
            return None
        if self.nul and _NUL.fullmatch(texte):
            return Decimal(0)
        try:
            euros = valeurs.montant(texte)
        except valeurs.ValeurRefusee as refus:
            phrase = str(refus)
            raise forms.ValidationError(phrase[0].upper() + phrase[1:]) from refus
        if euros < 0 and not self.signe:
            raise forms.ValidationError(_("Écrivez une somme positive."))
        return euros

    def prepare_value(self, value: Any) -> Any:
        return number_format(value, 2) if isinstance(value, Decimal) else value


class JourField(forms.DateField):
    """Un jour, avec le calendrier du navigateur."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)
