"""Ce qu'un lot contient avant d'être publié : ses lignes comprises, et les défauts des autres."""

import uuid

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from factures.etats import Decision, Nature, SortLigne
from factures.models.champs import MontantField
from factures.models.lots import LotImport
from portail.models import Collectivite


class LigneImport(models.Model):
    """Une facture du fichier, et ce que la publication en fera ; les colonnes sont celles de la facture à venir."""

    lot = models.ForeignKey(LotImport, models.PROTECT, related_name="lignes")
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    rang = models.PositiveIntegerField(_("ligne du fichier"))
    sort = models.CharField(_("sort"), max_length=9, choices=SortLigne)
    motif = models.CharField(_("motif du conflit"), max_length=300, blank=True)
    # Sans clé étrangère : la facture n'existe pas encore, ou vit sa vie.
    facture = models.UUIDField(_("facture"), default=uuid.uuid4)
    avant = models.JSONField(_("valeurs remplacées dans la facture"), default=dict, encoder=DjangoJSONEncoder)

    source = models.CharField(_("logiciel d'origine"), max_length=20)
    code_redevable = models.CharField(_("code client"), max_length=40)
    nom = models.CharField(_("nom"), max_length=80)
    prenom = models.CharField(_("prénom"), max_length=80, blank=True)
    adresse = models.CharField(_("adresse"), max_length=200, blank=True)
    code_postal = models.CharField(_("code postal"), max_length=10, blank=True)
    ville = models.CharField(_("ville"), max_length=80, blank=True)
    courriel = models.CharField(_("adresse mail"), max_length=254, blank=True)
    redevable_nouveau = models.BooleanField(_("redevable nouveau"), default=False)
    redevable_avant = models.JSONField(_("valeurs remplacées chez le redevable"), default=dict)

    numero = models.CharField(_("numéro"), max_length=40)
    nature = models.CharField(_("nature"), max_length=7, choices=Nature)
    reference = models.CharField(_("référence"), max_length=40)
    exercice = models.PositiveSmallIntegerField(_("exercice"), null=True)
    code_recette = models.CharField(_("code recette"), max_length=4, blank=True)
    periode = models.CharField(_("période"), max_length=2, blank=True)
    piece = models.CharField(_("pièce"), max_length=8, blank=True)
    ligne = models.CharField(_("ligne"), max_length=6, blank=True)
    dette = models.CharField(_("dette"), max_length=15, blank=True)
    objet = models.CharField(_("objet"), max_length=160)
    montant = MontantField(_("montant"))
    date_emission = models.DateField(_("date d'émission"))
    date_echeance = models.DateField(_("date d'échéance"), null=True)
    date_limite_en_ligne = models.DateField(_("payable en ligne jusqu'au"), null=True)
    date_prelevement = models.DateField(_("date de prélèvement"), null=True)
    fichier_pdf = models.CharField(_("document nommé par le fichier"), max_length=255, blank=True)
    pdf = models.CharField(_("document rangé"), max_length=100, blank=True)
    sensible = models.CharField(_("ce que le libellé révèle"), max_length=20, blank=True)
    pdf_douteux = models.BooleanField(_("document qui ne porte ni le numéro ni la référence"), default=False)

    class Meta:
        verbose_name = _("ligne d'un lot")
        verbose_name_plural = _("lignes d'un lot")
        ordering = ("rang",)
        constraints = (models.UniqueConstraint(fields=("lot", "rang"), name="ligne_import_une_fois_par_rang"),)

    def __str__(self) -> str:
        return self.numero


class RejetImport(models.Model):
    """Un défaut d'une ligne, avec les cellules telles que lues : on les rend à corriger."""

    lot = models.ForeignKey(LotImport, models.PROTECT, related_name="rejets")
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    rang = models.PositiveIntegerField(_("ligne du fichier"))
    champ = models.CharField(_("colonne"), max_length=30, blank=True)
    motif = models.CharField(_("motif"), max_length=300)
    cellules = models.JSONField(_("cellules"), default=dict)

    class Meta:
        verbose_name = _("rejet d'un lot")
        verbose_name_plural = _("rejets d'un lot")
        ordering = ("rang", "pk")
        indexes = (models.Index(fields=("lot", "rang"), name="rejet_par_lot"),)

    def __str__(self) -> str:
        return f"Ligne {self.rang} : {self.motif}"


class CorrectionImport(models.Model):
    """Ce qu'un agent a corrigé ou décidé d'une ligne ; l'analyse la lira ainsi, et la relira de même."""

    lot = models.ForeignKey(LotImport, models.PROTECT, related_name="corrections")
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    rang = models.PositiveIntegerField(_("ligne du fichier"))
    cellules = models.JSONField(_("cellules corrigées"), default=dict, help_text=_("Vides, celles du fichier."))
    decision = models.CharField(_("décision"), max_length=9, choices=Decision, blank=True)

    class Meta:
        verbose_name = _("correction d'un lot")
        verbose_name_plural = _("corrections d'un lot")
        constraints = (models.UniqueConstraint(fields=("lot", "rang"), name="correction_une_par_ligne"),)

    def __str__(self) -> str:
        return f"{self.lot_id}/{self.rang}"
