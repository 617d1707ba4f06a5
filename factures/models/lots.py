"""Une livraison de factures par un logiciel de facturation."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from factures.etats import LOTS_VIVANTS, Avis, EtatLot
from portail.models import Collectivite, Regie


class LotImport(models.Model):
    """Un fichier déposé, et ce que sa publication ferait (``bilan`` : nombres de lignes et centimes par sort)."""

    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="lots")
    regie = models.ForeignKey(Regie, models.PROTECT, related_name="lots", verbose_name=_("service"))
    libelle = models.CharField(_("libellé"), max_length=120)
    cree_le = models.DateTimeField(_("créé le"), default=timezone.now, editable=False)
    etat = models.CharField(_("état"), max_length=14, choices=EtatLot, default=EtatLot.DEPOSE, editable=False)
    format = models.CharField(_("format"), max_length=10, blank=True)
    fichier = models.FileField(_("fichier"), upload_to="lots", blank=True)
    archive = models.FileField(_("archive des documents"), upload_to="lots", blank=True)
    empreinte = models.CharField(_("empreinte du contenu"), max_length=64, blank=True, editable=False)
    derniere_ligne = models.PositiveIntegerField(_("dernière ligne analysée"), default=0, editable=False)
    bilan = models.JSONField(_("bilan"), default=dict, editable=False)
    motif = models.CharField(_("motif"), max_length=500, blank=True, editable=False)
    avis = models.CharField(_("avis aux personnes"), max_length=7, choices=Avis, default=Avis.RETENUS)
    publie_le = models.DateTimeField(_("publié le"), null=True, editable=False)

    class Meta:
        verbose_name = _("lot d'import")
        verbose_name_plural = _("lots d'import")
        constraints = (
            models.CheckConstraint(condition=Q(etat__in=EtatLot.values), name="lot_etat_connu"),
            models.CheckConstraint(
                condition=Q(etat__in=(EtatLot.PUBLIE, EtatLot.ANNULE), publie_le__isnull=False)
                | (~Q(etat__in=(EtatLot.PUBLIE, EtatLot.ANNULE)) & Q(publie_le__isnull=True)),
                name="lot_publie_date",
            ),
            models.UniqueConstraint(
                fields=("regie", "empreinte"),
                condition=Q(etat__in=LOTS_VIVANTS) & ~Q(empreinte=""),
                name="lot_contenu_depose_une_fois",
            ),
        )

    def __str__(self) -> str:
        return self.libelle
