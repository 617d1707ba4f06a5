"""La vie d'une demande : à qui est le tour de parler."""

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class EtatDemande(models.TextChoices):
    """Dans l'ordre où le service doit s'en occuper ; les mots sont ceux que lisent les agents."""

    NOUVELLE = "nouvelle", _("nouveau message")
    EN_COURS = "en-cours", _("en cours")
    REPONDUE = "repondue", _("répondue")
    CLOSE = "close", _("close")


class Genre(models.TextChoices):
    """Qui parle, et à qui : une note ne sort jamais du service."""

    USAGER = "usager", _("message de la personne")
    SERVICE = "service", _("réponse du service")
    NOTE = "note", _("note interne")


E = EtatDemande

# Un message de la personne rend toujours la demande nouvelle, même close ; une réponse du service attend la personne.
TRANSITIONS: dict[EtatDemande, frozenset[EtatDemande]] = {
    E.NOUVELLE: frozenset({E.NOUVELLE, E.EN_COURS, E.REPONDUE, E.CLOSE}),
    E.EN_COURS: frozenset({E.NOUVELLE, E.REPONDUE, E.CLOSE}),
    E.REPONDUE: frozenset({E.NOUVELLE, E.REPONDUE, E.CLOSE}),
    E.CLOSE: frozenset({E.NOUVELLE, E.EN_COURS, E.REPONDUE}),
}
# Ceux où le service doit une réponse.
ATTENDENT = (E.NOUVELLE, E.EN_COURS)

# Les mots que lit la personne.
POUR_LA_PERSONNE: dict[EtatDemande, Promise] = {
    E.NOUVELLE: _("Envoyée au service"),
    E.EN_COURS: _("En cours de traitement"),
    E.REPONDUE: _("Réponse reçue"),
    E.CLOSE: _("Terminée"),
}
