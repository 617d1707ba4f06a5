"""Les mots que la commune met dans un courriel."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portail.admin.formulaires.champs import Paragraphe, UneLigne
from portail.courriels.redaction import EMPLACEMENTS
from portail.emplacements import inconnus
from portail.registre import SorteDeCourriel
from portail.versions import DejaModifie

_SOMME = re.compile(r"[0-9]\s*(€|euros?\b|EUR\b)", re.IGNORECASE)
_IBAN = re.compile(r"\b[A-Z]{2}[0-9]{2}(\s?[A-Z0-9]{4}){3,}", re.IGNORECASE)


class TexteForm(forms.Form):
    """Du texte et des emplacements permis ; ni somme, ni compte bancaire : un habitant doit s'en méfier partout."""

    sujet = UneLigne(
        label=_("Sujet"),
        max_length=120,
        required=False,
        help_text=_("Vide : celui d'origine, qui s'écrit {sujet}. Par exemple : {commune} : {sujet}."),
    )
    introduction = Paragraphe(
        label=_("Introduction"),
        max_length=1000,
        required=False,
        help_text=_("Après « Bonjour, » et avant le reste, que rien ne remplace. Vide : rien."),
    )
    signature = Paragraphe(
        label=_("Signature"),
        max_length=300,
        required=False,
        help_text=_("Vide : le nom de la commune."),
    )
    lu = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, sorte: SorteDeCourriel, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.permis = [*EMPLACEMENTS, *sorte.emplacements]

    def clean_sujet(self) -> str:
        return _verifier(self.cleaned_data["sujet"], [*self.permis, "sujet"])

    def clean_introduction(self) -> str:
        return _verifier(self.cleaned_data["introduction"], self.permis)

    def clean_signature(self) -> str:
        return _verifier(self.cleaned_data["signature"], self.permis)

    def mots(self) -> dict[str, str]:
        """Ce qui est écrit, une fois valable."""
        return {nom: self.cleaned_data[nom] for nom in ("sujet", "introduction", "signature")}

    def signaler(self, conflit: DejaModifie) -> None:
        """Ce que quelqu'un vient d'enregistrer, à côté de ce que cette personne a écrit."""
        for nom, valeur in conflit.actuelles.items():
            if valeur != self.cleaned_data.get(nom):
                self.add_error(nom, _dire_le_conflit(valeur))
        self.data = {**self.data.dict(), "lu": conflit.lu}  # type: ignore[attr-defined]  # un QueryDict


def _dire_le_conflit(valeur: str) -> str:
    return gettext(
        "Quelqu'un vient d'enregistrer : « %(valeur)s ». Rien n'est changé ; enregistrez de nouveau pour le remplacer."
    ) % {"valeur": valeur}


def _verifier(texte: str, permis: list[str]) -> str:
    if faux := inconnus(texte, permis):
        connus = " ".join(f"{{{nom}}}" for nom in permis)
        raise ValidationError(
            gettext("%(faux)s n'est pas un emplacement. Ceux que vous pouvez écrire : %(connus)s.")
            % {"faux": " ".join(faux), "connus": connus}
        )
    if _SOMME.search(texte) or _IBAN.search(texte):
        raise ValidationError(
            gettext("Ni somme ni IBAN dans un courriel : les habitants doivent se méfier de tout message qui en donne.")
        )
    return texte
