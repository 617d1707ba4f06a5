"""Les services d'une commune, et où elle répond."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portail.admin.formulaires.champs import Paragraphe, UneLigne
from portail.admin.formulaires.communes import IdentiteForm
from portail.models import LIEN, ModeRegie, valider_adresse
from portail.services import Adresse

_CODE = RegexValidator(r"\A[A-Z][A-Z0-9-]{0,19}\Z", _("Des majuscules sans accent, des chiffres et des tirets."))
_NOM_MAXIMUM = 200
_NOM_D_HOTE = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")


class LibelleForm(forms.Form):
    """Le nom d'un service."""

    libelle = UneLigne(label=_("Nom du service"), max_length=80)


class ModeForm(forms.Form):
    """Qui recouvre."""

    mode = forms.ChoiceField(
        label=_("Mode de recouvrement"),
        choices=ModeRegie.choices,
        help_text=_("Régie : la commune encaisse. Titre ou rôle : le Trésor public recouvre."),
    )


class ServiceForm(LibelleForm, ModeForm):
    """Un service nouveau."""

    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        validators=[_CODE],
        help_text=_("Celui du logiciel de facturation, par exemple EAU. Il ne changera plus."),
    )
    field_order = ("libelle", "code", "mode")


class AdresseForm(forms.Form):
    """Où répond la commune."""

    lien = UneLigne(label=_("Code LIEN"), max_length=10, validators=[LIEN])
    adresse = UneLigne(
        label=_("Adresse publique"),
        max_length=200,
        validators=[valider_adresse],
        help_text=_("Celle des liens envoyés par courriel et à PayFiP : https://factures.exemple.fr"),
    )
    hotes = Paragraphe(
        label=_("Noms d'hôte réservés à la commune"),
        max_length=1000,
        required=False,
        help_text=_("Un par ligne, sans port. Aucun si elle n'a que l'adresse partagée."),
    )
    par_defaut = forms.BooleanField(label=_("La commune qu'on voit d'abord aux adresses partagées"), required=False)

    def clean_hotes(self) -> tuple[str, ...]:
        """Triés, une fois chacun."""
        noms = sorted({nom.lower() for nom in self.cleaned_data["hotes"].split()})
        faux = [nom for nom in noms if _NOM_D_HOTE.fullmatch(nom) is None or len(nom) > _NOM_MAXIMUM]
        if faux:
            raise ValidationError(gettext("Ce n'est pas un nom d'hôte : %(noms)s.") % {"noms": ", ".join(faux)})
        return tuple(noms)

    def clean(self) -> dict[str, Any]:
        """Les quatre champs n'en font qu'un."""
        lus = dict(self.cleaned_data)
        if not self.errors:
            lus["ou"] = Adresse(**{nom: lus.pop(nom) for nom in ("lien", "adresse", "hotes", "par_defaut")})
        return lus


class CommuneForm(AdresseForm):
    """Une commune nouvelle."""

    nom = IdentiteForm.base_fields["nom"]
    telephone = IdentiteForm.base_fields["telephone"]
    horaires = IdentiteForm.base_fields["horaires"]
    field_order = ("nom", "telephone", "horaires", "lien", "adresse", "hotes", "par_defaut")
