"""La facture : une dette d'un redevable dans un service, et ce que la personne connectée en voit."""

import uuid
from datetime import date
from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from comptes.models import Redevable, Usager, rattaches_a
from factures.etats import ETAT_DE, Empechement, EtatFacture, Nature, Statut
from factures.models.champs import MontantField
from factures.models.lots import LotImport
from factures.models.situation import Situation, a_regler, dans_l_etat, marquee, situation
from factures.registre import Operation, lire_l_operation
from portail.models import Collectivite, Regie
from portail.reperes import Compact


def acces(usager: Usager, chez: Collectivite, *, par: str = "redevable__rattachements") -> Q:
    """Les factures publiées des redevables rattachés à cette personne dans cette commune."""
    return rattaches_a(usager, par=par) & Q(collectivite=chez, publiee_le__isnull=False)


class FactureQuerySet(models.QuerySet["Facture"]):
    """Les lectures. L'accès est dans la requête : ce qui n'est pas à soi est introuvable."""

    def de(self, usager: Usager, *, chez: Collectivite) -> Self:
        """Les factures publiées des redevables rattachés à cette personne dans cette commune."""
        return self.filter(acces(usager, chez)).select_related("regie")

    def avec_etat(self, aujourd_hui: date, *, pour: Usager | None = None) -> Self:
        """Annote ``a_regler``, ``marquee`` et ``situation``, d'où se lisent ``etat``, ``empechement`` et ``debitee``.

        La marque « réglée » étant personnelle, elle n'y entre que ``pour`` quelqu'un.
        """
        return self.annotate(a_regler=a_regler(), situation=situation(aujourd_hui), marquee=marquee(pour))

    def choisies(self, *, annee: int | None = None, service: str = "", etat: str = "", compte: str = "") -> Self:
        """De cette année, de ce service, de ce compte client, dans cet état (alias que pose ``ListeDeFactures``)."""
        choisies = self.filter(date_emission__year=annee) if annee else self
        choisies = choisies.filter(redevable__uuid=compte) if compte else choisies
        choisies = choisies.filter(regie__code=service) if service else choisies
        return choisies.filter(dans_l_etat(EtatFacture(etat))) if etat else choisies


