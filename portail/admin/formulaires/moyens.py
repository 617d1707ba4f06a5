"""Comment un service se paie sans internet."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portail.admin.formulaires.champs import Paragraphe, UneLigne
from portail.models import valider_iban
from portail.moyens import par_quatre


class Iban(UneLigne):
    """Un IBAN, tel qu'il se lit."""

    default_validators = [*UneLigne.default_validators, valider_iban]

    def to_python(self, value: Any) -> str:
        return par_quatre(super().to_python(value))


class MoyensForm(forms.Form):
    """Rien n'est obligatoire ; un moyen commencé se remplit en entier."""

    guichet_adresse = Paragraphe(label=_("Guichet : son adresse"), max_length=300, required=False)
    guichet_horaires = UneLigne(label=_("Guichet : ses horaires"), max_length=200, required=False)
    cheque_ordre = UneLigne(
        label=_("Chèque : à l'ordre de"),
        max_length=80,
        required=False,
        help_text=_(
            "Pour une régie, le comptable le dit : par exemple « Régie de l'eau de Boé » ou « Trésor public »."
        ),
    )
    cheque_adresse = Paragraphe(label=_("Chèque : où l'envoyer"), max_length=300, required=False)
    virement_titulaire = UneLigne(label=_("Virement : titulaire du compte"), max_length=80, required=False)
    virement_iban = Iban(
        label=_("Virement : IBAN"),
        max_length=40,
        required=False,
        help_text=_("Recopiez-le du relevé du compte. Le journal gardera l'ancien, et qui l'a changé."),
    )
    tabac = forms.BooleanField(
        label=_("Buraliste : la facture papier porte le code à scanner (proposé jusqu'à 300 €)"), required=False
    )
    prelevement = Paragraphe(
        label=_("Prélèvement automatique : comment le prendre"),
        max_length=500,
        required=False,
        help_text=_("À qui le demander, et quels papiers joindre."),
    )
