"""Un mot de passe, nouveau ou redemandé."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from comptes.forms.connexion import CourrielField
from comptes.models import Usager
from comptes.mots_de_passe import LONGUEUR_MAXIMALE, juger
from portail.models import Collectivite

CONSEIL = _("12 signes au moins. Le plus simple est une phrase, par exemple quatre ou cinq mots à vous.")


class MotDePasseField(forms.CharField):
    """Un mot de passe, jamais rogné, jamais renvoyé dans la page ; on peut le coller."""

    default_error_messages = {
        "required": _("Écrivez votre mot de passe."),
        "max_length": _("Ce mot de passe est trop long : %(limit_value)d signes au plus."),
    }

    def __init__(self, *, label: Any, nouveau: bool = False, **options: Any) -> None:
        saisie = forms.PasswordInput(attrs={"autocomplete": "new-password" if nouveau else "current-password"})
        super().__init__(label=label, strip=False, max_length=LONGUEUR_MAXIMALE, widget=saisie, **options)


class OubliForm(forms.Form):
    """`Adresse mail` : où envoyer un lien."""

    courriel = CourrielField(
        label=_("Adresse mail"), widget=forms.EmailInput(attrs={"autocomplete": "username", "inputmode": "email"})
    )


class NouveauMotDePasseForm(forms.Form):
    """Un nouveau mot de passe, deux fois ; jugé sur sa longueur et sur ce que tout le monde devinerait."""

    nouveau = MotDePasseField(
        label=_("Nouveau mot de passe"),
        nouveau=True,
        help_text=CONSEIL,
        error_messages={"required": _("Écrivez le nouveau mot de passe.")},
    )
    confirmation = MotDePasseField(
        label=_("Nouveau mot de passe confirmation"),
        nouveau=True,
        error_messages={"required": _("Écrivez le nouveau mot de passe une seconde fois.")},
    )

    def __init__(self, *args: Any, usager: Usager, collectivite: Collectivite, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.usager, self.collectivite = usager, collectivite

    def clean_nouveau(self) -> str:
        nouveau: str = self.cleaned_data["nouveau"]
        juger(nouveau, self.usager, self.collectivite.nom)
        return nouveau

    def clean_confirmation(self) -> str:
        confirmation: str = self.cleaned_data["confirmation"]
        if "nouveau" in self.cleaned_data and confirmation != self.cleaned_data["nouveau"]:
            raise ValidationError(gettext("Les deux mots de passe ne sont pas les mêmes. Écrivez-les à nouveau."))
        return confirmation


class AcceptationForm(forms.Form):
    """Un bouton : qui a déjà un mot de passe n'en choisit pas un autre."""


class ChangementForm(NouveauMotDePasseForm):
    """L'ancien mot de passe d'abord."""

    ancien = MotDePasseField(
        label=_("Ancien mot de passe"), error_messages={"required": _("Écrivez votre mot de passe actuel.")}
    )
    field_order = ("ancien", "nouveau", "confirmation")


class MotDePasseForm(forms.Form):
    """`Mot de passe`, redemandé avant ce qui compte."""

    mot_de_passe = MotDePasseField(label=_("Mot de passe"))
