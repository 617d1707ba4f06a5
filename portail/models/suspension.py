"""La suspension du paiement en ligne d'un service : par qui, de quand à quand, et ce qu'en lisent les habitants."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portail.etats import EtatSuspension


def en_suspension(par: str = "") -> Q:
    """Suspendu en ce moment, à l'heure de la base : la condition ne porte aucune valeur, et son SQL sert toujours.

    ``par`` est le chemin qui mène au service.
    """
    fin = Q(**{f"{par}suspension_fin__isnull": True}) | Q(**{f"{par}suspension_fin__gt": Now()})
    return Q(**{f"{par}suspension_debut__lte": Now()}) & fin


class Suspension(models.Model):
    """Au plus une suspension par service, en cours ou à venir ; passée l'heure de sa fin, elle ne compte plus."""

    suspension_debut = models.DateTimeField(_("suspendu à partir de"), null=True, blank=True, editable=False)
    suspension_fin = models.DateTimeField(_("suspendu jusqu'à"), null=True, blank=True, editable=False)
    suspension_message = models.CharField(_("message aux habitants"), max_length=300, blank=True, editable=False)
    # Sans clé étrangère : le fait survit au compte.
    suspension_auteur = models.BigIntegerField(_("compte de l'auteur"), null=True, blank=True, editable=False)
    suspension_posee_le = models.DateTimeField(_("suspension posée le"), null=True, blank=True, editable=False)

    class Meta:
        abstract = True
        constraints = (
            models.CheckConstraint(
                condition=Q(suspension_fin__isnull=True)
                # Une comparaison à NULL n'est pas fausse : sans isnull, la base laisserait passer une fin sans début.
                | Q(suspension_debut__isnull=False, suspension_fin__gt=F("suspension_debut")),
                name="suspension_finit_apres_son_debut",
            ),
        )

    def suspension_a(self, maintenant: datetime) -> EtatSuspension:
        """Où en est la suspension à cet instant ; la même décision que ``en_suspension``."""
        debut, fin = self.suspension_debut, self.suspension_fin
        if debut is None or (fin is not None and fin <= maintenant):
            return EtatSuspension.AUCUNE
        return EtatSuspension.EN_COURS if debut <= maintenant else EtatSuspension.PROGRAMMEE

    @property
    def suspension(self) -> EtatSuspension:
        """Où en est la suspension maintenant."""
        return self.suspension_a(timezone.now())
