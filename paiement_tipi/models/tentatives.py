"""Les tentatives de paiement, leur journal, et les notifications telles que reçues."""

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from comptes.models import Usager
from factures.models import Facture, MontantField
from paiement_tipi.etats import DEFINITIFS, JUSTIFIABLES, LISIBLE, OUVERTS, SANS_RESULTAT, EtatPaiement
from paiement_tipi.models.contrats import SAISIES, ContratTipi, Transport
from paiement_tipi.protocole import PRODUCTIONS
from portail.models import Collectivite
from portail.reperes import Compact

DOUBLE_CLIC = timedelta(seconds=10)

# Le résultat aurait dû venir : PayFiP ne laisse pas payer plus longtemps (payfip.md §3.7).
SANS_NOUVELLE = Q(etat__in=OUVERTS, envoye_le__lt=Now() - SANS_RESULTAT)

# Celles que le relevé ne redemande plus ; l'état décide, et non ``resultat`` : un refus qui ne concorde pas avec notre
# demande ne clôt rien.
_TERMINEES = DEFINITIFS | {EtatPaiement.REFUSE}

# PayFiP n'a pas répondu, et le relevé insiste encore.
EN_PANNE = Q(pannes__gt=0, envoye_le__gt=Now() - LISIBLE) & ~Q(etat__in=_TERMINEES)


def nouveau_jeton() -> str:
    """256 bits : l'adresse de retour et elle seule désigne la tentative."""
    return secrets.token_urlsafe(32)


class PaiementQuerySet(models.QuerySet["Paiement"]):
    """Les tentatives à suivre."""

    def de(self, usager: Usager, *, chez: Collectivite) -> Self:
        """Celles de cette personne dans cette commune."""
        return self.filter(usager=usager, collectivite=chez)

    def depuis_le_papier(self) -> Self:
        """Celles de personne, ou d'un compte fermé : qui les a faites n'en tient que l'adresse de retour."""
        return self.filter(Q(usager=None) | Q(usager__ferme_le__isnull=False))

    def justifiables(self) -> Self:
        """Celles qui ont abouti, même si la banque est revenue dessus ; jamais un essai."""
        return self.filter(etat__in=JUSTIFIABLES)

    def par_url(self) -> Self:
        """Celles que PayFiP ne laisse pas interroger."""
        return self.exclude(transport=Transport.SERVICE_WEB)

    def a_relire(self, maintenant: datetime) -> Self:
        """Celles qu'il est temps de redemander à PayFiP."""
        return self.interrogeables(maintenant).filter(relire_le__lte=maintenant).order_by("relire_le")

    def interrogeables(self, maintenant: datetime) -> Self:
        """Celles que PayFiP connaît encore et dont le résultat n'est ni un succès, ni un refus."""
        connues = self.filter(idop__isnull=False, envoye_le__gt=maintenant - LISIBLE)
        return connues.exclude(etat__in=_TERMINEES)


