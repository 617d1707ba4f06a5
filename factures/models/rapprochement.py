"""Nos comptes et ceux d'ailleurs : les fichiers du Trésor, ce qu'ils confirment, et les écarts qu'un agent tranche."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from factures.etats import Moyen
from factures.etats.rapprochement import EtatEcart, GenreEcart, SourceEcart
from factures.models.champs import MontantField
from factures.models.depots import DepotReglements, LigneDepot
from factures.models.factures import Facture
from factures.models.suivi import Declaration, Reglement
from portail.models import Collectivite


class RetourTresor(models.Model):
    """Un fichier PES Retour Recette lu et comparé ; le même contenu ne se compare pas deux fois."""

    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    libelle = models.CharField(_("fichier"), max_length=120)
    empreinte = models.CharField(_("empreinte du contenu"), max_length=64, editable=False)
    au = models.DateField(_("arrêté au"), null=True)
    stock = models.BooleanField(_("dit tout depuis toujours"), default=False)
    cree_le = models.DateTimeField(_("déposé le"), default=timezone.now, editable=False)
    lus = models.PositiveIntegerField(_("encaissements lus"), default=0)
    concordants = models.PositiveIntegerField(_("concordants"), default=0)
    deja_vus = models.PositiveIntegerField(_("déjà vus"), default=0)

    class Meta:
        verbose_name = _("retour du Trésor")
        verbose_name_plural = _("retours du Trésor")
        constraints = (
            models.UniqueConstraint(fields=("collectivite", "empreinte"), name="retour_contenu_compare_une_fois"),
        )

    def __str__(self) -> str:
        return self.libelle


class ConfirmationReglement(models.Model):
    """Un règlement d'ici retrouvé ailleurs : un encaissement ne confirme qu'un règlement, et une fois.

    Elle ne change pas ; elle s'efface si le fichier de règlements d'où elle vient (``depot``) est annulé.
    """

    ajout_seul = True
    effacable = True

    reglement = models.OneToOneField(Reglement, models.PROTECT, related_name="confirmation")
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+", db_index=False)
    cle = models.CharField(_("ce qui le confirme"), max_length=80)
    jour = models.DateField(_("encaissé le"), null=True)
    retour = models.ForeignKey(RetourTresor, models.PROTECT, related_name="confirmations", null=True)
    depot = models.ForeignKey(DepotReglements, models.PROTECT, related_name="confirmations", null=True)
    cree_le = models.DateTimeField(_("confirmé le"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("confirmation d'un règlement")
        verbose_name_plural = _("confirmations de règlements")
        constraints = (models.UniqueConstraint(fields=("collectivite", "cle"), name="confirmation_une_fois_par_cle"),)

    def __str__(self) -> str:
        return f"{self.reglement_id} · {self.cree_le:%d/%m/%Y}"


class Ecart(models.Model):
    """Ce qui ne concorde pas, et ce qu'un agent en a décidé ; ``cle`` le rend unique, d'un fichier à l'autre."""

    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+", db_index=False)
    cle = models.CharField(_("clé"), max_length=80)
    genre = models.CharField(_("genre"), max_length=13, choices=GenreEcart)
    source = models.CharField(_("comparé à"), max_length=7, choices=SourceEcart)
    etat = models.CharField(_("état"), max_length=6, choices=EtatEcart, default=EtatEcart.OUVERT)
    facture = models.ForeignKey(Facture, models.PROTECT, related_name="ecarts", null=True)
    reglement = models.ForeignKey(
        Reglement, models.PROTECT, related_name="ecarts", verbose_name=_("règlement"), null=True
    )
    # La personne peut retirer sa marque : il n'y a plus rien à trancher.
    declaration = models.ForeignKey(Declaration, models.CASCADE, related_name="ecarts", null=True)
    tentative = models.UUIDField(_("tentative de paiement"), null=True, db_index=True)
    retour = models.ForeignKey(RetourTresor, models.PROTECT, related_name="ecarts", null=True)
    ligne = models.ForeignKey(LigneDepot, models.PROTECT, related_name="ecarts", null=True)
    # Zéro : rien de ce côté-là.
    montant_ici = MontantField(_("somme ici"), default=0)
    montant_la_bas = MontantField(_("somme là-bas"), default=0)
    jour = models.DateField(_("jour"), null=True)
    moyen = models.CharField(_("moyen"), max_length=12, choices=Moyen, blank=True)
    en_ligne = models.BooleanField(_("payé en ligne"), null=True)
    reference = models.CharField(_("référence de l'encaissement"), max_length=40, blank=True)
    dette = models.JSONField(_("ce que dit le fichier"), default=dict)
    detail = models.CharField(_("précision"), max_length=300, blank=True)
    cree_le = models.DateTimeField(_("vu le"), default=timezone.now, editable=False)
    clos_le = models.DateTimeField(_("tranché le"), null=True, editable=False)
    motif = models.CharField(_("motif"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("écart")
        verbose_name_plural = _("écarts à trancher")
        constraints = (
            models.UniqueConstraint(fields=("collectivite", "cle"), name="ecart_une_fois_par_cle"),
            models.CheckConstraint(condition=Q(genre__in=GenreEcart.values), name="ecart_genre_connu"),
            models.CheckConstraint(
                condition=Q(etat=EtatEcart.OUVERT, clos_le__isnull=True)
                | Q(etat=EtatEcart.REGLE, clos_le__isnull=False)
                | (Q(etat=EtatEcart.CLASSE, clos_le__isnull=False) & ~Q(motif="")),
                name="ecart_classe_motive",
            ),
        )
        indexes = (
            models.Index(fields=("collectivite", "genre"), condition=Q(etat=EtatEcart.OUVERT), name="ecart_ouvert"),
        )

    def __str__(self) -> str:
        return f"{self.get_genre_display()} · {self.facture or self.detail}"
