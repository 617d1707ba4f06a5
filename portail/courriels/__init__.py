"""Les courriels : déposés avec l'acte qui les veut, composés et envoyés par l'ouvrier (docs/adr/009).

Les mots qu'une commune y met : ``textes`` (docs/adr/019).
"""

from portail.courriels.depot import Lettre, deposer, deposer_tous, oublier, relancer
from portail.courriels.envoi import envoyer
from portail.courriels.textes import changer_les_mots, essayer

__all__ = [
    "Lettre",
    "changer_les_mots",
    "deposer",
    "deposer_tous",
    "envoyer",
    "essayer",
    "oublier",
    "relancer",
]
