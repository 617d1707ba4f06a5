"""La mise en service : ce qu'il faut à une commune pour ouvrir son portail à ses habitants, et l'ouvrir."""

from functools import partial

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from portail.journal import noter
from portail.models import Collectivite
from portail.models.mentions import OBLIGATOIRES
from portail.registre import Exigence, declarer_exigence, exigences
from portail.services.modification import verrouiller


def declarer_les_mentions() -> None:
    """Celles du rez-de-chaussée ; les autres apps ajoutent les leurs."""
    for nom in OBLIGATOIRES:
        libelle = str(Collectivite._meta.get_field(nom).verbose_name)  # type: ignore[union-attr]  # un champ à nous
        declarer_exigence(Exigence(nom, libelle, partial(_est_rempli, nom), _identite))


def _est_rempli(nom: str, collectivite: Collectivite) -> bool:
    return bool(str(getattr(collectivite, nom)).strip())


def _identite(collectivite: Collectivite) -> str:
    return reverse("gestion:portail_collectivite_identite", args=[collectivite.pk])


def manquantes(collectivite: Collectivite) -> list[Exigence]:
    """Ce qu'il reste à remplir avant d'ouvrir."""
    return [exigence for exigence in exigences() if not exigence.remplie(collectivite)]


@transaction.atomic
def ouvrir_le_portail(*, collectivite: Collectivite) -> bool:
    """Les habitants entrent, pour toujours ; faux s'il manque quelque chose, ou si c'était déjà fait."""
    actuelle = verrouiller(collectivite)
    if actuelle.est_ouverte or manquantes(actuelle):
        return False
    Collectivite.objects.filter(pk=actuelle.pk).update(ouverte_le=timezone.now())
    noter("collectivite.ouverte", sur=actuelle, collectivite=actuelle.pk)
    return True
