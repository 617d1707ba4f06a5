"""Le journal : ce qui s'est passé, par qui et sur quoi, qu'on ne peut ni changer ni effacer."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Journal(models.Model):
    """Un fait. Des identifiants opaques, sans clé étrangère : le fait survit à ce dont il parle.

    ``avant`` et ``apres`` ne portent aucun nom, adresse ou courriel ; les montants y sont en centimes.
    """

    ajout_seul = True

    le = models.DateTimeField(_("le"), default=timezone.now, editable=False)
    collectivite = models.BigIntegerField(_("collectivité"), null=True, editable=False)
    acteur = models.BigIntegerField(_("compte de l'auteur"), null=True, editable=False)
    action = models.CharField(_("action"), max_length=60, editable=False)
    objet = models.CharField(_("objet"), max_length=40, editable=False)
    identifiant = models.CharField(_("identifiant de l'objet"), max_length=40, editable=False)
    avant = models.JSONField(_("avant"), null=True, editable=False)
    apres = models.JSONField(_("après"), null=True, editable=False)
    correlation = models.CharField(_("requête ou tâche"), max_length=36, blank=True, editable=False)

    class Meta:
        verbose_name = _("entrée du journal")
        verbose_name_plural = _("journal")
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("objet", "identifiant", "action"), name="journal_par_objet_et_action"),
            models.Index(fields=("collectivite", "action"), name="journal_par_action"),
            models.Index(fields=("collectivite", "le"), name="journal_par_collectivite"),
        )

    def __str__(self) -> str:
        return f"{self.le:%Y-%m-%d %H:%M} {self.action}"


class Sceau(models.Model):
    """L'empreinte d'une suite d'entrées, chaînée à la précédente : en retirer ou en changer une se voit.

    Une plage scellée peut être retirée entière quand sa durée est passée ; son sceau reste et la chaîne tient.
    """

    ajout_seul = True

    premier = models.BigIntegerField(_("première entrée"), unique=True, editable=False)
    dernier = models.BigIntegerField(_("dernière entrée"), unique=True, editable=False)
    nombre = models.PositiveIntegerField(_("nombre d'entrées"), editable=False)
    precedent = models.CharField(_("empreinte précédente"), max_length=64, blank=True, editable=False)
    empreinte = models.CharField(_("empreinte"), max_length=64, editable=False)
    scelle_le = models.DateTimeField(_("scellé le"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("sceau")
        verbose_name_plural = _("sceaux")
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(condition=Q(dernier__gte=models.F("premier")), name="sceau_plage_ordonnee"),
            models.UniqueConstraint(fields=("precedent",), name="sceau_chaine_sans_fourche"),
        )

    def __str__(self) -> str:
        return f"{self.premier}-{self.dernier}"
