"""Le fil d'une demande : des messages et leurs pièces, qui s'ajoutent sans jamais changer."""

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comptes.models import Usager
from contact.etats import Genre
from contact.models.demandes import Demande
from contact.pieces import DOSSIER, EXTENSIONS, NOM_MAXIMUM
from portail.bornes import SIGNES_PAR_MESSAGE
from portail.models import Collectivite


class MessageQuerySet(models.QuerySet["Message"]):
    """Le fil, avec ses pièces."""

    def fil(self) -> Self:
        """Dans l'ordre, pour les agents : les notes internes y sont."""
        return self.select_related("par").prefetch_related("pieces").order_by("pk")

    def pour_la_personne(self) -> Self:
        """Ce que la personne en lit."""
        return self.fil().exclude(genre=Genre.NOTE)


class Message(models.Model):
    """Ce qui a été dit ; ne change plus, et s'efface avec sa demande."""

    ajout_seul = True
    effacable = True

    demande = models.ForeignKey(Demande, models.CASCADE, related_name="messages")
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    genre = models.CharField(_("genre"), max_length=7, choices=Genre)
    par = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("de"))
    texte = models.TextField(_("message"), max_length=SIGNES_PAR_MESSAGE)
    cree_le = models.DateTimeField(_("le"), default=timezone.now, editable=False)
    # Le formulaire d'où il vient : envoyé deux fois, il ne s'écrit qu'une.
    formulaire = models.UUIDField(default=uuid.uuid4, editable=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(condition=Q(genre__in=Genre.values), name="message_genre_connu"),
            models.CheckConstraint(condition=~Q(texte=""), name="message_dit_quelque_chose"),
            models.UniqueConstraint(fields=("par", "formulaire"), name="message_un_par_formulaire"),
        )

    def __str__(self) -> str:
        return f"{self.get_genre_display()} · {self.cree_le:%Y-%m-%d %H:%M}"


class PieceJointeQuerySet(models.QuerySet["PieceJointe"]):
    """Les pièces, vues par l'auteur de la demande."""

    def de(self, usager: Usager, *, chez: Collectivite) -> Self:
        """Celles du fil de cette personne dans cette commune, notes internes exceptées."""
        sien = self.filter(message__demande__usager=usager, collectivite=chez)
        return sien.exclude(message__genre=Genre.NOTE)


def ranger(piece: "PieceJointe", _nom: str) -> str:
    """Sous un nom engendré : celui que la personne a donné n'est jamais un chemin."""
    return f"{DOSSIER}/{piece.uuid}.{EXTENSIONS[piece.genre]}"


class PieceJointe(models.Model):
    """Un fichier joint à un message, déjà vérifié ; son nom n'est que pour l'affichage."""

    ajout_seul = True
    effacable = True

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="pieces")
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    nom = models.CharField(_("nom"), max_length=NOM_MAXIMUM + 5)
    genre = models.CharField(_("genre"), max_length=20, choices=[(genre, genre) for genre in EXTENSIONS])
    taille = models.PositiveIntegerField(_("taille, en octets"))
    fichier = models.FileField(_("fichier"), upload_to=ranger)

    objects = PieceJointeQuerySet.as_manager()

    class Meta:
        verbose_name = _("pièce jointe")
        verbose_name_plural = _("pièces jointes")
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(condition=Q(genre__in=list(EXTENSIONS)), name="piece_jointe_genre_connu"),
        )

    def __str__(self) -> str:
        return self.nom
