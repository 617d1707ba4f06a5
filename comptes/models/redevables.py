"""Les comptes clients des logiciels de facturation, et qui les lit."""

import uuid
from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comptes.models.usagers import Usager
from portail.models import Collectivite


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
