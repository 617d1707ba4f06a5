"""Les totaux de contrôle d'un lot : combien de lignes, et combien de centimes, pour chaque sort."""

from typing import Any

from django.db.models import Count, Q, Sum

from factures.argent import en_centimes
from factures.etats import SortLigne
from factures.models import LigneImport, LotImport, RejetImport


def bilan(lot: LotImport) -> dict[str, Any]:
    """``{"lignes": 3, "rejetees": 1, "nouvelle": {"nombre": 2, "centimes": 48622}, …}``, du JSON."""
    lignes = LigneImport.objects.filter(lot=lot)
    par_sort = {sort: (nombre, total) for sort, nombre, total in _par_sort(lignes)}
    rejetees = RejetImport.objects.filter(lot=lot).values("rang").distinct().count()
    return {
        "lignes": rejetees + sum(nombre for nombre, _ in par_sort.values()),
        "rejetees": rejetees,
        **{sort.value: _compte(*par_sort.get(sort, (0, None))) for sort in SortLigne},
        "sensibles": lignes.exclude(sensible="").count(),
        "documents": lignes.exclude(pdf="").count(),
        "documents_douteux": lignes.filter(pdf_douteux=True).count(),
        "redevables_nouveaux": _redevables(lignes, Q(redevable_nouveau=True)),
        "redevables_modifies": _redevables(lignes, ~Q(redevable_avant={})),
    }


def _par_sort(lignes: Any) -> Any:
    return lignes.order_by().values_list("sort").annotate(Count("pk"), Sum("montant"))


def _compte(nombre: int, total: Any) -> dict[str, int]:
    return {"nombre": nombre, "centimes": en_centimes(total) if total is not None else 0}


def _redevables(lignes: Any, lesquels: Q) -> int:
    nombre: int = lignes.filter(lesquels).order_by().values("source", "code_redevable").distinct().count()
    return nombre
