"""Les états d'un rattachement, les fins d'un compte et celles d'une visite."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class EtatRattachement(models.TextChoices):
    """Seul un rattachement actif donne à voir quelque chose, dès la requête suivante."""

    ACTIF = "actif", _("actif")
    SUSPENDU = "suspendu", _("suspendu par le service")
    DETACHE = "detache", _("détaché par la personne")


# Détacher ne fait pas sortir d'une suspension : seul le service la lève.
TRANSITIONS: dict[EtatRattachement, frozenset[EtatRattachement]] = {
    EtatRattachement.ACTIF: frozenset({EtatRattachement.SUSPENDU, EtatRattachement.DETACHE}),
    EtatRattachement.SUSPENDU: frozenset({EtatRattachement.ACTIF}),
    EtatRattachement.DETACHE: frozenset({EtatRattachement.ACTIF}),
}


def sources(vers: EtatRattachement) -> list[EtatRattachement]:
    """Les états d'où l'on peut passer à celui-ci."""
    return [etat for etat, suivants in TRANSITIONS.items() if vers in suivants]


class Cause(models.TextChoices):
    """Pourquoi un compte se ferme pour de bon."""

    PERSONNE = "personne", _("demandée par la personne")
    INACTIVITE = "inactivite", _("sans connexion depuis deux ans")
    EXPLOITANT = "exploitant", _("par l'exploitant")
    REJEU = "rejeu", _("refaite après une restauration")


class FinDeVisite(models.TextChoices):
    """Pourquoi un agent ne voit plus le portail comme un habitant."""

    QUITTEE = "quittee", _("quittée")
    DUREE = "duree", _("durée passée")
    DROIT = "droit", _("accès de l'agent changé")
    DECONNEXION = "deconnexion", _("agent déconnecté")
