"""Une livraison de factures par un logiciel de facturation."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from factures.etats import LOTS_VIVANTS, Avis, EtatLot, SortLigne
from factures.imports.appariement import MOTIF
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
    a_relire = models.BooleanField(_("à montrer avant de l'analyser"), default=False)
    apercu = models.JSONField(_("premières lignes"), default=dict, editable=False)
    correspondance = models.JSONField(_("correspondance des colonnes"), default=dict, editable=False)
    constantes = models.JSONField(_("valeurs communes"), default=dict, editable=False)
    motif_documents = models.CharField(_("nom des documents"), max_length=80, default=MOTIF, blank=True)
    avancement = models.PositiveSmallIntegerField(_("avancement"), default=0, editable=False)
    avis = models.CharField(_("avis aux personnes"), max_length=7, choices=Avis, default=Avis.RETENUS)
    malgre_les_rejets = models.BooleanField(_("sans les lignes à corriger"), default=False, editable=False)
    publier_le = models.DateTimeField(_("à publier le"), null=True, editable=False)
    publie_le = models.DateTimeField(_("publié le"), null=True, editable=False)
    prevenus = models.PositiveIntegerField(_("personnes prévenues"), default=0, editable=False)
    efface_le = models.DateTimeField(_("fichier et lignes effacés le"), null=True, editable=False)

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
            models.CheckConstraint(
                condition=~Q(etat=EtatLot.PROGRAMME) | Q(publier_le__isnull=False), name="lot_programme_date"
            ),
            models.UniqueConstraint(
                fields=("regie", "empreinte"),
                condition=Q(etat__in=LOTS_VIVANTS) & ~Q(empreinte=""),
                name="lot_contenu_depose_une_fois",
            ),
        )

        indexes = (models.Index(fields=("publier_le",), condition=Q(etat=EtatLot.PROGRAMME), name="lot_programme"),)

    def __str__(self) -> str:
        return self.libelle

    @property
    def a_corriger(self) -> int:
        """Combien de lignes la publication laisserait de côté, sans que personne l'ait voulu."""
        return int(self.bilan["rejetees"] + self.bilan[SortLigne.CONFLIT]["nombre"]) if self.bilan else 0


class CorrespondanceColonnes(models.Model):
    """Ce qu'un agent a dit une fois d'un en-tête, pour ce service : les fichiers suivants s'y liront seuls."""

    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    regie = models.ForeignKey(Regie, models.PROTECT, related_name="correspondances")
    entete = models.CharField(_("empreinte de l'en-tête"), max_length=64)
    colonnes = models.JSONField(_("colonnes"), default=dict)
    constantes = models.JSONField(_("valeurs communes"), default=dict)
    retenue_le = models.DateTimeField(_("retenue le"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("correspondance de colonnes")
        verbose_name_plural = _("correspondances de colonnes")
        constraints = (
            models.UniqueConstraint(fields=("regie", "entete"), name="correspondance_une_par_entete_et_service"),
        )

    def __str__(self) -> str:
        return f"{self.regie} · {self.entete[:8]}"
