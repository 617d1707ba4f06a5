"""Papier ou électronique : chaque choix, tel qu'il pourra être prouvé."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comptes.models.redevables import ModeEnvoi, Redevable
from portail.models import Collectivite


class MoyenDuChoix(models.TextChoices):
    """Comment la commune l'a su."""

    EN_LIGNE = "en-ligne", _("par la personne, en ligne")
    FORMULAIRE = "formulaire", _("formulaire signé, enregistré par un agent")
    SERVICE = "service", _("par le service")


class ChoixEnvoi(models.Model):
    """Un choix, qui s'ajoute aux précédents sans les changer.

    Le compte est une clé nue : la preuve survit à la fermeture du compte qui l'a donnée.
    """

    ajout_seul = True

    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    redevable = models.ForeignKey(Redevable, models.PROTECT, related_name="choix_envoi")
    mode = models.CharField(_("mode d'envoi"), max_length=12, choices=ModeEnvoi, editable=False)
    moyen = models.CharField(_("moyen"), max_length=10, choices=MoyenDuChoix, editable=False)
    compte = models.BigIntegerField(_("compte"), null=True, editable=False)
    adresse = models.EmailField(_("adresse mail confirmée"), blank=True, editable=False)
    texte = models.PositiveSmallIntegerField(_("version du texte accepté"), null=True, editable=False)
    reference = models.CharField(_("référence du formulaire, ou raison"), max_length=120, blank=True, editable=False)
    le = models.DateTimeField(_("le"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("choix d'envoi")
        verbose_name_plural = _("choix d'envoi")
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(mode=ModeEnvoi.PAPIER)
                | Q(compte__isnull=False, texte__isnull=False) & ~Q(adresse="") & ~Q(moyen=MoyenDuChoix.SERVICE),
                name="electronique_voulu_par_la_personne",
            ),
            models.CheckConstraint(
                condition=~Q(moyen=MoyenDuChoix.FORMULAIRE) | ~Q(reference=""), name="formulaire_avec_reference"
            ),
        )

    def __str__(self) -> str:
        return f"{self.redevable_id} · {self.mode} · {self.le:%Y-%m-%d}"