class Facture(models.Model):
    """Une dette (ou un avoir) d'un redevable. Rien de ce qui a porté de l'argent ne s'efface."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Sans index à elles : d'autres, plus bas, commencent par ces colonnes.
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="factures", db_index=False)
    regie = models.ForeignKey(Regie, models.PROTECT, related_name="factures", verbose_name=_("service"), db_index=False)
    redevable = models.ForeignKey(Redevable, models.PROTECT, related_name="factures")
    lot = models.ForeignKey(LotImport, models.PROTECT, related_name="factures", null=True, blank=True)
    numero = models.CharField(_("numéro"), max_length=40)
    nature = models.CharField(_("nature"), max_length=7, choices=Nature, default=Nature.FACTURE)
    statut = models.CharField(_("statut"), max_length=9, choices=Statut, default=Statut.BROUILLON)
    publiee_le = models.DateTimeField(_("publiée le"), null=True, blank=True)
    # Écrite à la main : quand ses lecteurs ont su par courriel qu'elle est là. Un lot prévient des siennes.
    prevenue_le = models.DateTimeField(_("annoncée par courriel le"), null=True, blank=True, editable=False)
    motif_annulation = models.CharField(_("motif d'annulation"), max_length=200, blank=True)
    # Non vide : mise en attente, et pourquoi.
    motif_attente = models.CharField(_("motif de la mise en attente"), max_length=200, blank=True, db_default="")
    # Celle que sa publication annule, et pourquoi.
    remplace = models.ForeignKey(
        "self", models.PROTECT, related_name="remplacantes", verbose_name=_("remplace"), null=True, blank=True
    )
    motif_remplacement = models.CharField(_("motif du remplacement"), max_length=200, blank=True, db_default="")
    # Compte ce que les agents et l'argent y ont changé : deux personnes ne s'écrasent pas l'une l'autre.
    version = models.PositiveIntegerField(_("version"), default=0, db_default=0, editable=False)
    # Compte les révocations de son accès depuis le papier : le code imprimé en dépend.
    papier = models.PositiveIntegerField(_("révocations du papier"), default=0, db_default=0, editable=False)
    # La référence imprimée est opaque ; ses parties, quand on les connaît, servent aux titres et aux rôles.
    reference = models.CharField(_("référence"), max_length=40)
    exercice = models.PositiveSmallIntegerField(_("exercice"), null=True, blank=True)
    code_recette = models.CharField(_("code recette"), max_length=4, blank=True)
    periode = models.CharField(_("période"), max_length=2, blank=True)
    piece = models.CharField(_("pièce"), max_length=8, blank=True)
    ligne = models.CharField(_("ligne"), max_length=6, blank=True)
    dette = models.CharField(_("dette"), max_length=15, blank=True)
    objet = models.CharField(_("objet"), max_length=160)
    montant = MontantField(_("montant"))
    reste_du = MontantField(_("reste dû"))
    trop_percu = MontantField(_("trop-perçu"), default=0)
    date_emission = models.DateField(_("date d'émission"))
    date_echeance = models.DateField(_("date d'échéance"), null=True, blank=True)
    date_limite_en_ligne = models.DateField(_("payable en ligne jusqu'au"), null=True, blank=True)
    date_prelevement = models.DateField(_("date de prélèvement"), null=True, blank=True)
    pdf = models.FileField(_("document déposé"), upload_to="factures", blank=True)

    # Posées par avec_etat.
    situation: Situation
    a_regler: bool
    marquee: bool

    objects = FactureQuerySet.as_manager()

    class Meta:
        verbose_name = _("facture")
        verbose_name_plural = _("factures")
        constraints = (
            models.UniqueConstraint(fields=("regie", "numero"), name="facture_numero_unique_par_regie"),
            models.UniqueConstraint(fields=("regie", "reference"), name="facture_reference_unique_par_regie"),
            models.CheckConstraint(
                condition=Q(nature=Nature.FACTURE, montant__gt=0) | Q(nature=Nature.AVOIR, montant__lt=0),
                name="facture_montant_positif_avoir_negatif",
            ),
            models.CheckConstraint(
                condition=Q(nature=Nature.FACTURE, reste_du__gte=0, reste_du__lte=F("montant"))
                | Q(nature=Nature.AVOIR, reste_du=0),
                name="facture_reste_du_entre_zero_et_montant",
            ),
            models.CheckConstraint(
                condition=Q(trop_percu=0) | Q(trop_percu__gt=0, reste_du=0), name="facture_trop_percu_seulement_soldee"
            ),
            models.CheckConstraint(condition=Q(statut__in=Statut.values), name="facture_statut_connu"),
            models.CheckConstraint(
                condition=Q(statut=Statut.BROUILLON, publiee_le__isnull=True)
                | Q(statut=Statut.PUBLIEE, publiee_le__isnull=False)
                | Q(statut=Statut.ANNULEE),
                name="facture_publiee_datee",
            ),
            models.CheckConstraint(
                condition=~Q(statut=Statut.ANNULEE) | ~Q(motif_annulation=""), name="facture_annulee_motivee"
            ),
            models.CheckConstraint(
                condition=Q(motif_attente="") | Q(statut=Statut.PUBLIEE), name="facture_en_attente_publiee"
            ),
            models.CheckConstraint(
                condition=Q(remplace__isnull=True) ^ ~Q(motif_remplacement=""), name="facture_remplacement_motive"
            ),
            models.UniqueConstraint(
                fields=("remplace",),
                condition=~Q(statut=Statut.ANNULEE),
                name="facture_une_remplacante_a_la_fois",
            ),
        )
        indexes = (
            models.Index(fields=("collectivite", "redevable", "-date_emission"), name="facture_par_redevable"),
            models.Index("collectivite", Compact("numero"), name="facture_par_numero"),
            models.Index("collectivite", Compact("reference"), name="facture_par_reference"),
            models.Index(fields=("collectivite", "montant"), name="facture_par_montant"),
            # Par où le Trésor désigne un titre ou un article de rôle ; les factures de régie n'y sont pas.
            models.Index(
                fields=("collectivite", "exercice", "piece"), name="facture_par_piece", condition=~Q(piece="")
            ),
            models.Index(
                fields=("collectivite", "exercice", "dette"), name="facture_par_dette", condition=~Q(dette="")
            ),
            models.Index(fields=("collectivite", "-date_emission", "-id"), name="facture_par_date"),
            models.Index(
                fields=("collectivite", "-date_emission", "-id"), name="facture_due", condition=Q(reste_du__gt=0)
            ),
            models.Index(
                fields=("collectivite", "-date_emission", "-id"),
                name="facture_a_part",
                condition=Q(nature=Nature.AVOIR) | Q(statut=Statut.ANNULEE) | Q(trop_percu__gt=0),
            ),
        )

    def __str__(self) -> str:
        return self.numero

    def get_absolute_url(self) -> str:
        """La page de la facture."""
        return f"/factures/{self.uuid}/"

    @cached_property
    def etat(self) -> str:
        """EtatFacture, le premier vrai dans l'ordre de ``factures.etats``."""
        if cause := self.situation["cause"]:
            return ETAT_DE[Empechement(cause)]
        return EtatFacture.DECLAREE if self.marquee else self.situation["suite"]

    @cached_property
    def empechement(self) -> str:
        """Empechement, vide si l'on peut payer : la seule décision sur le paiement en ligne."""
        return self.situation["cause"] or self.situation["obstacle"]

    @property
    def groupable(self) -> bool:
        """Vrai si elle peut se payer avec d'autres du même service, en une fois."""
        return bool(self.situation["groupable"])

    @cached_property
    def operation(self) -> Operation | None:
        """Le paiement en ligne engagé sur elle, s'il y en a un."""
        return lire_l_operation(self.situation["operation"])

    @cached_property
    def suivantes(self) -> "list[Facture]":
        """Celles qui la remplacent ou l'ont remplacée, brouillons compris ; une seule n'est pas annulée."""
        return list(self.remplacantes.order_by("pk"))

    @property
    def remplacante(self) -> "Facture | None":
        """Celle qui la remplace, si les personnes la voient."""
        if self.statut != Statut.ANNULEE:
            return None
        return next((autre for autre in self.suivantes if autre.statut == Statut.PUBLIEE), None)

    @property
    def recu(self) -> Decimal:
        """Ce qu'elle a reçu et garde, trop-perçu compris ; un avoir ne reçoit rien."""
        return self.montant - self.reste_du + self.trop_percu if self.nature == Nature.FACTURE else Decimal(0)

    @property
    def debitee(self) -> bool:
        """Vrai si un prélèvement PayFiP l'a payée."""
        return bool(self.situation["debitee"])


class LigneFacture(models.Model):
    """Une ligne telle qu'imprimée : nous affichons, nous ne calculons pas (quantité et prix restent du texte)."""

    facture = models.ForeignKey(Facture, models.CASCADE, related_name="lignes", db_index=False)  # ligne_rang_unique
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    rang = models.PositiveSmallIntegerField(_("rang"))
    libelle = models.CharField(_("désignation"), max_length=200)
    quantite = models.CharField(_("quantité"), max_length=30, blank=True)
    prix_unitaire = models.CharField(_("prix unitaire"), max_length=30, blank=True)
    montant = MontantField(_("montant"))

    class Meta:
        verbose_name = _("ligne de facture")
        verbose_name_plural = _("lignes de facture")
        ordering = ("rang",)
        constraints = (models.UniqueConstraint(fields=("facture", "rang"), name="ligne_rang_unique"),)

    def __str__(self) -> str:
        return self.libelle
