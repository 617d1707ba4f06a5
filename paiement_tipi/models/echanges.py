"""Ce que nous avons demandé à PayFiP et ce qu'il a répondu, sans rien de personnel."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from paiement_tipi.models.tentatives import Paiement
from portail.models import Collectivite


class Operation(models.TextChoices):
    """Ce que nous demandons."""

    CREER = "creer", _("ouvrir le paiement")
    LIRE = "lire", _("connaître le résultat")


class EchangePayfip(models.Model):
    """Une question et sa réponse ; la même réponse, revenue plusieurs fois de suite, reste une ligne."""

    paiement = models.ForeignKey(Paiement, models.PROTECT, related_name="echanges")
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    operation = models.CharField(_("demande"), max_length=5, choices=Operation)
    code = models.CharField(_("réponse"), max_length=12, blank=True, help_text=_("Vide : PayFiP n'a pas répondu."))
    texte = models.CharField(_("ses mots"), max_length=200, blank=True)
    contenu = models.TextField(_("contenu, adresse mail masquée"), blank=True)
    le = models.DateTimeField(_("le"))
    fois = models.PositiveIntegerField(_("fois"), default=1)
    dernier_le = models.DateTimeField(_("dernière fois"))

    class Meta:
        verbose_name = _("échange avec PayFiP")
        verbose_name_plural = _("échanges avec PayFiP")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.get_operation_display()} · {self.code or '—'}"
