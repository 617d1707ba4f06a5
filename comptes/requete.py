"""Le type d'une requête dont la personne est connectée (aucun code : la connexion est exigée par défaut)."""

from comptes.models import Usager, Visite
from portail.requete import RequeteCollectivite


class RequeteUsager(RequeteCollectivite):
    """Une requête derrière la connexion."""

    user: Usager
    visite: Visite | None  # celle de l'agent qui voit comme ``user``
