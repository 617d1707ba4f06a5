"""Cent mille factures exportées par la vraie vue, dans chaque format : le temps, et la mémoire prise."""

import os
import time

from bancs import requetes
from bancs.serveur import memoire_mo
from factures.models import Facture
from factures.services.peuplement import peupler
from paiement_tipi.management.demo import MOT_DE_PASSE
from portail.gestion import exports
from portail.models import Collectivite
from portail.tableur import FORMATS

AGENT = "agent@demo.example"
LISTE = "/gestion/factures/facture/exporter/"


def mesurer_les_exports() -> dict[str, dict[str, float]]:
    """Les figures de ``export_csv``, ``export_xlsx`` et ``export_ods``."""
    commune = Collectivite.objects.get(par_defaut=True)
    peupler(collectivite=commune, factures=exports.PLAFOND - Facture.objects.filter(collectivite=commune).count())
    visiteur = requetes.client(AGENT, MOT_DE_PASSE)
    figures = {}
    for nom in FORMATS:
        avant, debut = memoire_mo(os.getpid()), time.perf_counter()
        reponse = visiteur.post(LISTE, {"format": nom})
        octets = sum(map(len, reponse.streaming_content))
        figures[f"export_{nom}"] = {
            "secondes": time.perf_counter() - debut,
            "rss_mo": memoire_mo(os.getpid()),
            "mo_de_plus": memoire_mo(os.getpid()) - avant,
            "octets": octets,
        }
    return figures
