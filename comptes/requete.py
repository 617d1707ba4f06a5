"""Le type d'une requête dont la personne est connectée (aucun code : la connexion est exigée par défaut)."""

from comptes.models import Usager
from portail.requete import RequeteCollectivite


class RequeteUsager(RequeteCollectivite):
    """Une requête derrière la connexion."""

    user: Usager
