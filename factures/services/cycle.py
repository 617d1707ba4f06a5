"""La vie d'une facture : publication, annulation, marque personnelle, première lecture."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from comptes.models import Usager
from factures.etats import TRANSITIONS, Statut
from factures.models import Consultation, Declaration, Facture
from portail.journal import noter, noter_chacun


@transaction.atomic
def publier(*, factures: Iterable[Facture]) -> int:
    """Rend visibles les brouillons parmi ``factures`` ; rend leur nombre."""
    return _passer(factures, vers=Statut.PUBLIEE, publiee_le=timezone.now())


@transaction.atomic
def annuler(*, factures: Iterable[Facture], motif: str) -> int:
    """Annule les factures qui peuvent l'être, avec un motif que la personne lira ; rend leur nombre."""
    if not motif.strip():
        raise ValueError("Une annulation a un motif.")
    return _passer(factures, vers=Statut.ANNULEE, motif_annulation=motif)


def _passer(factures: Iterable[Facture], *, vers: Statut, **champs: object) -> int:
    """Le seul endroit où le statut change."""
    depuis = [statut for statut, suivants in TRANSITIONS.items() if vers in suivants]
    a_changer = Facture.objects.filter(pk__in=[f.pk for f in factures], statut__in=depuis)
    changees = list(a_changer.select_for_update().order_by("pk"))
    noter_chacun(f"facture.{vers}", sur=changees, apres={"statut": vers})
    return a_changer.update(statut=vers, **champs)


@transaction.atomic
def marquer(*, facture: Facture, usager: Usager, reglee: bool) -> None:
    """Pose ou retire la marque personnelle « réglée » ; la poser deux fois revient à la poser une fois."""
    if reglee:
        _declaration, changee = Declaration.objects.get_or_create(
            facture=facture, usager=usager, defaults={"collectivite_id": facture.collectivite_id}
        )
    else:
        changee = bool(Declaration.objects.filter(facture=facture, usager=usager).delete()[0])
    if changee:
        noter("facture.marquee" if reglee else "facture.demarquee", sur=facture, acteur=usager.pk)


def consulter(*, facture: Facture, usager: Usager) -> None:
    """Retient la première lecture de cette facture par cette personne ; les suivantes n'écrivent rien."""
    if not Consultation.objects.filter(facture=facture, usager=usager).exists():
        Consultation.objects.bulk_create(
            [Consultation(facture=facture, usager=usager, collectivite_id=facture.collectivite_id)],
            ignore_conflicts=True,
        )
