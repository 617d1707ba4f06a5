"""Ce que la personne peut demander à la liste et à une facture."""

from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from factures.etats import EtatFacture

MARQUES = {"reglee": True, "non_reglee": False}


class FiltreForm(forms.Form):
    """Compte client, année, service et état ; les choix sont ceux que la personne a vraiment."""

    compte = forms.ChoiceField(label=_("Compte client"), required=False)
    annee = forms.TypedChoiceField(label=_("Année"), required=False, coerce=int, empty_value=None)
    service = forms.ChoiceField(label=_("Service"), required=False)
    etat = forms.ChoiceField(label=_("État"), required=False, choices=[("", _("Tous")), *EtatFacture.choices])

    def __init__(
        self, *args: Any, annees: list[int], services: dict[str, str], comptes: dict[str, str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._proposer("compte", _("Tous"), list(comptes.items()))
        if not comptes:
            del self.fields["compte"]
        self._proposer("annee", _("Toutes"), [(str(annee), str(annee)) for annee in annees])
        self._proposer("service", _("Tous"), list(services.items()))

    def _proposer(self, nom: str, tous: Promise, choix: list[tuple[str, str]]) -> None:
        champ = self.fields[nom]
        assert isinstance(champ, forms.ChoiceField)  # noqa: S101  # pour le typage
        champ.choices = [("", tous), *choix]

    def criteres(self) -> dict[str, Any]:
        """Ce qui est choisi, pour ``FactureQuerySet.choisies`` ; un choix qui n'existe pas ne filtre rien."""
        self.full_clean()
        return {champ: valeur for champ, valeur in getattr(self, "cleaned_data", {}).items() if valeur}


class MarqueForm(forms.Form):
    """La marque personnelle : réglée ou non réglée."""

    etat = forms.ChoiceField(choices=[(valeur, valeur) for valeur in MARQUES])

    def reglee(self) -> bool:
        """Vrai pour « réglée »."""
        return MARQUES[self.cleaned_data["etat"]]
