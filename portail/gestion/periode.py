"""De quand à quand, dans le fuseau de la commune."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class Moment(forms.DateTimeField):
    """Un jour et une heure, que le navigateur aide à choisir."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class PeriodeForm(forms.Form):
    """Un début, sinon tout de suite, et une fin qui le suit."""

    debut = Moment(
        label=gettext_lazy("À partir de"), required=False, help_text=gettext_lazy("Laissez vide pour tout de suite.")
    )
    fin = Moment(label=gettext_lazy("Jusqu'à"))

    def clean(self) -> dict[str, Any]:
        """La fin est à venir, et après le début."""
        saisie: dict[str, Any] = super().clean() or {}
        debut, fin, maintenant = saisie.get("debut"), saisie.get("fin"), timezone.now()
        if fin and fin <= maintenant:
            self.add_error("fin", _("Ce moment est déjà passé."))
        elif fin and debut and fin <= debut:
            self.add_error("fin", _("La fin est avant le début."))
        return saisie
