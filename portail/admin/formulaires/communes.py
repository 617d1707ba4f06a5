"""Ce que la commune dit d'elle-même."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, RegexValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portail import logos
from portail.admin.formulaires.champs import Paragraphe, UneLigne
from portail.models import Collectivite, valider_couleur
from portail.models.mentions import OBLIGATOIRES, TOUT


class IdentiteForm(forms.Form):
    """Qui est la commune, comment la joindre, et ce que la loi lui fait publier."""

    nom = UneLigne(label=_("Nom de la commune"), max_length=120, help_text=_("Par exemple : Ville de Boé."))
    adresse_postale = Paragraphe(label=_("Adresse postale"), max_length=300, required=False)
    telephone = UneLigne(
        label=_("Téléphone"),
        max_length=30,
        validators=[RegexValidator(r"\A\+?[0-9][0-9 .()-]{2,}\Z", _("Un numéro de téléphone : 05 61 00 19 30."))],
    )
    horaires = UneLigne(
        label=_("Horaires"), max_length=200, help_text=_("Par exemple : du lundi au vendredi, de 7h à 22h.")
    )
    courriel_contact = forms.EmailField(
        label=_("Courriel de contact"), required=False, help_text=_("Les habitants le lisent, et y écrivent.")
    )
    directeur_publication = UneLigne(
        label=_("Directeur de la publication"),
        max_length=120,
        required=False,
        help_text=_("Par exemple : le maire de Boé."),
    )
    hebergeur = Paragraphe(
        label=_("Hébergeur du site"),
        max_length=300,
        required=False,
        help_text=_("Son nom, son adresse, son téléphone."),
    )
    contact_dpo = Paragraphe(
        label=_("Délégué à la protection des données (DPO)"),
        max_length=300,
        required=False,
        help_text=_("Comment le joindre : un courriel, une adresse ou un téléphone."),
    )


def exiger_les_mentions(formulaire: Any, collectivite: Collectivite) -> None:
    """Ouvert, le portail ne perd plus une mention qu'il avait."""
    for nom in OBLIGATOIRES:
        if collectivite.est_ouverte and getattr(collectivite, nom):
            formulaire.fields[nom].required = True
            formulaire.fields[nom].error_messages["required"] = _(
                "Le portail est ouvert : la loi demande que cette mention y reste. Écrivez-la."
            )


class CouleurForm(forms.Form):
    """Une couleur qui porte un texte blanc."""

    couleur = forms.CharField(
        label=_("Couleur"),
        max_length=7,
        validators=[valider_couleur],
        help_text=_("Sous la forme #1f5c99. Un texte blanc doit s'y lire."),
    )

    def clean_couleur(self) -> str:
        return str(self.cleaned_data["couleur"]).lower()


class LogoForm(forms.Form):
    """Une image, dont seuls les points sont gardés."""

    logo = forms.FileField(
        label=_("Image"),
        max_length=200,
        allow_empty_file=True,
        help_text=_("PNG, JPEG ou WebP ; 2 Mo et 3 000 points de côté au plus. Le fond transparent est gardé."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )

    def clean_logo(self) -> bytes:
        """Le PNG que nous en faisons."""
        envoye = self.cleaned_data["logo"]
        return logos.reencoder(envoye, envoye.size)


class AccessibiliteForm(forms.Form):
    """Un audit entier ou rien : le mot que la page affiche s'en déduit."""

    accessibilite_auditee_le = forms.DateField(
        label=_("Date de l'audit"),
        required=False,
        help_text=_("Vide s'il n'y en a pas eu : le site se dit alors non conforme."),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    accessibilite_auditeur = UneLigne(label=_("Qui a fait l'audit"), max_length=120, required=False)
    accessibilite_taux = forms.IntegerField(
        label=_("Critères respectés, en %"),
        min_value=0,
        required=False,
        validators=[MaxValueValidator(TOUT)],
        help_text=_("Arrondi à l'entier inférieur : 99,9 % n'est pas 100 %."),
    )
    accessibilite_defauts = Paragraphe(
        label=_("Contenus non accessibles relevés par l'audit"), max_length=5000, required=False
    )
    accessibilite_schema = forms.URLField(
        label=_("Adresse du schéma pluriannuel et du plan d'actions"), required=False, assume_scheme="https"
    )

    def clean(self) -> dict[str, Any]:
        lus = self.cleaned_data
        faits = [bool(lus.get("accessibilite_auditee_le")), bool(lus.get("accessibilite_auditeur"))]
        if not self.errors and len({*faits, lus.get("accessibilite_taux") is not None}) > 1:
            raise ValidationError(
                gettext("Un audit se déclare avec sa date, son auditeur et son taux, ou pas du tout.")
            )
        taux = lus.get("accessibilite_taux")
        if taux is not None and taux < TOUT and not lus.get("accessibilite_defauts"):
            self.add_error("accessibilite_defauts", gettext("En dessous de 100 %, dites ce qui n'est pas accessible."))
        return lus


def refuser_un_audit_a_venir(formulaire: Any, collectivite: Collectivite) -> None:
    """Un audit déclaré est un audit fait."""

    def verifier(date: Any) -> None:
        if date > collectivite.aujourd_hui():
            raise ValidationError(gettext("Cette date n'est pas encore passée."))

    champ = formulaire.fields["accessibilite_auditee_le"]
    champ.validators = [*champ.validators, verifier]
