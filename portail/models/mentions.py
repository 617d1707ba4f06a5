"""Ce que la loi fait publier à une commune sur son site : qui l'édite, qui l'héberge, ce que vaut son accessibilité."""

from datetime import date, timedelta

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

MOITIE, TOUT = 50, 100
VALIDITE_ANNEES = 3
# Sans elles, un portail n'ouvre pas ; ouvert, il ne les perd plus.
OBLIGATOIRES = (
    "adresse_postale", "telephone", "horaires", "courriel_contact", "directeur_publication", "hebergeur", "contact_dpo",
)  # fmt: skip
PREAVIS = timedelta(days=60)


class Conformite(models.TextChoices):
    """Les trois mots du RGAA, et aucun autre."""

    TOTALE = "totale", _("totalement conforme")
    PARTIELLE = "partielle", _("partiellement conforme")
    NON = "non", _("non conforme")


class Mentions(models.Model):
    """Les mentions d'une commune ; une mention vide n'est pas affichée."""

    adresse_postale = models.TextField(_("adresse postale"), blank=True)
    courriel_contact = models.EmailField(_("courriel de contact"), blank=True)
    directeur_publication = models.CharField(
        _("directeur de la publication"), max_length=120, blank=True, help_text=_("« le maire de Boé »")
    )
    hebergeur = models.TextField(_("hébergeur"), blank=True, help_text=_("Son nom, son adresse et son téléphone."))
    contact_dpo = models.TextField(_("délégué à la protection des données"), blank=True)
    accessibilite_auditee_le = models.DateField(_("audit d'accessibilité du"), null=True, blank=True)
    accessibilite_auditeur = models.CharField(_("auditeur"), max_length=120, blank=True)
    accessibilite_taux = models.PositiveSmallIntegerField(
        _("critères respectés, en %"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(TOUT)],
        help_text=_("Arrondi à l'entier inférieur : 99,9 % n'est pas 100 %."),
    )
    accessibilite_defauts = models.TextField(_("contenus non accessibles relevés par l'audit"), blank=True)
    accessibilite_schema = models.URLField(_("schéma pluriannuel d'accessibilité"), blank=True)

    class Meta:
        abstract = True
        constraints = (
            models.CheckConstraint(
                condition=(
                    Q(accessibilite_auditee_le=None, accessibilite_taux=None, accessibilite_auditeur="")
                    # Une comparaison à NULL n'est pas fausse : sans isnull, la base laisserait passer un taux absent.
                    | Q(
                        accessibilite_auditee_le__isnull=False,
                        accessibilite_taux__isnull=False,
                        accessibilite_taux__lte=TOUT,
                    )
                    & ~Q(accessibilite_auditeur="")
                ),
                name="accessibilite_audit_entier",
                violation_error_message=_(
                    "Un audit se déclare avec sa date, son auditeur et son taux, ou pas du tout."
                ),
            ),
        )

    def aujourd_hui(self) -> date:
        """La date du jour dans le fuseau de la commune."""
        raise NotImplementedError

    @property
    def audit_valable(self) -> bool:
        """Un audit vaut trois ans, jour anniversaire non compris."""
        fait, jour = self.accessibilite_auditee_le, self.aujourd_hui()
        if fait is None or fait > jour:
            return False
        return (jour.year - VALIDITE_ANNEES, jour.month, jour.day) < (fait.year, fait.month, fait.day)

    @property
    def audit_perime_le(self) -> date | None:
        """Le jour où l'audit en cours ne vaudra plus ; None s'il n'y en a pas."""
        fait = self.accessibilite_auditee_le
        if fait is None or not self.audit_valable:
            return None
        annee = fait.year + VALIDITE_ANNEES
        return date(annee, 3, 1) if (fait.month, fait.day) == (2, 29) else fait.replace(year=annee)

    @property
    def audit_perime_bientot(self) -> bool:
        """Vrai pendant les soixante derniers jours de l'audit : le temps d'en faire un autre."""
        fin = self.audit_perime_le
        return fin is not None and fin - self.aujourd_hui() <= PREAVIS

    @property
    def conformite(self) -> Conformite:
        """L'état que la commune a le droit d'afficher ; sans audit valable, toujours « non conforme »."""
        taux = self.accessibilite_taux if self.audit_valable else None
        if taux is None or taux < MOITIE:
            return Conformite.NON
        return Conformite.TOTALE if taux == TOUT else Conformite.PARTIELLE
