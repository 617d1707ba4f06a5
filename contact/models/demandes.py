"""Une demande : qui écrit, à quel service, de quelle facture, et depuis quand une réponse est attendue."""

import uuid
from datetime import date, datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from comptes.models import Usager
from contact.delais import REPONSE_JOURS, il_y_a
from contact.etats import ATTENDENT, POUR_LA_PERSONNE, EtatDemande
from factures.models import Facture
from portail.models import Affectation, Collectivite, Regie, Role

OBJET_MAXIMUM = 100
SANS_ACTES = (Role.LECTURE, Role.EXPLOITANT)  # qui ne répond pas (portail.gestion.droits)
CONSERVATION = timedelta(days=365)  # d'une demande close
SANS_NOUVELLES = timedelta(days=90)  # une demande répondue dont la personne ne dit plus rien

# Ce qui n'a pas été lu, puis ce qui attend depuis le plus longtemps.
A_TRAITER_D_ABORD = (
    Case(*(When(etat=etat, then=Value(rang)) for rang, etat in enumerate(EtatDemande))),
    F("attend_depuis").asc(nulls_last=True),
    "-change_le",
    "-pk",
)


class DemandeQuerySet(models.QuerySet["Demande"]):
    """Les demandes, vues par leur auteur, par le service ou par le temps qui passe."""

    def de(self, usager: Usager, *, chez: Collectivite) -> Self:
        """Celles de cette personne dans cette commune."""
        return self.filter(usager=usager, collectivite=chez)

    def ouvertes(self) -> Self:
        """Celles qui ne sont pas closes."""
        return self.exclude(etat=EtatDemande.CLOSE)

    def a_prendre(self) -> Self:
        """Ouvertes, et à personne."""
        return self.ouvertes().filter(assignee=None)

    def abandonnees(self) -> Self:
        """Ouvertes, et à un agent qui ne peut plus y répondre : retiré, suspendu, d'un autre rôle, ou compte fermé."""
        agent = repondants(usager=OuterRef("assignee"), collectivite=OuterRef("collectivite"))
        return self.ouvertes().filter(~Exists(agent), assignee__isnull=False)

    def en_attente(self) -> Self:
        """Celles auxquelles le service doit une réponse."""
        return self.filter(etat__in=ATTENDENT)

    def en_retard(self, collectivite: Collectivite) -> Self:
        """Celles de cette commune qui l'attendent depuis plus de dix jours ouvrés."""
        return self.filter(collectivite=collectivite, attend_depuis__lt=limite(collectivite))

    def a_effacer(self, maintenant: datetime) -> Self:
        """Closes depuis un an."""
        return self.filter(etat=EtatDemande.CLOSE, clos_le__lt=maintenant - CONSERVATION)

    def sans_nouvelles(self, maintenant: datetime) -> Self:
        """Répondues, et dont la personne n'a rien dit depuis trois mois."""
        return self.filter(etat=EtatDemande.REPONDUE, change_le__lt=maintenant - SANS_NOUVELLES)


def repondants(**ou: Any) -> models.QuerySet[Affectation]:
    """Les accès de ceux qui peuvent répondre."""
    return Affectation.objects.actives().filter(usager__is_active=True, **ou).exclude(role__in=SANS_ACTES)


def limite(collectivite: Collectivite) -> datetime:
    """L'instant avant lequel une demande encore sans réponse est en retard."""
    jour = il_y_a(REPONSE_JOURS, avant=collectivite.aujourd_hui())
    return datetime.combine(jour, time(), ZoneInfo(collectivite.fuseau))


class Demande(models.Model):
    """Ce qu'une personne demande au service ; ce qui s'est dit est dans ses messages."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="demandes")
    usager = models.ForeignKey(Usager, models.PROTECT, related_name="demandes", verbose_name=_("personne"))
    regie = models.ForeignKey(
        Regie, models.PROTECT, related_name="demandes", null=True, blank=True, verbose_name=_("service")
    )
    facture = models.ForeignKey(
        Facture, models.PROTECT, related_name="demandes", null=True, blank=True, verbose_name=_("facture")
    )
    objet = models.CharField(_("objet"), max_length=OBJET_MAXIMUM)
    etat = models.CharField(_("état"), max_length=8, choices=EtatDemande, default=EtatDemande.NOUVELLE)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("assignée à")
    )
    cree_le = models.DateTimeField(_("reçue le"), default=timezone.now, editable=False)
    change_le = models.DateTimeField(_("dernier échange le"), default=timezone.now, editable=False)
    attend_depuis = models.DateTimeField(_("attend une réponse depuis"), null=True, blank=True, editable=False)
    clos_le = models.DateTimeField(_("close le"), null=True, blank=True, editable=False)
    a_signaler = models.BooleanField(default=False, editable=False)  # au prochain avis groupé

    objects = DemandeQuerySet.as_manager()

    class Meta:
        verbose_name = _("demande")
        verbose_name_plural = _("demandes")
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(condition=Q(etat__in=EtatDemande.values), name="demande_etat_connu"),
            models.CheckConstraint(
                condition=Q(etat__in=ATTENDENT, attend_depuis__isnull=False)
                | (~Q(etat__in=ATTENDENT) & Q(attend_depuis__isnull=True)),
                name="demande_qui_attend_depuis_quand",
            ),
            models.CheckConstraint(
                condition=Q(etat=EtatDemande.CLOSE, clos_le__isnull=False)
                | (~Q(etat=EtatDemande.CLOSE) & Q(clos_le__isnull=True)),
                name="demande_close_datee",
            ),
        )
        indexes = (
            models.Index(fields=("collectivite", "etat", "attend_depuis"), name="demande_a_traiter"),
            models.Index(fields=("usager", "collectivite"), name="demande_par_personne"),
        )

    def __str__(self) -> str:
        return self.numero

    @property
    def numero(self) -> str:
        """« 2026-00042 », ce que la personne cite au téléphone."""
        return f"{self.cree_le:%Y}-{self.pk:05d}"

    @property
    def service(self) -> str:
        """Le service chargé de répondre ; à défaut, la commune."""
        return self.regie.libelle if self.regie else self.collectivite.nom

    @property
    def etat_pour_la_personne(self) -> Promise:
        """Son état, dans les mots de la personne."""
        return POUR_LA_PERSONNE[EtatDemande(self.etat)]

    @property
    def en_retard(self) -> bool:
        """Vrai si la réponse est attendue depuis plus de dix jours ouvrés."""
        return self.attend_depuis is not None and self.attend_depuis < limite(self.collectivite)

    def age(self, aujourd_hui: date) -> int | None:
        """Depuis combien de jours le service doit une réponse ; None s'il n'en doit pas."""
        if self.attend_depuis is None:
            return None
        return (aujourd_hui - self.attend_depuis.astimezone(ZoneInfo(self.collectivite.fuseau)).date()).days
