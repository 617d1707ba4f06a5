# ruff: noqa: E402  # Django se prépare avant que ses modèles ne s'importent
"""``python -m tests.factures.coupure LOT [ORDRE]`` : mène un lot à sa publication, et se tue avant l'ordre SQL ORDRE.

Sans ORDRE, va au bout et dit combien d'ordres il a fallu.
"""

import os
import signal
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portail.settings_test")
django.setup()

from django.db import connection

from factures.models import LotImport
from factures.services import lots
from factures.services.lots import analyse, publication

analyse.PAR_PAQUET, publication.PAR_TRANCHE = 10, 12


def main(lot: int, mort: int = 0) -> None:
    executes = 0

    def compter(execute, sql, params, many, context):
        nonlocal executes
        executes += 1
        if executes == mort:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(compter):
        a_faire = LotImport.objects.get(pk=lot)
        if a_faire.etat in {"depose", "en-analyse"}:
            lots.analyser(lot=a_faire)
        lots.publier(lot=a_faire)
    print(executes)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
