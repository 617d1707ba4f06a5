"""Les annonces : ce que la commune ou un de ses services dit aux habitants, de quand à quand, et qui l'a lu."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portail.etats import EtatAnnonce
from portail.models.communes import Collectivite, Regie

CONSERVATION = timedelta(days=365)  # de ses lectures, une fois l'annonce finie


def dans_l_etat(etat: EtatAnnonce, maintenant: datetime) -> Q:
    """La même décision que ``Annonce.etat_a``, pour la base."""
    if etat == EtatAnnonce.RETIREE:
        return Q(retiree_le__isnull=False)
    conditions = {
        EtatAnnonce.PROGRAMMEE: Q(debut__gt=maintenant),
        EtatAnnonce.EN_LIGNE: Q(debut__lte=maintenant, fin__gt=maintenant),
        EtatAnnonce.TERMINEE: Q(fin__lte=maintenant),
    }
    return Q(retiree_le=None) & conditions[etat]


class Annonce(models.Model):
    """Un titre et du texte brut, où les adresses deviennent des liens ; sans service, elle est à toute la commune.

    Importante, chacun la lit à son arrivée une fois par ``revision`` ; les autres sont un bandeau.
    """

    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="annonces")
    regie = models.ForeignKey(
        Regie, models.PROTECT, related_name="annonces", null=True, blank=True, verbose_name=_("service")
    )
    titre = models.CharField(_("titre"), max_length=100)
    texte = models.TextField(_("texte"), max_length=2000)
    importante = models.BooleanField(_("importante"), default=False)
    debut = models.DateTimeField(_("à partir de"), default=timezone.now)
    fin = models.DateTimeField(_("jusqu'à"))
    revision = models.PositiveIntegerField(_("révision à lire"), default=1, editable=False)
    # Sans clé étrangère : l'annonce survit au compte.
    auteur = models.BigIntegerField(_("compte de l'auteur"), editable=False)
    creee_le = models.DateTimeField(_("écrite le"), default=timezone.now, editable=False)
    retiree_le = models.DateTimeField(_("retirée le"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("annonce")
        verbose_name_plural = _("annonces")
        ordering = ("-importante", "-debut", "-pk")
        constraints = (models.CheckConstraint(condition=Q(fin__gt=F("debut")), name="annonce_finit_apres_son_debut"),)

    def __str__(self) -> str:
        return self.titre

    def etat_a(self, maintenant: datetime) -> EtatAnnonce:
        """Ce qu'elle est à cet instant ; le premier vrai l'emporte."""
        if self.retiree_le is not None:
            return EtatAnnonce.RETIREE
        if self.debut > maintenant:
            return EtatAnnonce.PROGRAMMEE
        return EtatAnnonce.EN_LIGNE if self.fin > maintenant else EtatAnnonce.TERMINEE

    @property
    def lectures_effacees(self) -> bool:
        """Vrai si l'on ne sait plus qui l'a lue."""
        return min(self.fin, self.retiree_le or self.fin) < timezone.now() - CONSERVATION

    @property
    def cle(self) -> str:
        """Ce texte-ci : l'annonce, et la révision qu'on en a sous les yeux."""
        return f"{self.pk}.{self.revision}"

    @property
    def etat(self) -> EtatAnnonce:
        """Ce qu'elle est maintenant."""
        return self.etat_a(timezone.now())


class LectureDAnnonceQuerySet(models.QuerySet["LectureDAnnonce"]):
    """Qui a lu quoi, le temps que cela serve."""

    def a_effacer(self, maintenant: datetime) -> Self:
        """D'une annonce qui n'est plus en ligne depuis un an."""
        limite = maintenant - CONSERVATION
        return self.filter(Q(annonce__fin__lt=limite) | Q(annonce__retiree_le__lt=limite))


class LectureDAnnonce(models.Model):
    """Cette personne a lu cette révision d'une annonce importante."""

    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    annonce = models.ForeignKey(Annonce, models.PROTECT, related_name="lectures")
    usager = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    revision = models.PositiveIntegerField(_("révision lue"))
    lue_le = models.DateTimeField(_("lue le"), default=timezone.now, editable=False)

    objects = LectureDAnnonceQuerySet.as_manager()

    class Meta:
        verbose_name = _("lecture d'annonce")
        verbose_name_plural = _("lectures d'annonces")
        constraints = (
            models.UniqueConstraint(fields=("annonce", "usager", "revision"), name="annonce_lue_une_fois_par_revision"),
        )

    def __str__(self) -> str:
        return f"{self.usager_id} · {self.annonce}"


def annonces_en_ligne(chez: Collectivite, maintenant: datetime) -> list[Annonce]:
    """Celles de cette commune à cet instant, les importantes d'abord ; à lire seulement, elles servent à d'autres.

    Aucune requête d'une visite à l'autre : la commune, que chaque requête relit, dit quand elles ont changé.
    """
    if chez.annonces_version is None:
        return []
    connues = _connues(chez.pk, chez.annonces_version)
    return [annonce for annonce in connues if annonce.etat_a(maintenant) == EtatAnnonce.EN_LIGNE]


@lru_cache(maxsize=256)
def _connues(chez: int, _version: UUID) -> tuple[Annonce, ...]:
    """Toutes celles qui sont ou seront en ligne, dans cette version."""
    return tuple(Annonce.objects.filter(collectivite=chez, retiree_le=None, fin__gt=timezone.now()))
