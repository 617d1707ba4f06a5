"""Annoncer, modifier, retirer, et retenir qui a lu. Une annonce paraît et disparaît à l'heure, sans tâche de fond."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypedDict, Unpack
from uuid import uuid4

from django.db import models, transaction
from django.utils import timezone

from portail.journal import noter
from portail.models import Annonce, Collectivite, LectureDAnnonce, Regie


class Contenu(TypedDict):
    """Ce qu'un agent écrit d'une annonce."""

    titre: str
    texte: str
    importante: bool
    regie: Regie | None
    debut: datetime | None
    fin: datetime


@transaction.atomic
def annoncer(*, collectivite: Collectivite, auteur: models.Model, **contenu: Unpack[Contenu]) -> Annonce:
    """Une annonce nouvelle, dès son début, sinon tout de suite."""
    _changer_de_version(collectivite.pk)
    annonce = Annonce(collectivite=collectivite, auteur=auteur.pk)
    _ecrire(annonce, contenu)
    noter("annonce.creee", sur=annonce, apres=_faits(annonce))
    return annonce


@transaction.atomic
def modifier_annonce(*, annonce: Annonce, a_relire: bool, **contenu: Unpack[Contenu]) -> bool:
    """Change l'annonce ; ``a_relire``, chacun aura à la lire de nouveau. Faux si elle a été retirée entre-temps."""
    _changer_de_version(annonce.collectivite_id)
    actuelle = Annonce.objects.get(pk=annonce.pk)
    if actuelle.retiree_le is not None:
        return False
    avant = _faits(actuelle)
    actuelle.revision += a_relire
    _ecrire(actuelle, contenu)
    noter("annonce.modifiee", sur=actuelle, avant=avant, apres=_faits(actuelle))
    return True


@transaction.atomic
def retirer_annonce(*, annonce: Annonce) -> bool:
    """Plus personne ne la voit ; faux si elle l'était déjà."""
    _changer_de_version(annonce.collectivite_id)
    retiree = Annonce.objects.filter(pk=annonce.pk, retiree_le=None).update(retiree_le=timezone.now())
    if retiree:
        noter("annonce.retiree", sur=annonce)
    return bool(retiree)


def lire_les_annonces(*, annonces: Iterable[Annonce], usager: models.Model) -> None:
    """Cette personne a lu ces annonces, telles qu'elles sont ; le dire deux fois revient à le dire une fois."""
    lectures = [
        LectureDAnnonce(
            collectivite_id=annonce.collectivite_id, annonce=annonce, usager_id=usager.pk, revision=annonce.revision
        )
        for annonce in annonces
    ]
    LectureDAnnonce.objects.bulk_create(lectures, ignore_conflicts=True)


def oublier_les_lectures(maintenant: datetime) -> None:
    """Un an après la fin d'une annonce, personne n'a plus à savoir qui l'a lue."""
    LectureDAnnonce.objects.a_effacer(maintenant).delete()


def _changer_de_version(collectivite: int) -> None:
    """Chaque processus relira les annonces de la commune ; deux agents qui les changent passent l'un après l'autre."""
    Collectivite.objects.filter(pk=collectivite).update(annonces_version=uuid4())


def _ecrire(annonce: Annonce, contenu: Contenu) -> None:
    for champ, valeur in contenu.items():
        setattr(annonce, champ, valeur)
    annonce.debut = contenu["debut"] or timezone.now()
    annonce.full_clean()
    annonce.save()


def _faits(annonce: Annonce) -> dict[str, object]:
    """Sans le texte, que la fiche garde."""
    return {
        "importante": annonce.importante,
        "regie": annonce.regie and annonce.regie.code,
        "debut": annonce.debut.isoformat(),
        "fin": annonce.fin.isoformat(),
        "revision": annonce.revision,
    }
