"""Les annonces qu'une personne a à lire : celles de la commune, et celles des services qui lui ont fait une facture."""

from collections.abc import Container
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q

from comptes.etats import EtatRattachement
from comptes.models import Rattachement, Usager
from factures.models.factures import Facture, acces
from portail.models import Annonce, Collectivite, LectureDAnnonce, Regie, annonces_en_ligne


class Affichee(NamedTuple):
    """Une annonce pour une personne ; ``a_lire`` : importante, et pas encore lue."""

    annonce: Annonce
    a_lire: bool


def annonces_de(usager: Usager, *, chez: Collectivite, maintenant: datetime) -> list[Affichee]:
    """Celles de cette personne, les importantes d'abord ; au plus une requête, et aucune si rien n'y est personnel."""
    en_ligne = annonces_en_ligne(chez, maintenant)
    personnelles = [annonce.pk for annonce in en_ligne if annonce.importante or annonce.regie_id]
    lectures = dict(_lectures(usager, chez, personnelles)) if personnelles else {}
    return [
        Affichee(annonce, annonce.importante and not lectures[annonce.pk])
        for annonce in en_ligne
        if annonce.pk in lectures or annonce.pk not in personnelles
    ]


def _lectures(usager: Usager, chez: Collectivite, annonces: list[int]) -> Any:
    """Parmi ces annonces, celles qui la concernent, et si elle en a lu la révision d'aujourd'hui."""
    siennes = Facture.objects.filter(acces(usager, chez), regie=OuterRef("regie"))
    lues = LectureDAnnonce.objects.filter(usager=usager.pk, annonce=OuterRef("pk"), revision=OuterRef("revision"))
    concernee = Annonce.objects.filter(Q(regie=None) | Exists(siennes), pk__in=annonces)
    return concernee.annotate(lue=Exists(lues)).values_list("pk", "lue")


def annonces_des_services(services: Container[int], *, chez: Collectivite, maintenant: datetime) -> list[Annonce]:
    """Celles de la commune et de ces services, sans requête : pour qui a déjà lu les siens."""
    return [a for a in annonces_en_ligne(chez, maintenant) if a.regie_id is None or a.regie_id in services]


def audience(chez: Collectivite, regie: Regie | None) -> int:
    """À combien d'habitants s'adresse une annonce : ceux dont le compte lit quelque chose ici, ou de ce service."""
    rattachements = Rattachement.objects.filter(collectivite=chez, etat=EtatRattachement.ACTIF, usager__is_active=True)
    if regie is not None:
        factures = Facture.objects.filter(regie=regie, redevable=OuterRef("redevable"), publiee_le__isnull=False)
        rattachements = rattachements.filter(Exists(factures))
    return rattachements.values("usager").distinct().count()
