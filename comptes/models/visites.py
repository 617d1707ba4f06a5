"""« Voir comme l'habitant » : qui l'a fait, de qui, pourquoi, et jusqu'à quand."""

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comptes.etats import FinDeVisite
from comptes.models.usagers import Usager
from portail.models import Collectivite


class VisiteQuerySet(models.QuerySet["Visite"]):
    """Les visites, en cours ou à clore."""

    def en_cours(self, maintenant: datetime) -> Self:
        """Celles qui montrent encore quelque chose, d'un compte qui existe encore."""
        return self.filter(finie_le=None, jusqu_a__gt=maintenant, usager__is_active=True)

    def echues(self, maintenant: datetime) -> Self:
        """Celles dont l'heure est passée sans que personne ne les quitte."""
        return self.filter(finie_le=None, jusqu_a__lte=maintenant)


class Visite(models.Model):
    """Un agent regarde, sans rien pouvoir changer, ce que voit un habitant de sa commune."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+", editable=False)
    agent = models.ForeignKey(Usager, models.CASCADE, related_name="+", verbose_name=_("agent"), editable=False)
    usager = models.ForeignKey(
        Usager, models.CASCADE, related_name="visites", verbose_name=_("habitant"), editable=False
    )
    motif = models.CharField(_("motif"), max_length=200, editable=False)
    commencee_le = models.DateTimeField(_("commencée le"), default=timezone.now, editable=False)
    jusqu_a = models.DateTimeField(_("au plus tard"), editable=False)
    finie_le = models.DateTimeField(_("finie le"), null=True, editable=False)
    fin = models.CharField(_("fin"), max_length=11, choices=FinDeVisite, blank=True, editable=False)

    objects = VisiteQuerySet.as_manager()

    class Meta:
        verbose_name = _("visite")
        verbose_name_plural = _("visites")
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(condition=Q(jusqu_a__gt=F("commencee_le")), name="visite_bornee"),
            models.CheckConstraint(condition=Q(finie_le=None) ^ ~Q(fin=""), name="visite_finie_dit_pourquoi"),
            models.CheckConstraint(condition=~Q(motif=""), name="visite_motivee"),
        )
        indexes = (models.Index(fields=("jusqu_a",), condition=Q(finie_le=None), name="visite_a_finir"),)

    def __str__(self) -> str:
        return f"{self.agent} · {self.usager}"
