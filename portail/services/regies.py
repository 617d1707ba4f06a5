"""Les services d'une commune : en ouvrir un, le renommer, le fermer."""

from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from portail.journal import noter
from portail.models import Collectivite, Regie
from portail.services.modification import modifier


@transaction.atomic
def ajouter_un_service(*, collectivite: Collectivite, code: str, libelle: str, mode: str) -> Regie:
    """ValidationError si la commune a déjà un service de ce code."""
    regie = Regie(collectivite=collectivite, code=code, libelle=libelle, mode=mode)
    regie.full_clean()
    regie.save(force_insert=True)
    noter("regie.creee", sur=regie, apres={"code": code, "libelle": libelle, "mode": mode})
    return regie


def renommer_un_service(*, regie: Regie, libelle: str, lu: str = "") -> bool:
    """Change le nom du service, tel que le lisent les habitants."""
    return modifier(regie, "regie.modifiee", collectivite=regie.collectivite_id, lu=lu, libelle=libelle)


def changer_de_mode(*, regie: Regie, mode: str, lu: str = "") -> bool:
    """Qui recouvre : les documents et les références des prochaines factures en dépendent."""
    return modifier(regie, "regie.modifiee", collectivite=regie.collectivite_id, lu=lu, mode=mode)


def regler_les_moyens(*, regie: Regie, lu: str = "", **moyens: Any) -> bool:
    """Comment ce service se paie sans internet : une action à part au journal, car un IBAN y change."""
    return modifier(regie, "regie.moyens", collectivite=regie.collectivite_id, lu=lu, **moyens)


@transaction.atomic
def fermer_un_service(*, regie: Regie) -> bool:
    """Il ne reçoit plus de factures, et garde les siennes ; faux s'il était déjà fermé."""
    fermee = Regie.objects.filter(pk=regie.pk, fermee_le=None).update(fermee_le=timezone.now())
    if fermee:
        noter("regie.fermee", sur=regie)
    return bool(fermee)


@transaction.atomic
def rouvrir_un_service(*, regie: Regie) -> bool:
    """Il facture de nouveau ; faux s'il n'était pas fermé."""
    rouverte = Regie.objects.filter(pk=regie.pk, fermee_le__isnull=False).update(fermee_le=None)
    if rouverte:
        noter("regie.rouverte", sur=regie)
    return bool(rouverte)


def supprimer_un_service(*, regie: Regie) -> bool:
    """Un service ajouté par erreur disparaît ; faux, et rien n'est touché, s'il a servi à quoi que ce soit."""
    try:
        with transaction.atomic():
            noter("regie.supprimee", sur=regie, avant={"code": regie.code, "libelle": regie.libelle})
            regie.delete()
    except ProtectedError:
        return False
    return True
