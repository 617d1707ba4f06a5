"""Les filtres que plusieurs listes partagent."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise

from portail.models import Collectivite


def instants(collectivite: Collectivite, du: date | None, au: date | None) -> dict[str, datetime]:
    """Les bornes (``gte``, ``lt``) de ces jours entiers, dans le fuseau de la commune."""
    fuseau, bornes = ZoneInfo(collectivite.fuseau), {}
    if du:
        bornes["gte"] = datetime.combine(du, time.min, fuseau)
    if au:
        bornes["lt"] = datetime.combine(au + timedelta(days=1), time.min, fuseau)
    return bornes


def _jour(ecrit: object) -> date | None:
    return date.fromisoformat(str(ecrit)) if ecrit else None


class FiltrePeriode(admin.ListFilter):
    """Du tel jour au tel jour, l'un ou l'autre pouvant manquer."""

    parametres: ClassVar[tuple[str, str]] = ("du", "au")
    template = "gestion/filtre_periode.html"
    champ: ClassVar[str]

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for nom in self.parametres:
            if nom in params:
                self.used_parameters[nom] = params.pop(nom)[-1]

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return list(self.parametres)

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Ce qui remplit son petit formulaire, qui garde les autres filtres."""
        autres = [(nom, valeur) for nom, valeur in changelist.params.items() if nom not in self.parametres]
        yield {"autres": autres, **{nom: self.used_parameters.get(nom, "") for nom in self.parametres}}

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """``IncorrectLookupParameters``, et donc la liste entière, pour un jour qui n'existe pas."""
        try:
            du, au = (_jour(self.used_parameters.get(nom)) for nom in self.parametres)
            bornes = instants(request.collectivite, du, au)
        except (ValueError, OverflowError) as erreur:
            raise IncorrectLookupParameters(erreur) from erreur
        return queryset.filter(**{f"{self.champ}__{borne}": instant for borne, instant in bornes.items()})


def periode(champ: str, titre: str | Promise) -> type[FiltrePeriode]:
    """Le filtre par dates de cet instant d'un modèle."""
    return type("FiltrePeriode", (FiltrePeriode,), {"champ": champ, "title": titre})
