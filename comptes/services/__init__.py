"""Ce qui ouvre un compte et dit qui lit quoi ; chaque service qui écrit est une transaction."""

from comptes.services.activation import activer, demander, oublier, ouvrir, retrouver
from comptes.services.codes import PAR_LOT, CodeEmis, LotTropGrand, emettre, reconnaitre
from comptes.services.courriels import ACTIVATION
from comptes.services.impression import exporter_codes, imprimer_codes
from comptes.services.rattachements import (
    detacher,
    nommer,
    rattacher,
    rattacher_par_code,
    retablir_rattachement,
    suspendre_rattachement,
)

__all__ = [
    "ACTIVATION",
    "PAR_LOT",
    "CodeEmis",
    "LotTropGrand",
    "activer",
    "demander",
    "detacher",
    "emettre",
    "exporter_codes",
    "imprimer_codes",
    "nommer",
    "oublier",
    "ouvrir",
    "rattacher",
    "rattacher_par_code",
    "reconnaitre",
    "retablir_rattachement",
    "retrouver",
    "suspendre_rattachement",
]
