"""La feuille de style d'une commune : une couleur vérifiée, et rien d'autre."""

from hashlib import sha256

from portail.models import Collectivite, valider_couleur


def feuille(collectivite: Collectivite) -> str:
    """Le CSS de la commune. ValidationError si la couleur a échappé au contrôle à la saisie."""
    valider_couleur(collectivite.couleur)
    return f":root {{ --couleur-commune: {collectivite.couleur}; }}\n"


def empreinte(collectivite: Collectivite) -> str:
    """Change quand la feuille change, pour que les navigateurs la gardent un an."""
    return sha256(feuille(collectivite).encode()).hexdigest()[:12]
