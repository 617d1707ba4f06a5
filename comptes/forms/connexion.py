"""Le formulaire de connexion : celui d'allauth, avec nos mots."""

from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from comptes.models import normaliser_courriel
from portail.requete import entre


class CourrielField(forms.EmailField):
    """Une adresse mail, ramenée à sa forme unique avant d'être jugée."""

    default_error_messages = {
        "invalid": _("Écrivez une adresse mail complète, par exemple nom@exemple.fr."),
        "required": _("Écrivez votre adresse mail, par exemple nom@exemple.fr."),
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=254, **options)  # celle des colonnes

    def to_python(self, value: Any) -> str:
        return normaliser_courriel(str(super().to_python(value)))


class ConnexionForm(LoginForm):  # type: ignore[misc]  # allauth ne publie pas ses types
    """`Adresse mail`, `Mot de passe`, `Se souvenir de moi`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = CourrielField(
            label=_("Adresse mail"),
            widget=forms.EmailInput(attrs={"autocomplete": "username", "inputmode": "email"}),
        )
        mot_de_passe = self.fields["password"]
        mot_de_passe.error_messages["required"] = _("Écrivez votre mot de passe.")
        mot_de_passe.label = _("Mot de passe")
        mot_de_passe.help_text = ""
        mot_de_passe.widget.attrs.pop("placeholder", None)
        self.fields["remember"].label = _("Se souvenir de moi")
        self.order_fields(["login", "password", "remember"])

    def clean(self) -> dict[str, Any]:
        """Avant l'ouverture, le bon mot de passe d'un habitant n'ouvre encore rien."""
        lus: dict[str, Any] = super().clean()
        if self.user is not None and not entre(self.user, self.request.collectivite):
            raise forms.ValidationError(_("Ce portail n'est pas encore ouvert aux habitants. Il ouvrira bientôt."))
        return lus

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        """Ouvre la session ; un agent n'est jamais « retenu », même s'il a coché la case."""
        reponse: HttpResponse = super().login(request, redirect_url=redirect_url)
        retenu = self.cleaned_data["remember"] and not self.user.is_staff
        request.session["souvenir"] = retenu
        request.session.set_expiry(settings.SESSION_COOKIE_AGE if retenu else 0)
        return reponse
