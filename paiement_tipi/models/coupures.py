"""Quand PayFiP n'a pas répondu."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class CoupurePayfip(models.Model):
    """Un moment où le service web de PayFiP n'a pas répondu, pour toute l'installation ; sans fin, il dure encore."""

    debut = models.DateTimeField(_("début"), default=timezone.now, editable=False)
    essayee_le = models.DateTimeField(_("dernier essai"), default=timezone.now)
    finie_le = models.DateTimeField(_("fin"), null=True, blank=True)

    class Meta:
        verbose_name = _("coupure de PayFiP")
        verbose_name_plural = _("coupures de PayFiP")
        constraints = (
            models.UniqueConstraint(
                models.Value(1), condition=Q(finie_le__isnull=True), name="une_coupure_payfip_a_la_fois"
            ),
        )

    def __str__(self) -> str:
        return f"{self.debut:%Y-%m-%d %H:%M}"
