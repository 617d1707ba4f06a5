"""Les pages que le simulateur refuse de montrer, et ce qu'il en dit : ces phrases sont les nôtres."""

from collections.abc import Mapping
from enum import Enum, auto
from http import HTTPStatus


class Erreur(Enum):
    """Pourquoi une page n'est pas montrée."""

    INCONNUE = auto()
    DEJA_OUVERTE = auto()
    EXPIREE = auto()
    ETAPE = auto()
    INTROUVABLE = auto()
    METHODE = auto()
    REQUETE = auto()


RECOMMENCER = "Pour payer, recommencez depuis le site de votre service."
EXPLICATIONS: Mapping[Erreur, tuple[HTTPStatus, str, str]] = {
    Erreur.INCONNUE: (
        HTTPStatus.NOT_FOUND,
        "Opération de paiement inconnue",
        f"Cette opération n'existe pas, ou elle n'est plus conservée. {RECOMMENCER}",
    ),
    Erreur.DEJA_OUVERTE: (
        HTTPStatus.CONFLICT,
        "Lien de paiement déjà utilisé",
        f"Cette page ne s'ouvre qu'une seule fois. {RECOMMENCER}",
    ),
    Erreur.EXPIREE: (
        HTTPStatus.GONE,
        "Lien de paiement expiré",
        f"Cette opération a été demandée il y a plus de 15 minutes. {RECOMMENCER}",
    ),
    Erreur.ETAPE: (
        HTTPStatus.BAD_REQUEST,
        "Étape de paiement inattendue",
        f"Le choix reçu n'est pas possible à cette étape. {RECOMMENCER}",
    ),
    Erreur.INTROUVABLE: (
        HTTPStatus.NOT_FOUND,
        "Page introuvable",
        "Cette adresse n'existe pas dans le simulateur.",
    ),
    Erreur.METHODE: (
        HTTPStatus.METHOD_NOT_ALLOWED,
        "Méthode refusée",
        "Cette adresse existe, mais ne répond pas à cette méthode HTTP.",
    ),
    Erreur.REQUETE: (
        HTTPStatus.BAD_REQUEST,
        "Requête refusée",
        "Le simulateur n'a pas pu lire cette requête.",
    ),
}
