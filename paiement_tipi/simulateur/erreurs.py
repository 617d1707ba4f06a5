"""Les pages que le simulateur refuse de montrer, et ce qu'il en dit : ces phrases sont les nôtres."""

from collections.abc import Mapping
from enum import Enum, auto
from http import HTTPStatus

from paiement_tipi.simulateur.operations import Operation


class Erreur(Enum):
    """Pourquoi une page n'est pas montrée."""

    INCONNUE = auto()
    DEJA_OUVERTE = auto()
    EXPIREE = auto()
    ETAPE = auto()
    INTROUVABLE = auto()
    METHODE = auto()
    REQUETE = auto()
    DEMANDE = auto()
    TITRE_INCONNU = auto()
    TITRE_NON_CHARGE = auto()
    TITRE_PAYE = auto()
    TITRE_HORS_PERIODE = auto()
    TITRE_MONTANT = auto()
    MAINTENANCE = auto()
    ORIGINE = auto()
    TYPE = auto()


RECOMMENCER = "Pour payer, recommencez depuis le site de votre service."
VERIFIER = "Vérifiez la référence et le montant de votre avis."
DELAIS = "15 minutes pour choisir un moyen de paiement, deux heures pour finir"
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
        f"Cette opération a été demandée il y a trop longtemps : {DELAIS}. {RECOMMENCER}",
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
    Erreur.DEMANDE: (
        HTTPStatus.BAD_REQUEST,
        "Demande de paiement refusée",
        f"La demande du site n'est pas conforme. {RECOMMENCER}",
    ),
    Erreur.TITRE_INCONNU: (
        HTTPStatus.NOT_FOUND,
        "Dette inconnue",
        f"Cette référence n'est celle d'aucune dette payable en ligne. {VERIFIER}",
    ),
    Erreur.TITRE_NON_CHARGE: (
        HTTPStatus.NOT_FOUND,
        "Dette pas encore payable en ligne",
        "Une dette se paie en ligne le lendemain de sa prise en charge par le comptable. Réessayez demain.",
    ),
    Erreur.TITRE_PAYE: (
        HTTPStatus.CONFLICT,
        "Dette déjà payée en ligne",
        "Cette dette a déjà été payée en ligne : il n'y a rien de plus à faire.",
    ),
    Erreur.TITRE_HORS_PERIODE: (
        HTTPStatus.GONE,
        "Dette hors de sa période de paiement en ligne",
        "Cette dette ne se paie pas en ligne aujourd'hui. Adressez-vous au centre des finances publiques.",
    ),
    Erreur.TITRE_MONTANT: (
        HTTPStatus.BAD_REQUEST,
        "Montant différent de celui de la dette",
        f"Une dette se paie en une fois, pour son montant exact. {VERIFIER}",
    ),
    Erreur.MAINTENANCE: (
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Service en maintenance",
        "Le paiement en ligne est fermé pour le moment. Réessayez plus tard.",
    ),
    Erreur.ORIGINE: (
        HTTPStatus.FORBIDDEN,
        "Formulaire refusé",
        "Ce formulaire ne s'envoie que depuis la page d'accueil du simulateur.",
    ),
    Erreur.TYPE: (
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "Formulaire refusé",
        "Le simulateur attend ici un formulaire.",
    ),
}


class PageRefuseeError(Exception):
    """La page demandée ne peut pas être montrée ; `erreur` dit pourquoi, `precision` le dit mieux encore."""

    def __init__(self, erreur: Erreur, operation: Operation | None = None, precision: str = "") -> None:
        super().__init__(erreur)
        self.erreur = erreur
        self.operation = operation
        self.precision = precision
