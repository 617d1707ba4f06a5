"""Comment PayFiP connaît un service, par où il lui parle, et ce qu'il accepte."""

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from factures.argent import depuis_centimes
from factures.models import MontantField
from paiement_tipi.etats import MiseEnService
from paiement_tipi.protocole import MONTANT_MAXIMAL, MONTANT_MINIMAL, Saisie
from paiement_tipi.protocole_url import MONTANT_MAXIMAL_URL
from portail.models import Collectivite, Regie


class Transport(models.TextChoices):
    """Comment ce contrat parle à PayFiP."""

    SERVICE_WEB = "service-web", _("service web")
    URL_REGIE = "url-regie", _("URL, régie")
    URL_TITRE = "url-titre", _("URL, titre ou rôle")


SAISIES = [
    (Saisie.TEST, _("test")),
    (Saisie.ACTIVATION, _("activation")),
    (Saisie.PRODUCTION, _("production")),
    (Saisie.PRODUCTION_URL, _("production par URL")),
]


class ContratTipi(models.Model):
    """Comment PayFiP connaît un service : son numéro de client et où en est sa mise en service."""

    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    regie = models.OneToOneField(Regie, models.PROTECT, related_name="contrat_tipi", verbose_name=_("service"))
    numcli = models.CharField(_("numéro de client (numcli)"), max_length=6)
    transport = models.CharField(_("transport"), max_length=11, choices=Transport, default=Transport.SERVICE_WEB)
    saisie = models.CharField(_("mise en service"), max_length=1, choices=SAISIES, default=Saisie.TEST)
    # Ce qu'aucun document lu ne fixe (payfip.md §2.4 et §2.5) ; sans montant, ceux du transport.
    montant_minimal = MontantField(_("montant minimal"), null=True)  # type: ignore[misc]  # le champ ne sait pas se dire nul
    montant_maximal = MontantField(_("montant maximal"), null=True)  # type: ignore[misc]  # le champ ne sait pas se dire nul
    dette_sur_13 = models.BooleanField(_("numéro de dette complété à 13 chiffres"), default=True)
    carte = models.BooleanField(_("carte bancaire"), default=True)
    prelevement = models.BooleanField(_("prélèvement"), default=True)
    groupes = models.BooleanField(_("plusieurs factures par paiement"), default=False)
    libelles = models.TextField(_("libellés de PayFiP"), blank=True)
    verifie_le = models.DateTimeField(_("vérifié le"), null=True)
    # Ce que PayFiP en a dit d'autre, la nuit dernière.
    alerte = models.CharField(_("alerte"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("contrat PayFiP")
        verbose_name_plural = _("contrats PayFiP")
        constraints = (
            models.CheckConstraint(condition=Q(numcli__regex=r"^[0-9]{6}$"), name="contrat_numcli_six_chiffres"),
            models.CheckConstraint(
                condition=Q(saisie__in=(Saisie.TEST, Saisie.ACTIVATION))
                | Q(transport=Transport.SERVICE_WEB, saisie=Saisie.PRODUCTION)
                | Q(~Q(transport=Transport.SERVICE_WEB), saisie=Saisie.PRODUCTION_URL),
                name="contrat_saisie_du_transport",
            ),
        )

    def __str__(self) -> str:
        return f"{self.regie} · {self.numcli}"

    @property
    def maximum(self) -> Decimal:
        """Le plus qu'un paiement demande : le sien, sinon celui de son transport (payfip.md §2.4)."""
        centimes = MONTANT_MAXIMAL if self.transport == Transport.SERVICE_WEB else MONTANT_MAXIMAL_URL
        return depuis_centimes(centimes) if self.montant_maximal is None else self.montant_maximal

    @property
    def bornes(self) -> tuple[Decimal, Decimal]:
        """Les sommes que ce contrat laisse payer, en euros."""
        minimal = depuis_centimes(MONTANT_MINIMAL) if self.montant_minimal is None else self.montant_minimal
        return minimal, self.maximum

    @property
    def etape(self) -> MiseEnService:
        """Test, activation ou production, quel que soit le transport."""
        etapes = {Saisie.TEST: MiseEnService.TEST, Saisie.ACTIVATION: MiseEnService.ACTIVATION}
        return etapes.get(Saisie(self.saisie), MiseEnService.PRODUCTION)

    @property
    def en_essai(self) -> bool:
        """Vrai tant qu'aucun paiement ne règle rien."""
        return self.etape != MiseEnService.PRODUCTION
