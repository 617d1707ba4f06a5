"""Les comptes clients des logiciels de facturation, et qui les lit."""

import uuid
from collections.abc import Iterable
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comptes.codes import lire_client
from comptes.etats import EtatRattachement
from comptes.models.noms import IndexDeMots, Mots, NomsField
from comptes.models.usagers import Usager, normaliser_courriel
from portail.models import Collectivite
from portail.reperes import Compact, reduire


class ModeEnvoi(models.TextChoices):
    """Le papier est la règle ; l'électronique ne vient que d'un acte de la personne."""

    PAPIER = "papier", _("papier")
    ELECTRONIQUE = "electronique", _("électronique")


def rattaches_a(usager: Usager, *, par: str) -> Q:
    """L'accès, où qu'on le demande : un rattachement actif de cette personne. ``par`` est le chemin qui y mène."""
    return Q(**{f"{par}__usager": usager.pk, f"{par}__etat": EtatRattachement.ACTIF})


class RedevableQuerySet(models.QuerySet["Redevable"]):
    """Les comptes clients, vus par une personne."""

    def de(self, usager: Usager, *, chez: Collectivite) -> Self:
        """Ceux qui sont rattachés à cette personne dans cette commune."""
        return self.filter(rattaches_a(usager, par="rattachements"), collectivite=chez)

    def de_code(self, code: str, *, chez: Collectivite) -> Self:
        """Ceux de ce code client, tel qu'on le tape : deux logiciels d'une commune peuvent employer le même."""
        return self.alias(code_lu=Upper("code")).filter(collectivite=chez, code_lu=lire_client(code))

    def connus_par(self, courriel: str, *, chez: Collectivite) -> Self:
        """Ceux dont le service connaît cette adresse mail.

        Sauf ceux qu'il avait suspendus à un compte fermé depuis : le refermer n'aura pas levé la suspension.
        """
        suspendus = Q(rattachements__etat=EtatRattachement.SUSPENDU, rattachements__usager__ferme_le__isnull=False)
        lus = self.alias(courriel_lu=Lower("courriel")).exclude(
            pk__in=Redevable.objects.filter(suspendus, collectivite=chez).values("pk")
        )
        return lus.filter(collectivite=chez, courriel_lu=normaliser_courriel(courriel)).order_by("pk")

    def bulk_update(self, objs: Iterable["Redevable"], fields: Iterable[str], batch_size: int | None = None) -> int:
        """Celle de Django, qui n'appelle pas ``pre_save`` : les noms réduits y suivent aussi les noms."""
        redevables, noms = list(objs), Redevable._meta.get_field("noms")
        for redevable in redevables:
            noms.calculer(redevable)
        return super().bulk_update(redevables, [*fields, "noms"], batch_size)


class Redevable(models.Model):
    """Un compte client d'un logiciel de facturation d'une commune."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="redevables")
    source = models.CharField(_("logiciel d'origine"), max_length=20)
    code = models.CharField(_("code client"), max_length=40)
    civilite = models.CharField(_("civilité"), max_length=20, blank=True)
    nom = models.CharField(_("nom"), max_length=80)
    prenom = models.CharField(_("prénom"), max_length=80, blank=True)
    adresse = models.TextField(_("adresse"), max_length=200, blank=True)
    code_postal = models.CharField(_("code postal"), max_length=10, blank=True)
    ville = models.CharField(_("ville"), max_length=80, blank=True)
    courriel = models.EmailField(_("adresse mail connue du service"), blank=True)
    mode_envoi = models.CharField(_("mode d'envoi"), max_length=12, choices=ModeEnvoi, default=ModeEnvoi.PAPIER)
    noms = NomsField(editable=False)

    objects = RedevableQuerySet.as_manager()

    class Meta:
        verbose_name = _("redevable")
        verbose_name_plural = _("redevables")
        constraints = (
            models.UniqueConstraint(fields=("collectivite", "source", "code"), name="redevable_code_unique_par_source"),
        )
        indexes = (
            models.Index("collectivite", Upper("code"), name="redevable_par_code"),
            models.Index("collectivite", Lower("courriel"), name="redevable_par_courriel"),
            models.Index("collectivite", Compact("code"), name="redevable_par_code_compact"),
            IndexDeMots(Mots("noms"), name="redevable_par_noms"),
        )

    def __str__(self) -> str:
        return f"{self.nom_complet} ({self.source} {self.code})"

    @property
    def nom_complet(self) -> str:
        """« Madame SISTEC560 Test », comme sur un courrier."""
        return " ".join(filter(None, (self.civilite, self.nom, self.prenom)))

    @property
    def personne(self) -> tuple[str, ...]:
        """De quoi reconnaître une même personne d'un logiciel à l'autre : nom et adresse, sans casse ni accents."""
        return tuple(map(reduire, (f"{self.nom} {self.prenom}", self.adresse, self.code_postal, self.ville)))


class RattachementQuerySet(models.QuerySet["Rattachement"]):
    """Les rattachements, vus par la personne ou par le service."""

    def de(self, usager: Usager, *, chez: Collectivite) -> Self:
        """Ceux qui donnent à voir quelque chose à cette personne dans cette commune."""
        actifs = self.filter(usager=usager, collectivite=chez, etat=EtatRattachement.ACTIF)
        return actifs.select_related("redevable").order_by("pk")


class Rattachement(models.Model):
    """Cette personne lit et paie les factures de ce redevable, dans la commune de celui-ci seulement.

    Une ligne par personne et par redevable ; ce qui lui est arrivé est au journal.
    """

    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="rattachements")
    usager = models.ForeignKey(Usager, models.CASCADE, related_name="rattachements")
    redevable = models.ForeignKey(Redevable, models.PROTECT, related_name="rattachements")
    cree_le = models.DateTimeField(_("créé le"), default=timezone.now, editable=False)
    etat = models.CharField(_("état"), max_length=8, choices=EtatRattachement, default=EtatRattachement.ACTIF)
    depuis = models.DateTimeField(_("depuis"), default=timezone.now, editable=False)
    motif = models.CharField(_("motif de la suspension"), max_length=200, blank=True)
    nom_donne = models.CharField(_("nom donné par la personne"), max_length=40, blank=True)

    objects = RattachementQuerySet.as_manager()

    class Meta:
        verbose_name = _("rattachement")
        verbose_name_plural = _("rattachements")
        constraints = (
            models.UniqueConstraint(fields=("usager", "redevable"), name="rattachement_unique"),
            models.CheckConstraint(condition=Q(etat__in=EtatRattachement.values), name="rattachement_etat_connu"),
            models.CheckConstraint(
                condition=Q(etat=EtatRattachement.SUSPENDU) ^ Q(motif=""), name="rattachement_suspendu_motive"
            ),
        )

    def __str__(self) -> str:
        return f"{self.usager} → {self.redevable}"

    @property
    def nom(self) -> str:
        """Le nom que la personne lui a donné, sinon celui du service."""
        return self.nom_donne or self.redevable.nom_complet
