"""Les modèles des comptes ; les requêtes sont au-dessus du leur."""

from comptes.models.redevables import ModeEnvoi, Rattachement, Redevable, RedevableQuerySet
from comptes.models.usagers import Usager, UsagerManager, normaliser_courriel

__all__ = [
    "ModeEnvoi",
    "Rattachement",
    "Redevable",
    "RedevableQuerySet",
    "Usager",
    "UsagerManager",
    "normaliser_courriel",
]
