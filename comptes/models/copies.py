"""La copie de ses données qu'une personne a demandée : une à la fois par commune, le temps de l'emporter."""

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comptes.models.usagers import Usager
from portail.models import Collectivite

DOSSIER = "copies"  # où elles se rangent, chacune dans le sien
VALIDITE = timedelta(hours=24)
# Sans un pas depuis si longtemps, la tâche qui la préparait a été abandonnée.
SILENCE = timedelta(hours=1)


class CopieQuerySet(models.QuerySet["Copie"]):
    """Celles d'une personne, celles qui ont fait leur temps."""

    def de(self, usager: Usager, *, chez: Collectivite) -> Self:
        """La sienne dans cette commune, s'il y en a une."""
        return self.filter(usager=usager, collectivite=chez)

    def echues(self, maintenant: datetime) -> Self:
        """Prêtes depuis vingt-quatre heures, ou que plus rien ne prépare."""
        limite = maintenant - VALIDITE
        return self.filter(Q(prete_le__lte=limite) | Q(prete_le=None, avance_le__lte=limite))


class Copie(models.Model):
    """Ce qui a été demandé, où en est l'archive ; s'efface avec ses fichiers."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+", editable=False)
    usager = models.ForeignKey(Usager, models.CASCADE, related_name="copies", editable=False)
    demandee_le = models.DateTimeField(_("demandée le"), default=timezone.now, editable=False)
    avance_le = models.DateTimeField(_("dernier progrès"), default=timezone.now, editable=False)
    prete_le = models.DateTimeField(_("prête le"), null=True, editable=False)
    # Les comptes clients dont elle parle : qui n'en lit plus un ne l'emporte plus.
    redevables = models.JSONField(_("comptes clients"), default=list, editable=False)
    # Ce qui est déjà écrit : le fichier, et jusqu'où il va.
    parties = models.JSONField(_("parties"), default=list, editable=False)
    fichier = models.FileField(_("archive"), upload_to=DOSSIER, blank=True, editable=False)

    objects = CopieQuerySet.as_manager()

    class Meta:
        verbose_name = _("copie des données")
        verbose_name_plural = _("copies des données")
        constraints = (
            models.UniqueConstraint(fields=("usager", "collectivite"), name="copie_une_a_la_fois"),
            models.CheckConstraint(condition=Q(prete_le=None) ^ ~Q(fichier=""), name="copie_prete_avec_son_fichier"),
        )

    def __str__(self) -> str:
        return f"{self.usager} · {self.demandee_le:%Y-%m-%d}"

    @property
    def dossier(self) -> str:
        """Où sont ses fichiers, et eux seuls."""
        return f"{DOSSIER}/{self.uuid}"

    @property
    def jusqu_a(self) -> datetime | None:
        """Quand elle s'efface ; None si elle n'est pas prête."""
        return self.prete_le + VALIDITE if self.prete_le else None

    def tarde(self, maintenant: datetime) -> bool:
        """Vrai si plus rien ne la prépare : la redemander la remet en route."""
        return self.prete_le is None and self.avance_le <= maintenant - SILENCE

    def vaut(self, maintenant: datetime) -> bool:
        """Vrai si elle est prête, depuis moins de vingt-quatre heures."""
        return self.jusqu_a is not None and maintenant < self.jusqu_a
