"""Passer d'un état de lot à l'autre, sous son verrou."""

from typing import Any

from django.db import connection

from factures.etats import TRANSITIONS_LOT, EtatLot
from factures.models import LotImport
from portail.journal import noter

# Cent mille factures se publient en quelques secondes, un million en plus d'une minute : le travail de fond attend.
PATIENCE_SECONDES = 900


class LotIndisponible(Exception):
    """Le lot n'est plus dans l'état qu'il faut : quelqu'un d'autre l'a fait avancer, ou y a renoncé."""


def patienter() -> None:
    """Jusqu'à la fin de la transaction, la base laisse au travail de fond le temps qu'il lui faut."""
    if connection.vendor == "postgresql":
        with connection.cursor() as curseur:
            for reglage in ("lock_timeout", "statement_timeout"):
                curseur.execute("SELECT set_config(%s, %s, true)", [reglage, f"{PATIENCE_SECONDES}s"])


def verrouiller(lot: LotImport) -> LotImport:
    """Le lot tel qu'il est maintenant, tenu jusqu'à la fin de la transaction."""
    patienter()
    return LotImport.objects.select_for_update(of=("self",)).select_related("regie").get(pk=lot.pk)


def passer(lot: LotImport, *, vers: EtatLot, **champs: Any) -> bool:
    """Le seul endroit où l'état d'un lot change ; vrai pour l'unique appel qui l'emporte. Dans une transaction."""
    depuis = [etat for etat, suivants in TRANSITIONS_LOT.items() if vers in suivants]
    gagne = LotImport.objects.filter(pk=lot.pk, etat__in=depuis).update(etat=vers, **champs)
    if gagne:
        bilan = {"bilan": champs["bilan"]} if "bilan" in champs else {}
        noter(f"lot.{vers}", sur=lot, apres={"etat": vers, **bilan})
    lot.refresh_from_db()
    return bool(gagne)


def exiger(lot: LotImport, *etats: EtatLot) -> None:
    """``LotIndisponible`` si le lot, verrouillé, n'est dans aucun de ces états."""
    if lot.etat not in etats:
        raise LotIndisponible(f"Le lot {lot.pk} est « {lot.get_etat_display()} ».")