class Paiement(models.Model):
    """Une tentative chez PayFiP. Les valeurs envoyées y sont gardées : ce qui revient leur est comparé."""

    uuid = models.UUIDField(_("identifiant ici"), default=uuid.uuid4, unique=True, editable=False)
    jeton = models.CharField(max_length=43, unique=True, default=nouveau_jeton, editable=False)
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    contrat = models.ForeignKey(ContratTipi, models.PROTECT, related_name="paiements", verbose_name=_("contrat PayFiP"))
    # Sans compte : depuis le papier.
    usager = models.ForeignKey(Usager, models.PROTECT, related_name="paiements", null=True, blank=True)
    formulaire = models.UUIDField(_("formulaire d'origine"), help_text=_("Un double clic envoie deux fois le même."))
    etat = models.CharField(_("état"), max_length=15, choices=EtatPaiement, default=EtatPaiement.DEMARRE)
    cree_le = models.DateTimeField(_("créé le"), default=timezone.now, editable=False)
    # Ce que nous avons envoyé.
    transport = models.CharField(_("transport"), max_length=11, choices=Transport, default=Transport.SERVICE_WEB)
    numcli = models.CharField(_("numéro de client (numcli)"), max_length=6)
    saisie = models.CharField(_("mise en service"), max_length=1, choices=SAISIES)
    exer = models.CharField(_("exercice"), max_length=4)
    refdet = models.CharField(_("référence envoyée"), max_length=40)
    objet = models.CharField(_("objet"), max_length=99, blank=True)
    montant = MontantField(_("montant"))
    mel = models.EmailField(_("adresse mail"))
    # Ce que PayFiP a répondu.
    idop = models.UUIDField(_("identifiant chez PayFiP (idop)"), null=True, blank=True, unique=True)
    envoye_le = models.DateTimeField(_("envoyé le"), null=True, blank=True)
    resultat = models.CharField(_("résultat de PayFiP"), max_length=8, blank=True)
    numauto = models.CharField(_("numéro d'autorisation"), max_length=64, blank=True)
    date_payfip = models.DateTimeField(_("date donnée par PayFiP"), null=True, blank=True)
    reponse = models.TextField(_("dernière réponse, adresse mail masquée"), blank=True)
    anomalie = models.CharField(_("anomalie"), max_length=200, blank=True)
    # Le suivi.
    relire_le = models.DateTimeField(_("à redemander le"), null=True, blank=True, db_index=True)
    compare_le = models.DateTimeField(_("comparé à PayFiP le"), null=True, blank=True, db_index=True)
    pannes = models.PositiveSmallIntegerField(_("pannes d'affilée"), default=0)

    objects = PaiementQuerySet.as_manager()

    class Meta:
        verbose_name = _("paiement")
        verbose_name_plural = _("paiements")
        constraints = (
            models.CheckConstraint(condition=Q(montant__gt=0), name="paiement_montant_positif"),
            models.CheckConstraint(condition=Q(etat__in=EtatPaiement.values), name="paiement_etat_connu"),
            models.CheckConstraint(
                condition=Q(etat__in=(EtatPaiement.DEMARRE, EtatPaiement.ECHOUE))
                | Q(idop__isnull=False, envoye_le__isnull=False, transport=Transport.SERVICE_WEB)
                | Q(~Q(transport=Transport.SERVICE_WEB), idop__isnull=True, envoye_le__isnull=False),
                name="paiement_envoye_avec_idop",
            ),
        )
        # L'accueil de la gestion compte à chaque visite ceux qu'il faut suivre : peu, parmi beaucoup.
        indexes = (
            models.Index(fields=("collectivite",), condition=Q(etat__in=OUVERTS), name="paiement_ouvert"),
            models.Index(fields=("collectivite",), condition=Q(etat=EtatPaiement.DECLARE), name="paiement_declare"),
            models.Index(fields=("collectivite",), condition=~Q(anomalie=""), name="paiement_en_anomalie"),
            models.Index(fields=("collectivite",), condition=Q(pannes__gt=0), name="paiement_en_panne"),
            models.Index("collectivite", Compact("refdet"), name="paiement_par_refdet"),
            models.Index("collectivite", Compact("numauto"), name="paiement_par_numauto"),
            models.Index(fields=("collectivite", "montant"), name="paiement_par_montant"),
        )

    def __str__(self) -> str:
        return f"{self.uuid} · {self.get_etat_display()}"

    @property
    def payeur(self) -> str:
        """La personne qui l'a commencée, ou comment elle est venue."""
        return str(self.usager) if self.usager else gettext("Depuis le papier")

    @property
    def du_papier(self) -> bool:
        """Vrai si elle n'est à personne : rien de ce que le papier ne montrait pas ne s'y montre."""
        return self.usager is None or self.usager.ferme_le is not None

    @property
    def est_ouvert(self) -> bool:
        """Vrai tant que la tentative retient la facture."""
        return self.etat in OUVERTS

    @property
    def par_url(self) -> bool:
        """Vrai si PayFiP ne peut pas être interrogé : seul son POST, ou le Trésor, dit ce qu'elle est devenue."""
        return self.transport != Transport.SERVICE_WEB

    @property
    def encaisse(self) -> bool:
        """Vrai si elle peut régler : un essai ou une activation ne règle jamais."""
        return self.saisie in PRODUCTIONS

    @property
    def justifiable(self) -> bool:
        """Vrai s'il y en a un justificatif."""
        return self.etat in JUSTIFIABLES

    def vient_de_partir(self, maintenant: datetime) -> bool:
        """Vrai juste après l'envoi : plus tard, la page de PayFiP a pu servir et ne resservira pas."""
        return self.envoye_le is not None and maintenant - self.envoye_le < DOUBLE_CLIC


class PartPaiement(models.Model):
    """Ce qu'une tentative paie d'une facture. La base n'en admet qu'une ouverte par facture."""

    paiement = models.ForeignKey(Paiement, models.PROTECT, related_name="parts")
    facture = models.ForeignKey(Facture, models.PROTECT, related_name="parts")
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    montant = MontantField(_("montant"))
    ouverte = models.BooleanField(_("ouverte"), default=True)

    class Meta:
        verbose_name = _("part de paiement")
        verbose_name_plural = _("parts de paiement")
        constraints = (
            models.UniqueConstraint(
                fields=("facture",), condition=Q(ouverte=True), name="une_tentative_ouverte_par_facture"
            ),
            models.UniqueConstraint(fields=("paiement", "facture"), name="part_unique_par_facture"),
            models.CheckConstraint(condition=Q(montant__gt=0), name="part_montant_positif"),
        )

    def __str__(self) -> str:
        return f"{self.facture} · {self.montant}"


class TransitionPaiement(models.Model):
    """Un changement d'état : de quoi raconter ce qui s'est passé."""

    ajout_seul = True

    paiement = models.ForeignKey(Paiement, models.PROTECT, related_name="transitions")
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    de = models.CharField(_("de"), max_length=15, choices=EtatPaiement)
    vers = models.CharField(_("vers"), max_length=15, choices=EtatPaiement)
    cause = models.CharField(_("cause"), max_length=80)
    le = models.DateTimeField(_("le"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("transition")
        verbose_name_plural = _("transitions")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.de} → {self.vers}"


class NotificationTipi(models.Model):
    """Une notification de PayFiP, gardée telle que reçue avant d'être traitée."""

    paiement = models.ForeignKey(Paiement, models.PROTECT, related_name="notifications")
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    recue_le = models.DateTimeField(_("reçue le"), default=timezone.now, editable=False)
    corps = models.TextField(_("corps"))

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")

    def __str__(self) -> str:
        return f"{self.paiement_id} · {self.recue_le:%Y-%m-%d %H:%M}"
