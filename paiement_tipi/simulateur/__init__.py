"""Un PayFiP simulé, dans son propre processus : il ne partage rien avec le portail (design.md §5.6)."""

from paiement_tipi.simulateur.serveur import ServeurSimulateur, creer_serveur

__all__ = ["ServeurSimulateur", "creer_serveur"]
