"""Les totaux d'un fichier de règlements, et ses lignes à corriger, rendues telles qu'elles étaient."""

import csv
import io
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum

from factures.etats.depots import ECARTES, SortReglement
from factures.imports.reglements import COLONNES
from factures.models import DepotReglements
from portail.tableur import neutraliser


def bilan(depot: DepotReglements) -> list[tuple[SortReglement, int, Decimal, Decimal]]:
    """Pour chaque sort : combien de lignes, combien d'euros, et combien au-delà du dû ; en une lecture."""
    lus = depot.lignes.order_by().values_list("sort").annotate(Count("pk"), Sum("montant"), Sum("surplus"))
    par_sort: dict[str, tuple[Any, ...]] = {sort: tuple(totaux) for sort, *totaux in lus}
    return [(sort, *par_sort[sort]) for sort in SortReglement if sort in par_sort]


def a_corriger(depot: DepotReglements) -> str:
    """Le CSV des lignes sans facture et des fautives, avec ce qui ne va pas ; corrigé, il se redépose."""
    sortie = io.StringIO()
    ecrivain = csv.writer(sortie, delimiter=";", lineterminator="\r\n")
    ecrivain.writerow((*COLONNES, "remarque"))
    for ligne in depot.lignes.filter(sort__in=ECARTES):
        cellules = [ligne.cellules.get(colonne, "") for colonne in COLONNES]
        ecrivain.writerow([neutraliser(cellule) for cellule in (*cellules, ligne.motif)])
    return sortie.getvalue()
