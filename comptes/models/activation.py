"""L'ouverture d'un compte : les codes imprimés, et les liens envoyés par courriel."""

import uuid
from datetime import timedelta
from typing import Self

from django.contrib.auth.hashers import make_password
from django.db import models
from django.db.models import Exists, OuterRef
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from comptes.codes import lire_client
from comptes.etats import EtatRattachement
from comptes.models.redevables import Rattachement, Redevable
from portail.models import Collectivite

VALIDITE_CODE = timedelta(days=90)
VALIDITE_LIEN = timedelta(hours=24)
CONSERVATION = timedelta(days=7)  # d'une demande : le temps qu'un courriel retardé parte et que son lien serve
# Au-delà, le code ne vaut plus rien : il faut en demander un autre au service.
ECHECS_PAR_CODE = 10


def empreinte_code(code: str, *, client: str, chez: Collectivite) -> str:
    """Un hachage lent (ASVS 6.5.2) dont le sel dépend du code client : un seul calcul, que ce code existe ou non."""
    sel = salted_hmac("comptes.code", f"{chez.pk} {lire_client(client)}", algorithm="sha256").hexdigest()[:32]
    return make_password(code, salt=sel)


class CodeActivationQuerySet(models.QuerySet["CodeActivation"]):
    """Les codes qui valent encore quelque chose."""

    def utilisables(self) -> Self:
        """Ni employés, ni périmés, ni brûlés par trop d'échecs."""
        return self.filter(utilise_le=None, expire_le__gt=timezone.now(), echecs__lt=ECHECS_PAR_CODE)

    def de_client(self, client: str, *, chez: Collectivite) -> Self:
        """Les codes de ce code client, tel qu'on le tape."""
        codes = self.alias(client=Upper("redevable__code"))
        return codes.filter(collectivite=chez, client=lire_client(client))


class CodeActivation(models.Model):
    """Le code imprimé d'un redevable : un seul à la fois, dont nous ne gardons que l'empreinte."""

    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    redevable = models.OneToOneField(Redevable, models.CASCADE, related_name="code_activation")
    empreinte = models.CharField(_("empreinte"), max_length=200, editable=False)
    cree_le = models.DateTimeField(_("créé le"), default=timezone.now, editable=False)
    expire_le = models.DateTimeField(_("expire le"), editable=False)
    echecs = models.PositiveSmallIntegerField(_("échecs"), default=0, editable=False)
    utilise_le = models.DateTimeField(_("utilisé le"), null=True, editable=False)

    objects = CodeActivationQuerySet.as_manager()

    class Meta:
        verbose_name = _("code d'activation")
        verbose_name_plural = _("codes d'activation")

    def __str__(self) -> str:
        return f"{self.redevable}"


def redevables_a_inviter(chez: Collectivite) -> models.QuerySet[Redevable]:
    """Ceux que personne ne lit encore, et qui n'ont pas de code en cours."""
    lus = Rattachement.objects.filter(redevable=OuterRef("pk"), etat=EtatRattachement.ACTIF)
    codes = CodeActivation.objects.utilisables().filter(redevable=OuterRef("pk"))
    redevables = Redevable.objects.filter(~Exists(lus), ~Exists(codes), collectivite=chez)
    return redevables.select_related("collectivite").order_by("pk")


class ActivationQuerySet(models.QuerySet["Activation"]):
    """Les demandes dont le lien vaut encore."""

    def utilisables(self) -> Self:
        """Le lien est parti, n'a pas servi et n'a pas expiré."""
        return self.filter(consommee_le=None, expire_le__gt=timezone.now())

    def oubliables(self) -> Self:
        """Ce que plus personne n'a à connaître : une adresse mail tapée, un lien mort depuis longtemps."""
        return self.filter(cree_le__lt=timezone.now() - CONSERVATION)


class Activation(models.Model):
    """Une demande d'activation : une adresse mail à confirmer par le lien qu'on y envoie.

    Le jeton du lien n'est gardé nulle part : il se calcule, et ne vaut qu'après l'envoi, qui pose ``expire_le``.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    collectivite = models.ForeignKey(Collectivite, models.PROTECT, related_name="+")
    courriel = models.EmailField(_("adresse mail"), editable=False)
    avec_code = models.BooleanField(_("des codes ont été tapés"), default=False, editable=False)
    code = models.ForeignKey(
        CodeActivation, models.CASCADE, related_name="activations", null=True, editable=False,
        help_text=_("Celui qui a été tapé, s'il était le bon."),
    )  # fmt: skip
    cree_le = models.DateTimeField(_("créée le"), default=timezone.now, editable=False)
    expire_le = models.DateTimeField(_("le lien expire le"), null=True, editable=False)
    consommee_le = models.DateTimeField(_("consommée le"), null=True, editable=False)

    objects = ActivationQuerySet.as_manager()

    class Meta:
        verbose_name = _("activation")
        verbose_name_plural = _("activations")

    def __str__(self) -> str:
        return f"{self.uuid}"

    @property
    def jeton(self) -> str:
        """Ce que seul le lien porte : 256 bits, que seule la clé de l'installation sait recalculer."""
        message = f"{self.uuid} {self.collectivite_id} {self.courriel}"
        return salted_hmac("comptes.activation", message, algorithm="sha256").hexdigest()

    def reconnait(self, jeton: str) -> bool:
        """Vrai si ce jeton est le sien."""
        return constant_time_compare(jeton, self.jeton)

    @property
    def adresse(self) -> str:
        """Le lien, à l'adresse enregistrée de la commune."""
        return f"{self.collectivite.adresse}/activation/{self.uuid}/{self.jeton}/"
