"""Suspendre et reprendre le paiement en ligne d'un service ; de deux agents à la fois, un seul l'emporte."""

from datetime import datetime

from django.db import models, transaction
from django.utils import timezone

from portail.etats import EtatSuspension
from portail.journal import noter
from portail.models import Regie


@transaction.atomic
def suspendre_le_paiement(
    *, regie: Regie, auteur: models.Model, debut: datetime | None = None, fin: datetime | None = None, message: str = ""
) -> bool:
    """Suspend dès ``debut``, sinon tout de suite, et jusqu'à ``fin``, sinon jusqu'à la reprise.

    Faux si une suspension court ou est déjà programmée : rien n'est changé. Un paiement parti chez PayFiP peut finir.
    """
    actuelle = _verrouiller(regie)
    if actuelle.suspension != EtatSuspension.AUCUNE:
        return False
    actuelle.suspension_debut, actuelle.suspension_fin = _au_plus_tot(debut), fin
    actuelle.suspension_message, actuelle.suspension_auteur = message, auteur.pk
    actuelle.suspension_posee_le = timezone.now()
    _ecrire(actuelle, "regie.suspendue")
    return True


@transaction.atomic
def changer_la_suspension(
    *, regie: Regie, debut: datetime | None = None, fin: datetime | None = None, message: str = ""
) -> bool:
    """Change sa fin et son message, et son début s'il est encore à venir ; faux s'il n'y a plus de suspension."""
    actuelle = _verrouiller(regie)
    etat, avant = actuelle.suspension, _faits(actuelle)
    if etat == EtatSuspension.AUCUNE:
        return False
    if etat == EtatSuspension.PROGRAMMEE:
        actuelle.suspension_debut = _au_plus_tot(debut)
    actuelle.suspension_fin, actuelle.suspension_message = fin, message
    _ecrire(actuelle, "regie.suspension_changee", avant=avant)
    return True


@transaction.atomic
def reprendre_le_paiement(*, regie: Regie) -> EtatSuspension:
    """Met fin à la suspension en cours ou annule celle à venir ; rend ce qu'elle était, AUCUNE s'il n'y en a pas."""
    actuelle = _verrouiller(regie)
    etait, avant = actuelle.suspension, _faits(actuelle)
    if etait != EtatSuspension.AUCUNE:
        actuelle.suspension_debut = actuelle.suspension_fin = actuelle.suspension_posee_le = None
        actuelle.suspension_message, actuelle.suspension_auteur = "", None
        _ecrire(actuelle, "regie.reprise", avant=avant)
    return etait


def _verrouiller(regie: Regie) -> Regie:
    """Telle qu'elle est en base, à nous seuls jusqu'à la fin ; ses factures peuvent continuer d'arriver."""
    return Regie.objects.select_for_update(no_key=True).get(pk=regie.pk)


def _au_plus_tot(debut: datetime | None) -> datetime:
    """À la seconde : tout de suite veut dire tout de suite, même si l'horloge de la base retarde un peu."""
    return max(debut or timezone.now(), timezone.now()).replace(microsecond=0)


def _ecrire(regie: Regie, action: str, *, avant: dict[str, object] | None = None) -> None:
    regie.save(update_fields=[c.name for c in Regie._meta.local_fields if c.name.startswith("suspension_")])
    noter(action, sur=regie, avant=avant, apres=_faits(regie))


def _faits(regie: Regie) -> dict[str, object]:
    debut, fin = regie.suspension_debut, regie.suspension_fin
    return {"debut": debut and debut.isoformat(), "fin": fin and fin.isoformat()}
