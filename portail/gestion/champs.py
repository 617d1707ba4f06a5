"""Ce que chaque rôle lit d'un objet, champ par champ : une même règle pour liste, fiche, historique et exports.

La table qui le dit aux communes est docs/roles.md ; tests/gestion/test_champs.py la vérifie page par page.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from portail.gestion.droits import acces
from portail.models import Role

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin

ENCADREMENT = frozenset({Role.ADMINISTRATION, Role.EXPLOITANT})
COMPTABLES = ENCADREMENT | {Role.FACTURATION}
# Où habite une personne, où lui écrire, et pourquoi le service a fait ceci ou cela.
SAUF_LECTURE = COMPTABLES | {Role.RELATION}
# Sous ces noms, où que ce soit : l'historique aussi en porte.
PARTOUT = {"motif": SAUF_LECTURE, "raison": SAUF_LECTURE}


class ChampsReserves(_ModelAdmin):
    """``champs_reserves`` : les champs que ne lisent pas tous ceux qui voient l'objet, et les rôles qui les lisent.

    Un champ réservé est aussi du contenu : l'exploitant ne le lit qu'après avoir ouvert l'accès.
    """

    champs_reserves: ClassVar[Mapping[str, frozenset[Role]]] = {}

    def lit(self, request: HttpRequest, champ: str) -> bool:
        """Vrai si la personne lit ce champ ; ce qu'elle ne lit pas, elle ne le cherche pas non plus."""
        reserve, droit = (PARTOUT | {**self.champs_reserves}).get(champ), acces(request)
        return reserve is None or (droit is not None and droit.lit(reserve))

    def champs_visibles(self, request: HttpRequest, champs: Iterable[Any]) -> tuple[Any, ...]:
        """Ceux de ces champs, noms ou colonnes, que lit la personne : pour tout ce qui montre ou exporte un objet."""
        return tuple(champ for champ in champs if self.lit(request, _nom(champ)))

    def get_list_display(self, request: HttpRequest) -> Any:
        return self.champs_visibles(request, super().get_list_display(request))


def _nom(champ: Any) -> str:
    """Celui du champ ; une colonne calculée dit duquel elle vient par son tri."""
    return champ if isinstance(champ, str) else getattr(champ, "admin_order_field", None) or champ.__name__
