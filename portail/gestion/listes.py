"""Les colonnes, filtres et pages des listes : rien d'une autre commune, et vite sur un million de lignes."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin import RelatedFieldListFilter
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

PLAFOND = 10_000


def colonne(champ: str, libelle: Any, ecrire: Callable[[Any], Any] = lambda valeur: valeur) -> Callable[[Any], Any]:
    """Une colonne et son titre ; celles des montants s'alignent à droite par leur nom de classe."""

    @admin.display(description=libelle, ordering=champ)
    def lire(*arguments: Any) -> Any:  # l'objet, précédé du ModelAdmin si la colonne en est un attribut
        return ecrire(getattr(arguments[-1], champ))

    lire.__name__ = f"colonne-{champ}"
    return lire


class FiltreLie(RelatedFieldListFilter):
    """Les choix d'une clé étrangère : ceux de la liste de ce modèle, donc de la commune ; Django les prendrait tous."""

    def field_choices(self, field: Any, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        """Sans droit de voir ce modèle, aucun choix."""
        lie = model_admin.admin_site.get_model_admin(field.remote_field.model)
        objets = lie.get_queryset(request).select_related(*(lie.list_select_related or ()))
        return [(objet.pk, str(objet)) for objet in objets]


class PaginateurBorne(Paginator[Any]):
    """Ne compte pas au-delà du plafond : compter un million de lignes prendrait plus de temps que d'en lire cent."""

    @cached_property
    def count(self) -> int:
        """Leur nombre, ou un de plus que le plafond."""
        lignes: Any = self.object_list
        return int(lignes.order_by().values("pk")[: PLAFOND + 1].count())

    def page(self, number: int | str) -> Page[Any]:
        """Ses clés d'abord : ce qui accompagne chaque ligne ne se calcule que pour celles de la page."""
        rang, lignes = self.validate_number(number), cast("QuerySet[Any]", self.object_list)
        debut = (rang - 1) * self.per_page
        cles = list(lignes.values_list("pk", flat=True)[debut : debut + self.per_page])
        return Page(lignes.filter(pk__in=cles), rang, self)


class Liste(ChangeList):
    """Celle de Django, qui trierait par n'importe quelle colonne qu'une adresse falsifiée lui nomme."""

    def get_ordering_field(self, field_name: Any) -> Any:
        """Rien pour une colonne qui ne se trie pas : l'ordre reste celui de la liste."""
        return super().get_ordering_field(field_name) if field_name in (self.sortable_by or ()) else None
