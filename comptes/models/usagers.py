"""Les personnes qui se connectent."""

import unicodedata
from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comptes.models.noms import IndexDeMots, Mots, NomsField
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
    courriel_confirme_le = models.DateTimeField(
        _("adresse mail confirmée le"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("La dernière fois qu'un lien reçu à cette adresse a servi ; vide tant que rien ne la prouve."),
    )

    # La fin d'un compte (docs/adr/030) : l'avis qui l'annonce, puis le jour où il ne dit plus rien de personne.
    prevenu_le = models.DateTimeField(_("prévenu de sa fermeture le"), null=True, blank=True, editable=False)
    ferme_le = models.DateTimeField(_("fermé pour de bon le"), null=True, blank=True, editable=False)

    noms = NomsField(editable=False)

    objects = UsagerManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["nom"]

    class Meta:
        verbose_name = _("usager")
        verbose_name_plural = _("usagers")
        constraints = (
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="usager_courriel_en_minuscules"),
            models.CheckConstraint(condition=Q(ferme_le=None) | Q(is_active=False), name="usager_ferme_n_entre_plus"),
        )
        indexes = (IndexDeMots(Mots("noms"), name="usager_par_noms"),)

    def __str__(self) -> str:
        return self.get_full_name()

    def clean(self) -> None:
        self.email = normaliser_courriel(self.email)

    def commune_pres_de(self, demandee: Collectivite) -> Collectivite:
        """``demandee``, sauf si cette personne n'a affaire qu'à d'autres communes : alors la première de celles-ci."""
        a_affaire = Q(rattachements__usager=self) | Q(affectations__usager=self)
        siennes = list(Collectivite.objects.filter(a_affaire).distinct())
        return demandee if not siennes or demandee in siennes else siennes[0]

    @property
    def vu_le(self) -> datetime | None:
        """Son dernier signe : une connexion, ou un lien reçu à son adresse ; aucun tant qu'il n'a pas servi."""
        return max(filter(None, (self.last_login, self.courriel_confirme_le)), default=None)

    def get_full_name(self) -> str:
        """« Test SISTEC560 », comme dans la navigation."""
        return f"{self.prenom} {self.nom}".strip()

    @property
    def nom_avec_civilite(self) -> str:
        """« Madame Test SISTEC560 », pour parler d'elle."""
        return f"{self.civilite} {self}".strip()

    @property
    def nom_complet(self) -> str:
        """« Madame SISTEC560 Test », comme sur un courrier."""
        return " ".join(filter(None, (self.civilite, self.nom, self.prenom)))

    def get_short_name(self) -> str:
        return self.prenom or self.nom
