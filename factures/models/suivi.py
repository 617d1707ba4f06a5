"""Ce qui arrive à une facture : règlements, marques personnelles, lectures."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from comptes.models import Usager
from factures.etats import Moyen, Sens
from factures.etats.rapprochement import EtatDeclaration
from factures.models.champs import MontantField
from factures.models.depots import DepotReglements
from factures.models.factures import Facture
from portail.models import Collectivite


class Reglement(models.Model):
    """De l'argent reçu ou repris pour une facture ; s'ajoute, ne se modifie pas."""

    ajout_seul = True

    # Sans index à elle : reglement_une_fois_par_origine commence par elle.
    facture = models.ForeignKey(Facture, models.PROTECT, related_name="reglements", db_index=False)
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    sens = models.CharField(_("sens"), max_length=13, choices=Sens, default=Sens.ENCAISSEMENT)
    moyen = models.CharField(_("moyen"), max_length=12, choices=Moyen)
    montant = MontantField(_("montant"))
    recu_le = models.DateTimeField(_("reçu le"))
    cree_le = models.DateTimeField(_("enregistré le"), default=timezone.now, editable=False)
    origine = models.CharField(
        _("origine"), max_length=80, help_text=_("Clé unique de ce qui a produit ce règlement : une fois, pas deux.")
    )
    bordereau = models.CharField(_("bordereau"), max_length=40, blank=True, db_default="")
    reference = models.CharField(_("référence"), max_length=40, blank=True, db_default="")
    motif = models.CharField(_("motif"), max_length=200, blank=True, db_default="")
    reprend = models.OneToOneField(
        "self", models.PROTECT, related_name="reprise", verbose_name=_("reprend"), null=True, blank=True
    )
    depot = models.ForeignKey(
        DepotReglements, models.PROTECT, related_name="reglements", verbose_name=_("dépôt"), null=True, blank=True
    )

    class Meta:
        verbose_name = _("règlement")
        verbose_name_plural = _("règlements")
        ordering = ("recu_le", "pk")
        constraints = (
            models.UniqueConstraint(fields=("facture", "origine"), name="reglement_une_fois_par_origine"),
            models.CheckConstraint(condition=Q(montant__gt=0), name="reglement_montant_positif"),
            models.CheckConstraint(condition=Q(sens__in=Sens.values), name="reglement_sens_connu"),
            models.CheckConstraint(
                condition=Q(reprend__isnull=True) | Q(sens=Sens.REJET), name="reglement_repris_par_un_rejet"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_sens_display()} de {number_format(self.montant, 2)} €"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Un règlement enregistré ne change plus : une erreur se corrige par un règlement de sens contraire."""
        if self.pk is not None:
            raise TypeError("Un règlement ne se modifie pas.")
        super().save(*args, **kwargs)

    def delete(self, *_: object, **__: object) -> tuple[int, dict[str, int]]:
        raise TypeError("Un règlement ne s'efface pas.")


class Declaration(models.Model):
    """« J'ai déjà payé », dit par une personne : jamais de l'argent, à vérifier par le service."""

    facture = models.ForeignKey(Facture, models.CASCADE, related_name="declarations")
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    usager = models.ForeignKey(Usager, models.CASCADE, related_name="declarations")
    cree_le = models.DateTimeField(_("créée le"), default=timezone.now, editable=False)
    etat = models.CharField(
        _("état"), max_length=13, choices=EtatDeclaration, default=EtatDeclaration.DECLAREE,
        db_default=EtatDeclaration.DECLAREE,
    )  # fmt: skip
    tranchee_le = models.DateTimeField(_("tranchée le"), null=True, editable=False)

    class Meta:
        verbose_name = _("déclaration")
        verbose_name_plural = _("déclarations")
        constraints = (models.UniqueConstraint(fields=("facture", "usager"), name="declaration_unique"),)
        indexes = (
            models.Index(
                fields=("collectivite", "cree_le"),
                condition=Q(etat=EtatDeclaration.DECLAREE),
                name="declaration_a_verifier",
            ),
        )

    def __str__(self) -> str:
        return f"{self.usager} · {self.facture}"


class Consultation(models.Model):
    """La première lecture d'une facture par une personne."""

    facture = models.ForeignKey(Facture, models.CASCADE, related_name="consultations")
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    usager = models.ForeignKey(Usager, models.CASCADE, related_name="consultations")
    lue_le = models.DateTimeField(_("lue le"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("consultation")
        verbose_name_plural = _("consultations")
        constraints = (models.UniqueConstraint(fields=("facture", "usager"), name="consultation_unique"),)

    def __str__(self) -> str:
        return f"{self.usager} · {self.facture}"
