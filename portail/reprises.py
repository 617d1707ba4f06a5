"""Les tâches qui ont échoué ou perdu leur ouvrier : reprises, de plus en plus tard, puis abandonnées avec bruit."""

import logging
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from portail.journal import noter
from portail.registre import periodiques

Tache: TypeAlias = "DBTaskResult[..., Any]"

journal = logging.getLogger(__name__)

PRISES = 5  # la cinquième prise est la dernière : une tâche qui tue son ouvrier n'en tuera pas plus
RECUL = timedelta(seconds=10)  # puis 50 s, 4 min, 20 min
TOUR_SECONDES = 10.0
SILENCE_SECONDES = 90.0


@transaction.atomic
def reprendre(tache: Tache, *, cause: str) -> bool:
    """Remet la tâche en file si elle a encore droit à une prise ; vrai si cet appel a décidé de son sort.

    Une tâche périodique n'est pas reprise : la période suivante la refera.
    """
    prises = len(tache.worker_ids)
    if prises < PRISES and tache.task_path not in {p.tache for p in periodiques()}:
        suite = {"status": TaskResultStatus.READY, "run_after": timezone.now() + RECUL * 5 ** (prises - 1)}
    else:
        suite = {"status": TaskResultStatus.FAILED, "finished_at": timezone.now()}
    # L'ouvrier qu'on croyait mort a pu finir, ou un autre planificateur reprendre, entre la lecture et ici.
    inchangee = DBTaskResult.objects.filter(pk=tache.pk, status=tache.status, started_at=tache.started_at)
    decide = bool(inchangee.update(**suite))
    if decide:
        _dire(tache, cause=cause, abandon=suite["status"] == TaskResultStatus.FAILED)
    return decide


def _dire(tache: Tache, *, cause: str, abandon: bool) -> None:
    """Une reprise est un avertissement ; un abandon est une erreur, et un fait du journal."""
    prises = len(tache.worker_ids)
    if not abandon:
        journal.warning("Tâche %s %s : %s, prise %d sur %d.", tache.pk, tache.task_path, cause, prises, PRISES)
        return
    journal.error("Tâche %s %s abandonnée : %s, après %d prises.", tache.pk, tache.task_path, cause, prises)
    if prises >= PRISES:
        noter("tache.abandonnee", sur=tache, apres={"tache": tache.task_path, "prises": prises, "cause": cause})


class Guet:
    """Reprend les tâches dont l'ouvrier ne donne plus signe de vie.

    Tenu par le planificateur, qui survit à l'ouvrier. Le silence se mesure à son horloge à lui, qui ne saute pas : une
    ligne dont ``started_at`` n'a pas bougé depuis qu'il l'a vue.
    """

    def __init__(self) -> None:
        self._vues: dict[UUID, tuple[datetime | None, float]] = {}
        self._prochain = 0.0

    def tour(self, instant: float) -> None:
        """À appeler aussi souvent qu'on veut, avec ``time.monotonic()``."""
        if instant < self._prochain:
            return
        self._prochain = instant + TOUR_SECONDES
        en_cours = list(DBTaskResult.objects.running())
        self._vues = {tache.pk: self._derniere_fois(tache, instant) for tache in en_cours}
        for tache in en_cours:
            if instant - self._vues[tache.pk][1] >= SILENCE_SECONDES:
                reprendre(tache, cause="ouvrier disparu")

    def _derniere_fois(self, tache: Tache, instant: float) -> tuple[datetime | None, float]:
        signe, depuis = self._vues.get(tache.pk, (None, instant))
        return (signe, depuis) if signe == tache.started_at else (tache.started_at, instant)
