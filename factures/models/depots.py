"""Un fichier de règlements reçus ailleurs (guichet, chèques, virements, Trésor), et ce qu'on en fait."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from factures.etats import Moyen
from factures.etats.depots import DEPOTS_VIVANTS, ENREGISTRABLES, EtatDepot, SortReglement
from factures.models.champs import MontantField
from factures.models.factures import Facture
from portail.models import Collectivite, Regie


class DepotReglements(models.Model):
    """Un fichier lu ; ses règlements existent une fois « enregistré », et y restent, repris, une fois « annulé »."""

    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    regie = models.ForeignKey(Regie, models.PROTECT, related_name="depots", verbose_name=_("service"))
    libelle = models.CharField(_("fichier"), max_length=120)
    empreinte = models.CharField(_("empreinte du contenu"), max_length=64, editable=False)
    cree_le = models.DateTimeField(_("déposé le"), default=timezone.now, editable=False)
    etat = models.CharField(_("état"), max_length=10, choices=EtatDepot, default=EtatDepot.A_VERIFIER, editable=False)
    # Ce que le classeur ne montrait pas : rangées cachées lues, feuilles cachées ou autres qui ne le sont pas.
    non_dits = models.JSONField(default=dict, editable=False)
    clos_le = models.DateTimeField(_("dernier changement le"), null=True, editable=False)

    class Meta:
        verbose_name = _("fichier de règlements")
        verbose_name_plural = _("fichiers de règlements")
        constraints = (
            models.CheckConstraint(condition=Q(etat__in=EtatDepot.values), name="depot_etat_connu"),
            models.UniqueConstraint(
                fields=("regie", "empreinte"),
                condition=Q(etat__in=DEPOTS_VIVANTS),
                name="depot_contenu_depose_une_fois",
            ),
        )

    def __str__(self) -> str:
        return self.libelle


class LigneDepot(models.Model):
    """Une ligne du fichier : le règlement qu'elle dit, la facture trouvée, et son sort."""

    depot = models.ForeignKey(DepotReglements, models.PROTECT, related_name="lignes")
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    rang = models.PositiveIntegerField(_("ligne du fichier"))
    cellules = models.JSONField(_("cellules"), default=dict)
    sort = models.CharField(_("sort"), max_length=12, choices=SortReglement)
    motif = models.CharField(_("remarque"), max_length=300, blank=True)
    facture = models.ForeignKey(Facture, models.PROTECT, related_name="+", null=True)
    moyen = models.CharField(_("moyen"), max_length=12, choices=Moyen, blank=True)
    montant = MontantField(_("montant"), default=0)
    surplus = MontantField(_("au-delà du dû"), default=0)
    jour = models.DateField(_("reçu le"), null=True)
    bordereau = models.CharField(_("bordereau"), max_length=40, blank=True)
    reference = models.CharField(_("référence"), max_length=40, blank=True)
    # Le règlement en ligne qu'elle redit ; une seule ligne enregistrée en redit un.
    reglement = models.ForeignKey("factures.Reglement", models.PROTECT, related_name="lignes_de_depot", null=True)

    class Meta:
        verbose_name = _("ligne d'un fichier de règlements")
        verbose_name_plural = _("lignes d'un fichier de règlements")
        ordering = ("rang",)
        constraints = (
            models.UniqueConstraint(fields=("depot", "rang"), name="ligne_depot_une_fois_par_rang"),
            models.CheckConstraint(
                condition=~Q(sort__in=ENREGISTRABLES) | Q(facture__isnull=False, montant__gt=0, jour__isnull=False),
                name="ligne_depot_enregistrable_complete",
            ),
        )

    def __str__(self) -> str:
        return f"Ligne {self.rang}"
