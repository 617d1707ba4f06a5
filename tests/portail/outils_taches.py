"""Des tâches d'essai, et de vrais ouvriers dans leur propre processus, sur la base du test."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch
from urllib.parse import quote

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from django_tasks import task
from django_tasks_db.management.commands import db_worker
from django_tasks_db.models import DBTaskResult

from portail.journal import noter
from portail.models import Tic

RACINE = Path(__file__).resolve().parents[2]


@task()
def reussir() -> None:
    noter("essai.reussi", sur=Tic(pk=1))


@task()
def echouer() -> None:
    raise ZeroDivisionError("secret")


@task()
def durer() -> None:
    """Tant que son pouls n'a pas battu."""
    [depart] = DBTaskResult.objects.running().values_list("started_at", flat=True)
    attendre(lambda: DBTaskResult.objects.get().started_at != depart)


@task()
def se_bloquer() -> None:
    threading.Event().wait()


@task()
def tuer() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def vider() -> None:
    """L'ouvrier, dans ce processus, jusqu'à la dernière tâche prête."""
    # Django la fermerait : la transaction du test la tient.
    with sans_signaux(), patch.object(db_worker, "close_old_connections"):
        call_command("ouvrier", "--vider")


@contextmanager
def sans_signaux() -> Iterator[None]:
    """L'ouvrier prend SIGTERM pour lui : le processus des tests doit le retrouver."""
    gardes = {signe: signal.getsignal(signe) for signe in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)}
    try:
        yield
    finally:
        for signe, avant in gardes.items():
            signal.signal(signe, avant)


def attendre(condition: Callable[[], bool], secondes: float = 30) -> None:
    limite = time.monotonic() + secondes
    while not condition():
        assert time.monotonic() < limite, "trop long"
        threading.Event().wait(0.02)


def url_de_la_base() -> str:
    """Celle de la base de ce test, pour un autre processus."""
    base = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{base['NAME']}"
    acces = f"{base['USER']}:{base['PASSWORD']}".rstrip(":")
    port = f":{base['PORT']}" if base["PORT"] else ""
    return f"postgresql://{acces}@{quote(base['HOST'], safe='')}{port}/{base['NAME']}"


@contextmanager
def ouvrier(*arguments: str, prealable: str = "", **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Un ouvrier dans son processus ; ``prealable`` : du Python à exécuter avant lui."""
    code = f"import django; django.setup(); {prealable}\nfrom django.core.management import call_command\n"
    environnement = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "portail.settings_test",
        "DATABASE_URL": url_de_la_base(),
        "DONNEES": str(settings.DONNEES),
        "PYTHONPATH": f"{RACINE}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
        **variables,
    }
    processus = subprocess.Popen(
        [sys.executable, "-c", f"{code}call_command('ouvrier', *{arguments!r})"],
        cwd=RACINE,
        env=environnement,
        stderr=subprocess.PIPE,
        text=True,
    )
    with processus:
        try:
            yield processus
        finally:
            processus.kill()


def maintenant_tout_est_du() -> None:
    """Comme si le temps avait passé."""
    DBTaskResult.objects.filter(run_after__year__lt=9999).update(run_after=timezone.now())
