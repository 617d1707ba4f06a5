"""Publier maintenant ou à une date : l'agent décide, un ouvrier fait."""

from datetime import datetime

from django.db import transaction

from factures.etats import Avis, EtatLot
from factures.models import LotImport
from factures.services.lots.etapes import exiger, passer, verrouiller
from factures.services.lots.publication import exiger_complet
from portail.journal import noter
from portail.taches import lancer

PUBLICATION = "factures.tasks.publier_lot"


@transaction.atomic
def demander_la_publication(
    *, lot: LotImport, avis: Avis, malgre_les_rejets: bool = False, le: datetime | None = None
) -> None:
    """Met la publication en file, ou la prévoit pour ``le`` ; ``PublicationImpossible`` s'il reste à corriger."""
    tenu = verrouiller(lot)
    exiger(tenu, EtatLot.A_VERIFIER)
    exiger_complet(tenu, malgre_les_rejets=malgre_les_rejets)
    voulu = {"avis": avis, "malgre_les_rejets": malgre_les_rejets, "publier_le": le, "motif": ""}
    noter("lot.publication_demandee", sur=lot, apres={**voulu, "publier_le": le.isoformat() if le else None})
    passer(lot, vers=EtatLot.PROGRAMME if le else EtatLot.EN_PUBLICATION, **voulu)
    if le is None:
        lancer(PUBLICATION, lot=lot.pk)


@transaction.atomic
def deprogrammer(*, lot: LotImport) -> None:
    """Le lot redevient « à vérifier »."""
    exiger(verrouiller(lot), EtatLot.PROGRAMME)
    passer(lot, vers=EtatLot.A_VERIFIER, publier_le=None)


def publier_les_dus(maintenant: datetime) -> int:
    """Met en file la publication des lots dont l'heure est venue, une fois chacun ; rend leur nombre."""
    dus = LotImport.objects.filter(etat=EtatLot.PROGRAMME, publier_le__lte=maintenant).order_by("publier_le", "pk")
    return sum(_lancer(lot) for lot in dus)


@transaction.atomic
def _lancer(lot: LotImport) -> bool:
    parti = verrouiller(lot).etat == EtatLot.PROGRAMME and passer(lot, vers=EtatLot.EN_PUBLICATION)
    if parti:
        lancer(PUBLICATION, lot=lot.pk)
    return parti
