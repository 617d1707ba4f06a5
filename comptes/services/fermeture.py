"""Fermer un compte, partout : la personne n'entre plus nulle part. Le rouvrir lui rend ce qu'elle avait."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q

from comptes.models import Usager
from comptes.services.agents import (
    DernierAdministrateur,
    est_le_dernier_administrateur,
    suivre_l_acces,
    verrouiller_la_commune,
)
from comptes.services.sessions import fermer_les_sessions_d_ici
from portail.journal import noter
from portail.models import Affectation, Collectivite


@transaction.atomic
def fermer_un_compte(*, usager: Usager, motif: str) -> bool:
    """Faux s'il l'était. DernierAdministrateur, qui nomme les communes où plus personne ne nommerait les agents."""
    acces = list(_ses_acces(usager))
    if privees := [acces_.collectivite.nom for acces_ in acces if est_le_dernier_administrateur(acces_)]:
        raise DernierAdministrateur(", ".join(privees))
    if not Usager.objects.filter(pk=usager.pk, is_active=True).update(is_active=False):
        return False
    for commune in _communes(usager):
        fermer_les_sessions_d_ici(usager=usager, collectivite=commune)
        noter("compte.ferme", sur=usager, collectivite=commune.pk, apres={"motif": motif})
    for acces_ in acces:
        suivre_l_acces(usager, acces_.collectivite)
    return True


def _ses_acces(usager: Usager) -> Iterable[Affectation]:
    """Chacun dans une commune qu'aucun autre départ ne touche d'ici la fin ; toujours dans le même ordre."""
    siens = Affectation.objects.filter(usager=usager)
    for commune in Collectivite.objects.filter(pk__in=siens.values("collectivite")).order_by("pk"):
        verrouiller_la_commune(commune)
    return siens.select_related("collectivite")


@transaction.atomic
def rouvrir_un_compte(*, usager: Usager) -> bool:
    """Faux s'il n'était pas fermé, ou l'est pour de bon ; ses demandes, à d'autres depuis, ne lui reviennent pas."""
    if not Usager.objects.filter(pk=usager.pk, is_active=False, ferme_le=None).update(is_active=True):
        return False
    for commune in _communes(usager):
        noter("compte.rouvert", sur=usager, collectivite=commune.pk)
    return True


def _communes(usager: Usager) -> Iterable[Collectivite]:
    """Celles où il a affaire, comme habitant ou comme agent : chacune le lit à son journal."""
    a_affaire = Q(rattachements__usager=usager) | Q(affectations__usager=usager)
    return Collectivite.objects.filter(a_affaire).distinct().order_by("pk")
