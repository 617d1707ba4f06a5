"""Ce qu'on recopie de son courrier, et le mot de passe qu'on choisit."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from comptes import codes
from comptes.forms.connexion import CourrielField
from comptes.forms.mots_de_passe import CONSEIL, MotDePasseField
from comptes.models import Ouverture, Rattachement, Redevable, Usager
from comptes.mots_de_passe import juger


class CodeActivationField(forms.CharField):
    """Un code tel qu'on le recopie : minuscules, espaces et tirets n'y changent rien."""

    default_error_messages = {
        "illisible": _(
            "Relisez le code : douze lettres et chiffres, comme 7K4M-Q2XH-9RWT, jamais 0, 1, A, E, I, L, O ni U."
        ),
        "required": _("Recopiez le code d'activation écrit sur votre courrier."),
    }

    def clean(self, value: Any) -> str:
        texte: str = super().clean(value)
        try:
            return codes.lire(texte) if texte else ""
        except codes.CodeIllisible as refus:
            raise ValidationError(self.error_messages["illisible"], code="illisible") from refus


def _code_client() -> forms.CharField:
    return forms.CharField(
        label=_("Code client"),
        max_length=40,
        error_messages={"required": _("Recopiez le code client écrit sur votre facture.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )


def _code_activation() -> CodeActivationField:
    return CodeActivationField(
        label=_("Code d'activation"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )


class CodesForm(forms.Form):
    """`Code client` et `Code d'activation`, pour ajouter un compte client au sien."""

    client = _code_client()
    code = _code_activation()


class ActivationForm(CodesForm):
    """`Adresse mail`, seule si le service la connaît ; sinon avec les deux codes du courrier, ensemble."""

    courriel = CourrielField(
        label=_("Adresse mail"), widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"})
    )

    field_order = ("courriel", "client", "code")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["client"].required = self.fields["code"].required = False

    def clean(self) -> dict[str, Any]:
        saisie: dict[str, Any] = super().clean() or {}
        for vide, rempli in (("client", "code"), ("code", "client")):
            if saisie.get(rempli) and saisie.get(vide) == "":
                self.add_error(vide, self.fields[vide].error_messages["required"])
        return saisie


class OuvertureForm(forms.Form):
    """Ce que la page du lien doit encore savoir : quel client, si l'adresse est à plusieurs, et le mot de passe."""

    client = _code_client()
    mot_de_passe = MotDePasseField(
        label=_("Nouveau mot de passe"),
        nouveau=True,
        help_text=CONSEIL,
        error_messages={"required": _("Choisissez un mot de passe.")},
    )
    confirmation = MotDePasseField(
        label=_("Nouveau mot de passe confirmation"),
        nouveau=True,
        error_messages={"required": _("Écrivez une seconde fois le même mot de passe.")},
    )

    def __init__(self, *args: Any, ouverture: Ouverture, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ouverture = ouverture
        self.redevables: list[Redevable] = [] if ouverture.plusieurs_personnes else ouverture.redevables
        if not ouverture.plusieurs_personnes:
            del self.fields["client"]
        if ouverture.usager is not None:
            del self.fields["mot_de_passe"], self.fields["confirmation"]

    def clean_client(self) -> str:
        client: str = self.cleaned_data["client"]
        self.redevables = self.ouverture.choisis(client)
        if not self.redevables:
            raise ValidationError(_("Ce code client ne va pas avec votre adresse mail. Relisez-le sur votre facture."))
        return client

    def clean_mot_de_passe(self) -> str:
        mot_de_passe: str = self.cleaned_data["mot_de_passe"]
        titulaire = self.redevables[0] if self.redevables else Redevable()
        personne = Usager(email=self.ouverture.activation.courriel, nom=titulaire.nom, prenom=titulaire.prenom)
        juger(mot_de_passe, personne, self.ouverture.activation.collectivite.nom)
        return mot_de_passe

    def clean_confirmation(self) -> str:
        confirmation: str = self.cleaned_data["confirmation"]
        if self.cleaned_data.get("mot_de_passe") not in {None, confirmation}:
            raise ValidationError(_("Les deux mots de passe ne sont pas les mêmes."))
        return confirmation


class NomForm(forms.ModelForm[Rattachement]):
    """Le nom qu'on donne à un compte client : « Maison », « Cantine de Léa »."""

    class Meta:
        model = Rattachement
        fields = ("nom_donne",)
        labels = {"nom_donne": _("Nom que vous lui donnez")}
