"""Les communes et leurs services."""

import re
from datetime import date, datetime
from typing import Self
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portail.couleurs import CONTRASTE_MINIMAL, contraste, est_hexadecimale
from portail.models.mentions import Mentions
from portail.models.moyens import MoyensHorsLigne
from portail.models.suspension import Suspension

LIEN = RegexValidator(r"^[A-Z][0-9]{9}$", _("Un code LIEN est une lettre majuscule suivie de neuf chiffres."))

_ADRESSE = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")


def valider_couleur(couleur: str) -> None:
    """Refuse ce qui n'est pas ``#rrggbb``, ou qui ne se lirait pas en texte sur fond blanc."""
    if not est_hexadecimale(couleur):
        raise ValidationError(gettext("Écrivez la couleur sous la forme #1f5c99."))
    if contraste(couleur, "#ffffff") < CONTRASTE_MINIMAL:
        raise ValidationError(gettext("Cette couleur est trop claire : un texte blanc dessus serait illisible."))


def valider_adresse(adresse: str) -> None:
    """Refuse ce qui n'est pas exactement ``http(s)://hote[:port]``."""
    if _ADRESSE.fullmatch(adresse) is None:
        raise ValidationError(gettext("Écrivez l'adresse sous la forme https://factures.exemple.fr, sans rien après."))


class Collectivite(Mentions):
    """Une commune. Tout ce qui lui appartient porte sa clé."""

    nom = models.CharField(_("nom"), max_length=120, help_text=_("« Ville de Boé »"))
    lien = models.CharField(_("code LIEN"), max_length=10, unique=True, validators=[LIEN])
    adresse = models.CharField(
        _("adresse publique"),
        max_length=200,
        validators=[valider_adresse],
        help_text=_("Celle des liens envoyés par courriel et à PayFiP, jamais déduite de la requête."),
    )
    par_defaut = models.BooleanField(_("commune par défaut des adresses partagées"), default=False)
    telephone = models.CharField(_("téléphone"), max_length=30)
    horaires = models.CharField(_("horaires"), max_length=200)
    couleur = models.CharField(_("couleur"), max_length=7, default="#1f5c99", validators=[valider_couleur])
    logo = models.ImageField(_("logo"), upload_to="logos", blank=True)
    fuseau = models.CharField(_("fuseau horaire"), max_length=40, default="Europe/Paris")
    # Vide : en préparation, les habitants n'entrent pas encore. Rien ne l'y ramène.
    ouverte_le = models.DateTimeField(_("ouverte aux habitants le"), null=True, editable=False)
    # Change avec les annonces, que chaque visite n'a ainsi pas à relire ; vide si la commune n'en a jamais fait.
    annonces_version = models.UUIDField(_("version des annonces"), null=True, editable=False)

    class Meta:
        verbose_name = _("collectivité")
        verbose_name_plural = _("collectivités")
        ordering = ("nom",)
        constraints = (
            models.UniqueConstraint(
                fields=("par_defaut",), condition=Q(par_defaut=True), name="une_seule_collectivite_par_defaut"
            ),
            # Le contraste, que la base ne sait pas calculer, est vérifié à la saisie et dans la feuille de style.
            models.CheckConstraint(
                condition=Q(couleur__regex=r"^#[0-9a-fA-F]{6}\Z"), name="collectivite_couleur_hexadecimale"
            ),
            *Mentions.Meta.constraints,
        )

    def __str__(self) -> str:
        return self.nom

    def aujourd_hui(self) -> date:
        """La date du jour dans le fuseau de la commune."""
        return self.jour_de(timezone.now())

    def jour_de(self, instant: datetime) -> date:
        """La date qu'il était alors dans la commune."""
        return instant.astimezone(ZoneInfo(self.fuseau)).date()

    @property
    def est_ouverte(self) -> bool:
        """Vrai une fois le portail ouvert aux habitants."""
        return self.ouverte_le is not None


class Hote(models.Model):
    """Un nom d'hôte réservé à une commune ; tout autre hôte est partagé (HOTES_PARTAGES) ou refusé."""

    collectivite = models.ForeignKey(Collectivite, models.CASCADE, related_name="hotes")
    nom = models.CharField(_("nom d'hôte, sans port"), max_length=200, unique=True)

    class Meta:
        verbose_name = _("hôte")
        verbose_name_plural = _("hôtes")

    def __str__(self) -> str:
        return self.nom


class ModeRegie(models.TextChoices):
    """Qui recouvre, et donc le transport, les recours et les mots du document."""

    REGIE = "regie", _("régie de recettes")
    TITRE = "titre", _("titre de recettes")
    ROLE = "role", _("rôle")


class RegieQuerySet(models.QuerySet["Regie"]):
    """Les services d'une commune."""

    def ouvertes(self) -> Self:
        """Celles qui facturent encore."""
        return self.filter(fermee_le=None)


class Regie(Suspension, MoyensHorsLigne):
    """Un service qui facture (« Service » pour les personnes) : eau, restauration scolaire, crèche…

    Fermé, il ne reçoit plus de factures ; celles qu'il a restent lisibles, et payables.
    """

    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="regies")
    code = models.SlugField(_("code"), max_length=20)
    libelle = models.CharField(_("service"), max_length=80)
    mode = models.CharField(_("mode"), max_length=5, choices=ModeRegie, default=ModeRegie.REGIE)
    fermee_le = models.DateTimeField(_("fermé le"), null=True, editable=False)

    objects = RegieQuerySet.as_manager()

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")
        ordering = ("libelle",)
        constraints = (
            models.UniqueConstraint(fields=("collectivite", "code"), name="regie_code_unique_par_collectivite"),
            *Suspension.Meta.constraints,
            *MoyensHorsLigne.Meta.constraints,
        )

    def __str__(self) -> str:
        return self.libelle
