"""Les champs des réglages : ce qui est tapé est remis au propre, ou refusé par une phrase."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext

# Un caractère qui ne se voit pas : il coupe une ligne ou en retourne le sens chez qui lit.
_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def refuser_l_invisible(texte: str) -> None:
    """Aucun caractère de commande dans ce que lira un habitant."""
    if _INVISIBLE.search(texte):
        raise ValidationError(gettext("Ce texte contient un caractère invisible : retapez-le."))


class UneLigne(forms.CharField):
    """Un texte d'une ligne, même si un navigateur en a envoyé plusieurs."""

    default_validators = [refuser_l_invisible]

    def to_python(self, value: Any) -> str:
        return " ".join((super().to_python(value) or "").split())


class Paragraphe(forms.CharField):
    """Un texte de quelques lignes, aux fins de ligne d'Unix."""

    widget = forms.Textarea(attrs={"rows": 4})
    default_validators = [refuser_l_invisible]

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")
