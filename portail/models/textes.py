"""Ce qu'une commune change aux courriels que le portail envoie en son nom."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portail.models.communes import Collectivite


class TexteDeCourriel(models.Model):
    """Le sujet, l'introduction et la signature d'une sorte de courriel dans une commune ; vide, celui d'origine.

    Du texte avec des emplacements (``portail.emplacements``), jamais un gabarit.
    """

    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    sorte = models.CharField(_("sorte"), max_length=40)
    sujet = models.CharField(_("sujet"), max_length=120, blank=True)
    introduction = models.TextField(_("introduction"), max_length=1000, blank=True)
    signature = models.TextField(_("signature"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("texte de courriel")
        verbose_name_plural = _("textes des courriels")
        constraints = (
            models.UniqueConstraint(fields=("collectivite", "sorte"), name="texte_unique_par_sorte"),
            models.CheckConstraint(
                condition=~Q(sujet="", introduction="", signature=""), name="texte_qui_change_quelque_chose"
            ),
        )

    def __str__(self) -> str:
        return f"{self.sorte} · {self.collectivite}"
