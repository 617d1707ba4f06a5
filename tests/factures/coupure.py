# ruff: noqa: E402  # Django se prépare avant que ses modèles ne s'importent
"""``python -m tests.factures.coupure LOT [ORDRE]`` : mène un lot jusqu'aux avis, et se tue avant l'ordre SQL ORDRE.

Sans ORDRE, va au bout et dit combien d'ordres il a fallu ; « -1 » : meurt sitôt publié, avant tout avis.
"""

import os
import signal
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portail.settings_test")
django.setup()

from django.db import connection

from factures import tasks
from factures.etats import Avis
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
        tasks.analyser_lot.func(lot)
        a_publier = LotImport.objects.get(pk=lot)
        if a_publier.etat == "a-verifier":
            lots.demander_la_publication(lot=a_publier, avis=Avis.ENVOYES)
        tasks.publier_lot.func(lot)
        if mort < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        tasks.prevenir_les_habitants.func(lot)
    print(executes)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
