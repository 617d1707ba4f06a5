"""La vie d'un lot d'import : déposer, analyser, publier, annuler la publication, renoncer."""

from factures.services.lots.analyse import analyser, reprendre
from factures.services.lots.depot import DejaDepose, deposer
from factures.services.lots.etapes import LotIndisponible
from factures.services.lots.publication import PublicationImpossible, publier
from factures.services.lots.retrait import AnnulationImpossible, annuler_publication, renoncer

__all__ = [
    "AnnulationImpossible",
    "DejaDepose",
    "LotIndisponible",
    "PublicationImpossible",
    "analyser",
    "annuler_publication",
    "deposer",
    "publier",
    "renoncer",
    "reprendre",
]
