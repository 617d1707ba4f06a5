"""La vie d'un courriel en file ; où en sont une suspension et une annonce."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class EtatCourriel(models.TextChoices):
    """Le serveur de courriel a accepté, refusé, ou n'a pas encore répondu."""

    A_ENVOYER = "a-envoyer", _("à envoyer")
    ENVOYE = "envoye", _("accepté par le serveur de courriel")
    SANS_OBJET = "sans-objet", _("devenu sans objet")  # au moment d'écrire, il n'y avait plus rien à dire
    REFUSE = "refuse", _("refusé")  # une adresse dont le serveur ne veut pas : réessayer n'y changerait rien
    ABANDONNE = "abandonne", _("abandonné après trop d'essais")


E = EtatCourriel
MORTS = frozenset({E.REFUSE, E.ABANDONNE})

# Seul un agent fait repartir un courriel mort (``courriels.relancer``).
TRANSITIONS: dict[EtatCourriel, frozenset[EtatCourriel]] = {
    E.A_ENVOYER: frozenset({E.ENVOYE, E.SANS_OBJET, E.REFUSE, E.ABANDONNE}),
    E.ENVOYE: frozenset(),
    E.SANS_OBJET: frozenset(),
    E.REFUSE: frozenset({E.A_ENVOYER}),
    E.ABANDONNE: frozenset({E.A_ENVOYER}),
}


def sources(vers: EtatCourriel) -> list[EtatCourriel]:
    """Les états d'où l'on peut passer à ``vers``."""
    return [etat for etat, suivants in TRANSITIONS.items() if vers in suivants]


class EtatSuspension(models.TextChoices):
    """Où en est le paiement en ligne d'un service, à un instant."""

    AUCUNE = "aucune", _("en marche")
    PROGRAMMEE = "programmee", _("suspension programmée")
    EN_COURS = "en-cours", _("suspendu")


class EtatAnnonce(models.TextChoices):
    """Où en est une annonce, à un instant."""

    PROGRAMMEE = "programmee", _("programmée")
    EN_LIGNE = "en-ligne", _("en ligne")
    TERMINEE = "terminee", _("terminée")
    RETIREE = "retiree", _("retirée")
