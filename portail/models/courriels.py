"""Les courriels à envoyer, et ce que sont devenus ceux qui l'ont été."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portail.etats import MORTS, EtatCourriel
from portail.models.communes import Collectivite

EN_RETARD = timedelta(minutes=15)
CONSERVATION = timedelta(days=30)
A_ENVOYER = Q(etat=EtatCourriel.A_ENVOYER)


class CourrielQuerySet(models.QuerySet["Courriel"]):
    """La file, ses retards et ses échecs."""

    def a_envoyer(self, maintenant: datetime) -> Self:
        """Ceux dont l'heure est venue, dans l'ordre des actes qui les ont voulus."""
        return self.filter(A_ENVOYER, prochain_essai__lte=maintenant).order_by("pk")

    def en_retard(self, maintenant: datetime) -> Self:
        """Ceux qui attendent depuis longtemps : le serveur de courriel est muet, ou refuse pour l'instant."""
        return self.filter(A_ENVOYER, cree_le__lt=maintenant - EN_RETARD)

    def morts(self) -> Self:
        """Ceux qui ne partiront plus sans qu'un agent s'en occupe."""
        return self.filter(etat__in=MORTS)

    def a_oublier(self, maintenant: datetime) -> Self:
        """Ceux dont plus personne n'a à savoir à qui ils étaient adressés."""
        return self.exclude(destinataire="").filter(clos_le__lt=maintenant - CONSERVATION)


class Courriel(models.Model):
    """Un message, écrit en base avec l'acte qui l'a voulu ; le texte n'y vit que le temps de l'envoi.

    ``contexte`` ne porte aucun secret : des identifiants, d'où le texte est composé quand l'ouvrier l'envoie.
    """

    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    sorte = models.CharField(_("sorte"), max_length=40, editable=False)
    cle = models.CharField(_("clé"), max_length=120, editable=False, help_text=_("Un seul courriel par clé."))
    destinataire = models.CharField(_("destinataire"), max_length=254, blank=True, editable=False)
    contexte = models.JSONField(_("contexte"), default=dict, editable=False)
    message_id = models.CharField(_("Message-ID"), max_length=300, unique=True, editable=False)
    etat = models.CharField(
        _("état"), max_length=10, choices=EtatCourriel, default=EtatCourriel.A_ENVOYER, editable=False
    )
    cree_le = models.DateTimeField(_("créé le"), default=timezone.now, editable=False)
    essais = models.PositiveSmallIntegerField(_("essais"), default=0, editable=False)
    prochain_essai = models.DateTimeField(_("prochain essai"), default=timezone.now, null=True, editable=False)
    message = models.JSONField(_("message composé"), null=True, editable=False)
    clos_le = models.DateTimeField(_("clos le"), null=True, editable=False)
    erreur = models.CharField(_("dernière erreur"), max_length=80, blank=True, editable=False)

    objects = CourrielQuerySet.as_manager()

    class Meta:
        verbose_name = _("courriel")
        verbose_name_plural = _("courriels")
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(fields=("collectivite", "cle"), name="un_seul_courriel_par_cle"),
            models.CheckConstraint(condition=Q(etat__in=EtatCourriel.values), name="courriel_etat_connu"),
            models.CheckConstraint(
                condition=Q(A_ENVOYER, prochain_essai__isnull=False, clos_le__isnull=True)
                | Q(~A_ENVOYER, prochain_essai__isnull=True, clos_le__isnull=False),
                name="courriel_en_attente_ou_clos",
            ),
            models.CheckConstraint(condition=A_ENVOYER | Q(message__isnull=True), name="courriel_clos_sans_message"),
            models.CheckConstraint(condition=~A_ENVOYER | ~Q(destinataire=""), name="courriel_a_envoyer_a_quelqu_un"),
        )
        indexes = (
            models.Index(fields=("id",), condition=A_ENVOYER, name="courriel_a_envoyer"),
            models.Index(fields=("clos_le",), condition=~Q(destinataire=""), name="courriel_a_oublier"),
            models.Index(fields=("collectivite", "etat"), name="courriel_par_etat"),
            models.Index(fields=("collectivite", "destinataire"), name="courriel_par_destinataire"),
        )

    def __str__(self) -> str:
        return f"{self.cle} · {self.get_etat_display()}"
