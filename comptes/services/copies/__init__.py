"""La copie qu'une personne demande de ses données (docs/adr/029)."""

from comptes.services.copies.composition import avancer
from comptes.services.copies.courriel import COPIE_PRETE
from comptes.services.copies.demande import copie_de, demander_une_copie, emporter
from comptes.services.copies.menage import effacer_les_copies
from comptes.services.copies.rubriques import RUBRIQUES

__all__ = [
    "COPIE_PRETE",
    "RUBRIQUES",
    "avancer",
    "copie_de",
    "demander_une_copie",
    "effacer_les_copies",
    "emporter",
]
