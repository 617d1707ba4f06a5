"""Le travail pour plus tard, lancé par son nom, et la mise en file des tâches périodiques."""

import time
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from portail.models import Tic
from portail.registre import periodiques


def lancer(nom: str, *, dans: timedelta | None = None, **arguments: Any) -> None:
    """Met en file la tâche de nom pointé ``nom``, au plus tôt ``dans`` ce délai ; avec la transaction, ou pas du tout.

    Les arguments sont du JSON. Une tâche peut être exécutée deux fois : elle est toujours idempotente.
    """
    tache = import_string(nom)
    if dans is not None:
        tache = tache.using(run_after=timezone.now() + dans)
    tache.enqueue(**arguments)


_progres = {"instant": time.monotonic()}


def progresser(*, pour: float = 0) -> None:
    """Une tâche longue l'appelle à chaque étape : sans progrès, l'ouvrier la croirait bloquée et se tuerait.

    ``pour`` : les secondes que peut durer l'étape qui commence, si aucune ne la coupe.
    """
    _progres["instant"] = time.monotonic() + pour


def inertie() -> float:
    """Les secondes écoulées depuis le dernier progrès de la tâche en cours."""
    return time.monotonic() - _progres["instant"]


def planifier(maintenant: float | None = None) -> list[str]:
    """Met en file chaque tâche périodique due, une seule fois par période ; rend le nom de celles-ci."""
    instant = time.time() if maintenant is None else maintenant
    return [p.tache for p in periodiques() if _prendre(p.tache, rang=_debut_de_periode(instant, p.secondes()))]


def _debut_de_periode(instant: float, secondes: int) -> int:
    # En secondes et non en numéro de période : changer la période ne doit pas faire reculer le rang.
    return int(instant // secondes) * secondes


def _prendre(tache: str, *, rang: int) -> bool:
    """Vrai pour l'unique planificateur qui met cette période en file."""
    if Tic.objects.filter(tache=tache, rang__gte=rang).exists():
        return False
    try:
        with transaction.atomic():
            Tic.objects.create(tache=tache, rang=rang)
            Tic.objects.filter(tache=tache, rang__lt=rang).delete()
            lancer(tache)
    except IntegrityError:
        return False
    return True
