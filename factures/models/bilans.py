"""Ce que devient ce qu'un service publie, compté jour par jour : l'accueil de la gestion ne relit pas les factures.

``factures.services.tenir_le_bilan`` l'écrit ; les mêmes conditions filtrent la liste des factures.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from factures import registre
from factures.etats import Nature, Sens, Statut
from factures.models.champs import MontantField
from factures.models.suivi import Consultation, Reglement
from portail.models import Collectivite, Regie

PUBLIEES = Q(nature=Nature.FACTURE, statut=Statut.PUBLIEE)


def en_ligne() -> Q:
    """Les règlements qu'une app de paiement dit siens."""
    aucun = Q(pk__in=[])
    return Q(*(Q(origine__startswith=debut) for debut in registre.origines_en_ligne()), _connector=Q.OR) or aucun


def _payee_en_ligne() -> Exists:
    return Exists(Reglement.objects.filter(en_ligne(), facture=OuterRef("pk"), sens=Sens.ENCAISSEMENT))


def _lue() -> Exists:
    return Exists(Consultation.objects.filter(facture=OuterRef("pk")))


# Ce qu'est devenue une facture publiée, au jour dit : chacune est dans un et un seul des quatre sorts, lue ou non.
SORTS: dict[str, Callable[[date], Q]] = {
    "payees_en_ligne": lambda _jour: PUBLIEES & Q(reste_du=0) & Q(_payee_en_ligne()),
    "payees_ailleurs": lambda _jour: PUBLIEES & Q(reste_du=0) & ~Q(_payee_en_ligne()),
    "en_retard": lambda jour: PUBLIEES & Q(reste_du__gt=0, date_echeance__lt=jour),
    "dans_les_delais": lambda jour: (
        PUBLIEES & Q(reste_du__gt=0) & (Q(date_echeance__isnull=True) | Q(date_echeance__gte=jour))
    ),
}
SUIVIS: dict[str, Callable[[date], Q]] = {
    "publiees": lambda _jour: PUBLIEES,
    "lues": lambda _jour: PUBLIEES & Q(_lue()),
    **SORTS,
    # Reçu en trop, ou reçu pour une facture annulée depuis : c'est à rendre.
    "trop_percus": lambda _jour: (
        Q(trop_percu__gt=0) | Q(statut=Statut.ANNULEE, nature=Nature.FACTURE, reste_du__lt=models.F("montant"))
    ),
}
MONTANTS = ("montant", "reste_du", "du_en_retard")
RECUS = ("recu_en_ligne", "recu_ailleurs")
CHIFFRES = (*SUIVIS, *MONTANTS, *RECUS)


class BilanJourQuerySet(models.QuerySet["BilanJour"]):
    """Les sommes d'une période."""

    def de(self, collectivite: Collectivite, *, du: date, au: date, regie: Regie | None = None) -> Self:
        """Ces jours, bornes comprises, dans un service ou dans tous."""
        jours = self.filter(collectivite=collectivite, jour__gte=du, jour__lte=au)
        return jours.filter(regie=regie) if regie else jours

    def par_service(self) -> list[dict[str, Any]]:
        """Les chiffres de chaque service, dans l'ordre de leurs noms."""
        services: Any = self.values("regie_id", "regie__libelle").order_by("regie__libelle")
        return list(services.annotate(**{nom: Sum(nom) for nom in CHIFFRES}))

    def recus(self) -> list[dict[str, Any]]:
        """Ce qui a été reçu chaque jour, du plus ancien au plus récent."""
        jours: Any = self.exclude(recu_en_ligne=0, recu_ailleurs=0).values("jour").order_by("jour")
        return list(jours.annotate(**{nom: Sum(nom) for nom in RECUS}))


class BilanJour(models.Model):
    """Un jour d'un service : ce qui y fut publié et ce qu'il en est maintenant, et l'argent reçu ce jour-là."""

    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    regie = models.ForeignKey(Regie, models.PROTECT, related_name="+")
    jour = models.DateField(_("jour"))
    publiees = models.PositiveIntegerField(_("factures publiées"), default=0)
    lues = models.PositiveIntegerField(_("lues"), default=0)
    payees_en_ligne = models.PositiveIntegerField(_("payées en ligne"), default=0)
    payees_ailleurs = models.PositiveIntegerField(_("payées ailleurs"), default=0)
    en_retard = models.PositiveIntegerField(_("en retard"), default=0)
    dans_les_delais = models.PositiveIntegerField(_("à régler dans les délais"), default=0)
    trop_percus = models.PositiveIntegerField(_("trop-perçus"), default=0)
    montant = MontantField(_("montant publié"), default=0)
    reste_du = MontantField(_("reste dû"), default=0)
    du_en_retard = MontantField(_("reste dû en retard"), default=0)
    recu_en_ligne = MontantField(_("reçu en ligne"), default=0)
    recu_ailleurs = MontantField(_("reçu ailleurs"), default=0)

    objects = BilanJourQuerySet.as_manager()

    class Meta:
        verbose_name = _("bilan d'un jour")
        verbose_name_plural = _("bilans des jours")
        constraints = (
            models.UniqueConstraint(fields=("regie", "jour"), name="bilan_un_par_service_et_par_jour"),
            models.CheckConstraint(
                condition=Q(
                    publiees=models.F("payees_en_ligne")
                    + models.F("payees_ailleurs")
                    + models.F("en_retard")
                    + models.F("dans_les_delais")
                ),
                name="bilan_chaque_facture_a_un_sort",
            ),
        )
        indexes = (models.Index(fields=("collectivite", "jour"), name="bilan_par_commune_et_jour"),)

    def __str__(self) -> str:
        return f"{self.regie_id} · {self.jour}"


class BilanService(models.Model):
    """Les redevables à qui un service a publié des factures ; sans service, ceux de la commune."""

    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    regie = models.ForeignKey(Regie, models.PROTECT, related_name="+", null=True)
    redevables = models.PositiveIntegerField(_("redevables"), default=0)
    avec_compte = models.PositiveIntegerField(_("avec un compte"), default=0)
    electronique = models.PositiveIntegerField(_("sans papier"), default=0)
    compte_le = models.DateTimeField(_("compté le"), default=timezone.now)

    class Meta:
        verbose_name = _("bilan d'un service")
        verbose_name_plural = _("bilans des services")
        constraints = (
            models.UniqueConstraint(fields=("regie",), name="bilan_un_par_service"),
            models.UniqueConstraint(
                fields=("collectivite",), condition=Q(regie__isnull=True), name="bilan_un_par_commune"
            ),
        )

    def __str__(self) -> str:
        return f"{self.collectivite_id} · {self.regie_id}"
