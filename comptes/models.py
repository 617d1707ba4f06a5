"""Les personnes qui se connectent, les comptes clients des logiciels de facturation, et ce qui les relie."""

import unicodedata
import uuid
from typing import Any, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portail.models import Collectivite


def normaliser_courriel(courriel: str) -> str:
    """La forme unique d'une adresse : NFKC, minuscules, sans espace autour ni point final.

    Deux personnes ne doivent pas pouvoir ouvrir deux comptes avec la même boîte aux lettres.
    """
    return unicodedata.normalize("NFKC", courriel).strip().rstrip(".").lower()


class UsagerManager(BaseUserManager["Usager"]):
    """Crée des comptes dont l'adresse est toujours sous sa forme unique."""

    def create_user(self, email: str, password: str | None = None, **champs: Any) -> "Usager":
        """Un compte ; sans mot de passe, personne ne peut s'y connecter."""
        usager = self.model(email=normaliser_courriel(email), **champs)
        usager.set_password(password)
        usager.save(using=self._db)
        return usager

    def create_superuser(self, email: str, password: str | None = None, **champs: Any) -> "Usager":
        """L'exploitant de l'installation."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **champs)

    def get_by_natural_key(self, username: str | None) -> "Usager":
        return self.get(email=normaliser_courriel(username or ""))


class Usager(AbstractBaseUser, PermissionsMixin):
    """Un compte : une adresse sur toute l'installation, quelle que soit la commune."""

    email = models.EmailField(_("adresse mail"), unique=True)
    civilite = models.CharField(_("civilité"), max_length=20, blank=True)
    nom = models.CharField(_("nom"), max_length=80)
    prenom = models.CharField(_("prénom"), max_length=80, blank=True)
    is_staff = models.BooleanField(_("agent"), default=False)
    is_active = models.BooleanField(_("actif"), default=True)
    cree_le = models.DateTimeField(_("créé le"), default=timezone.now, editable=False)

    objects = UsagerManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["nom"]

    class Meta:
        verbose_name = _("usager")
        verbose_name_plural = _("usagers")
        constraints = (
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="usager_courriel_en_minuscules"),
        )

    def __str__(self) -> str:
        return self.get_full_name()

    def clean(self) -> None:
        self.email = normaliser_courriel(self.email)

    def get_full_name(self) -> str:
        """« Test SISTEC560 », comme dans la navigation."""
        return f"{self.prenom} {self.nom}".strip()

    def get_short_name(self) -> str:
        return self.prenom or self.nom


class ModeEnvoi(models.TextChoices):
    """Le papier est la règle ; l'électronique ne vient que d'un acte de la personne."""

    PAPIER = "papier", _("papier")
    ELECTRONIQUE = "electronique", _("électronique")


class RedevableQuerySet(models.QuerySet["Redevable"]):
    """Les comptes clients, vus par une personne."""

    def de(self, usager: Usager, *, chez: Collectivite) -> Self:
        """Ceux qui sont rattachés à cette personne dans cette commune."""
        return self.filter(collectivite=chez, rattachements__usager=usager)


class Redevable(models.Model):
    """Un compte client d'un logiciel de facturation d'une commune."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="redevables")
    source = models.CharField(_("logiciel d'origine"), max_length=20)
    code = models.CharField(_("code client"), max_length=40)
    civilite = models.CharField(_("civilité"), max_length=20, blank=True)
    nom = models.CharField(_("nom"), max_length=80)
    prenom = models.CharField(_("prénom"), max_length=80, blank=True)
    adresse = models.TextField(_("adresse"), max_length=200, blank=True)
    code_postal = models.CharField(_("code postal"), max_length=10, blank=True)
    ville = models.CharField(_("ville"), max_length=80, blank=True)
    courriel = models.EmailField(_("adresse mail connue du service"), blank=True)
    mode_envoi = models.CharField(_("mode d'envoi"), max_length=12, choices=ModeEnvoi, default=ModeEnvoi.PAPIER)

    objects = RedevableQuerySet.as_manager()

    class Meta:
        verbose_name = _("redevable")
        verbose_name_plural = _("redevables")
        constraints = (
            models.UniqueConstraint(fields=("collectivite", "source", "code"), name="redevable_code_unique_par_source"),
        )

    def __str__(self) -> str:
        return f"{self.nom_complet} ({self.source} {self.code})"

    @property
    def nom_complet(self) -> str:
        """« Madame SISTEC560 Test », comme sur un courrier."""
        return " ".join(filter(None, (self.civilite, self.nom, self.prenom)))


class Rattachement(models.Model):
    """Cette personne lit et paie les factures de ce redevable, dans la commune de celui-ci seulement."""

    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="rattachements")
    usager = models.ForeignKey(Usager, models.CASCADE, related_name="rattachements")
    redevable = models.ForeignKey(Redevable, models.PROTECT, related_name="rattachements")
    cree_le = models.DateTimeField(_("créé le"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("rattachement")
        verbose_name_plural = _("rattachements")
        constraints = (models.UniqueConstraint(fields=("usager", "redevable"), name="rattachement_unique"),)

    def __str__(self) -> str:
        return f"{self.usager} → {self.redevable}"
