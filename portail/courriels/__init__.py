"""Les courriels : déposés avec l'acte qui les veut, composés et envoyés par l'ouvrier (docs/adr/009)."""

from portail.courriels.depot import Lettre, deposer, deposer_tous, oublier, relancer
from portail.courriels.envoi import envoyer

__all__ = ["Lettre", "deposer", "deposer_tous", "envoyer", "oublier", "relancer"]
