"""Les agents : qui travaille pour une commune, et ce qu'il peut y faire."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portail.models.communes import Collectivite


class Role(models.TextChoices):
    """Ce qu'un agent peut faire dans sa commune."""

    LECTURE = "lecture", _("lecture")
    FACTURATION = "facturation", _("facturation")
    RELATION = "relation", _("relation aux usagers")
    ADMINISTRATION = "administration", _("administration")
    EXPLOITANT = "exploitant", _("exploitant")


class AffectationQuerySet(models.QuerySet["Affectation"]):
    """Les agents qui peuvent agir."""

    def actives(self) -> Self:
        """Ni une invitation qui attend, ni un accès suspendu : elles seules ouvrent la gestion."""
        return self.filter(usager__isnull=False, suspendue_le=None)

    def administrateurs(self, chez: Collectivite) -> Self:
        """Ceux qui peuvent, aujourd'hui, nommer les agents de cette commune."""
        return self.actives().filter(collectivite=chez, role=Role.ADMINISTRATION, usager__is_active=True)


class Affectation(models.Model):
    """Un agent est un compte qui a une affectation ; il n'agit que dans cette commune.

    Tant qu'elle attend, une invitation n'a pas de compte : rien ne dit si l'adresse en a déjà un, ni à qui elle est.
    """

    usager = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="affectations", null=True, editable=False
    )
    collectivite = models.ForeignKey(Collectivite, models.CASCADE, related_name="affectations")
    role = models.CharField(_("rôle"), max_length=14, choices=Role)
    depuis = models.DateTimeField(
        _("depuis"), default=timezone.now, editable=False, help_text=_("Du rôle et de l'état d'aujourd'hui.")
    )
    # L'invitation, jusqu'à ce que le compte la remplace.
    courriel = models.EmailField(_("adresse invitée"), blank=True, editable=False)
    nom = models.CharField(_("nom"), max_length=80, blank=True, editable=False)
    prenom = models.CharField(_("prénom"), max_length=80, blank=True, editable=False)
    invitee_le = models.DateTimeField(_("invitation envoyée le"), null=True, editable=False)
    suspendue_le = models.DateTimeField(_("suspendu le"), null=True, editable=False)
    motif = models.CharField(_("motif de la suspension"), max_length=200, blank=True, editable=False)
    vue_le = models.DateTimeField(_("dernière activité"), null=True, editable=False)

    objects = AffectationQuerySet.as_manager()

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        constraints = (
            models.UniqueConstraint(fields=("usager", "collectivite"), name="affectation_unique_par_collectivite"),
            models.UniqueConstraint(
                fields=("collectivite", "courriel"), condition=Q(usager=None), name="une_invitation_par_adresse"
            ),
            models.CheckConstraint(condition=Q(usager=None) ^ Q(courriel=""), name="affectation_invitee_ou_acceptee"),
            models.CheckConstraint(condition=Q(suspendue_le=None) ^ ~Q(motif=""), name="affectation_suspendue_motivee"),
        )

    def __str__(self) -> str:
        return self.nom_complet

    @property
    def nom_complet(self) -> str:
        """Celui de son compte ; d'ici là, celui que l'invitation lui donne."""
        return str(self.usager) if self.usager else f"{self.prenom} {self.nom}".strip()

    @property
    def adresse(self) -> str:
        """De même."""
        return self.usager.get_username() if self.usager else self.courriel

    @property
    def etat(self) -> str:
        """Ce qu'en lit l'administrateur."""
        if self.usager is None:
            return str(_("invité, attend sa réponse"))
        return str(_("suspendu") if self.suspendue_le else _("actif"))
