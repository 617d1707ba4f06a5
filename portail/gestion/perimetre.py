"""Ce que regarde la personne sur l'accueil : quels jours, et quel service."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portail.models import Collectivite, Regie

PREMIER, DERNIER = date(2000, 1, 1), date(2100, 12, 31)


@dataclass(frozen=True)
class Perimetre:
    """Ces jours, bornes comprises, et un service ou tous ceux de la commune."""

    collectivite: Collectivite
    du: date
    au: date
    regies: tuple[Regie, ...] = ()
    regie: Regie | None = None

    def adresse(self, liste: str, *, regie: str = "regie", **filtres: str) -> str:
        """Cette liste, filtrée de même ; ``regie`` est le chemin du service depuis ses objets."""
        service = {f"{regie}__id__exact": str(self.regie.pk)} if self.regie else {}
        return f"{liste}?{urlencode({**filtres, **service, 'du': str(self.du), 'au': str(self.au)})}"


@dataclass(frozen=True)
class Raccourci:
    """Une période que l'on choisit souvent."""

    libelle: str | Promise
    parametres: str
    choisi: bool


class PerimetreForm(forms.Form):
    """Du, au, service."""

    service = forms.ChoiceField(label=_("Service"), required=False)
    du = forms.DateField(label=_("Du"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    au = forms.DateField(label=_("au"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, regies: list[Regie], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        service: Any = self.fields["service"]
        service.choices = [("", _("Tous les services")), *((regie.code, regie.libelle) for regie in regies)]

    def clean(self) -> dict[str, Any]:
        choix = super().clean() or {}
        du, au = choix.get("du"), choix.get("au")
        if du and au and not PREMIER <= du <= au <= DERNIER:
            raise ValidationError(gettext("La première date doit venir avant la seconde, entre 2000 et 2100."))
        return choix


def lire(request: HttpRequest, collectivite: Collectivite) -> tuple[PerimetreForm, Perimetre]:
    """Le formulaire tel qu'envoyé, et ce qu'il demande ; les douze derniers mois s'il est mal rempli."""
    regies = list(collectivite.regies.all())
    defaut = dict(zip(("du", "au"), _douze_mois(collectivite.aujourd_hui()), strict=True))
    formulaire = PerimetreForm(regies, {**defaut, **request.GET.dict()})
    choix = formulaire.cleaned_data if formulaire.is_valid() else defaut
    service = choix.get("service")
    regie = next((regie for regie in regies if service and regie.code == service), None)
    return formulaire, Perimetre(collectivite, choix["du"], choix["au"], tuple(regies), regie)


def raccourcis(perimetre: Perimetre) -> list[Raccourci]:
    """Les périodes d'un clic, avec le même service."""
    jour = perimetre.collectivite.aujourd_hui()
    annee = date(jour.year, 1, 1)
    periodes = (
        (_("30 jours"), jour - timedelta(days=29), jour),
        (_("3 mois"), jour - timedelta(days=90), jour),
        (_("12 mois"), *_douze_mois(jour)),
        (f"{jour:%Y}", annee, jour),
        (str(jour.year - 1), date(jour.year - 1, 1, 1), annee - timedelta(days=1)),
    )
    service = {"service": perimetre.regie.code} if perimetre.regie else {}
    return [
        Raccourci(libelle, urlencode({**service, "du": du, "au": au}), (du, au) == (perimetre.du, perimetre.au))
        for libelle, du, au in periodes
    ]


def _douze_mois(jour: date) -> tuple[date, date]:
    return jour - timedelta(days=364), jour
