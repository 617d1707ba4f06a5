"""Les adresses mail que des personnes disent être les leurs, tant qu'elles ne l'ont pas prouvé."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comptes.models.usagers import Usager
from portail.models import Collectivite


class DemandeAdresse(models.Model):
    """Une personne veut se connecter avec ``nouvelle`` : un lien reçu à cette adresse le valide.

    ``nouvelle`` peut être celle qu'elle a déjà, et que rien n'a encore prouvée. Un lien reçu à ``ancienne`` annule,
    même après coup.
    """

    usager = models.ForeignKey(Usager, models.CASCADE, related_name="demandes_adresse")
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    ancienne = models.EmailField(_("adresse d'avant"), editable=False)
    nouvelle = models.EmailField(_("adresse demandée"), editable=False)
    demandee_le = models.DateTimeField(_("demandée le"), default=timezone.now, editable=False)
    validee_le = models.DateTimeField(_("validée le"), null=True, editable=False)
    annulee_le = models.DateTimeField(_("annulée le"), null=True, editable=False)

    class Meta:
        verbose_name = _("demande de changement d'adresse mail")
        verbose_name_plural = _("demandes de changement d'adresse mail")

    def __str__(self) -> str:
        return f"{self.usager} · {self.demandee_le:%Y-%m-%d}"

    @property
    def confirme_seulement(self) -> bool:
        """Vrai si l'adresse ne change pas : il n'y a qu'à la prouver."""
        return self.nouvelle == self.ancienne
