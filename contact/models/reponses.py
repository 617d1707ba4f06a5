"""Les réponses toutes prêtes d'une commune."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portail.bornes import SIGNES_PAR_MESSAGE
from portail.models import Collectivite


class ReponseType(models.Model):
    """Un texte qu'un agent insère, relit et complète avant de l'envoyer."""

    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="reponses_types")
    titre = models.CharField(_("titre"), max_length=80)
    texte = models.TextField(_("texte"), max_length=SIGNES_PAR_MESSAGE)

    class Meta:
        verbose_name = _("réponse type")
        verbose_name_plural = _("réponses types")
        ordering = ("titre",)
        constraints = (models.UniqueConstraint(fields=("collectivite", "titre"), name="reponse_type_titre_unique"),)

    def __str__(self) -> str:
        return self.titre
