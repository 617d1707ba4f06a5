"""La vie d'un lot d'import : déposer, analyser, corriger, publier, prévenir, annuler la publication, renoncer."""

from factures.services.lots.analyse import analyser, reprendre
from factures.services.lots.avis import a_prevenir, lacher_les_avis, prevenir
from factures.services.lots.depot import DejaDepose, ServiceFerme, deposer
from factures.services.lots.depots_surveilles import dossier_de, relever_les_depots
from factures.services.lots.etapes import LotIndisponible
from factures.services.lots.lignes_a_corriger import (
    corriger,
    exporter_les_lignes_a_corriger,
    lire_les_corrections,
    trancher,
)
from factures.services.lots.preparation import relier
from factures.services.lots.programme import demander_la_publication, deprogrammer, publier_les_dus
from factures.services.lots.publication import PublicationImpossible, publier
from factures.services.lots.relances import relancer, revoir_les_colonnes
from factures.services.lots.retention import effacer_les_vieux
from factures.services.lots.retrait import AnnulationImpossible, annuler_publication, renoncer

__all__ = [
    "AnnulationImpossible",
    "DejaDepose",
    "LotIndisponible",
    "PublicationImpossible",
    "ServiceFerme",
    "a_prevenir",
    "analyser",
    "annuler_publication",
    "corriger",
    "demander_la_publication",
    "deposer",
    "deprogrammer",
    "dossier_de",
    "effacer_les_vieux",
    "exporter_les_lignes_a_corriger",
    "lacher_les_avis",
    "lire_les_corrections",
    "prevenir",
    "publier",
    "publier_les_dus",
    "relancer",
    "relever_les_depots",
    "relier",
    "renoncer",
    "reprendre",
    "revoir_les_colonnes",
    "trancher",
]
