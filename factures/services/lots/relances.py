"""Faire refaire à un ouvrier ce qu'un lot attend de lui."""

from django.db import transaction

from factures.etats import EtatLot
from factures.models import LotImport
from factures.services.lots.analyse import recommencer
from factures.services.lots.etapes import exiger, verrouiller
from factures.services.lots.preparation import ANALYSE
from factures.services.lots.programme import PUBLICATION
from portail.journal import noter
from portail.taches import lancer


@transaction.atomic
def relancer(*, lot: LotImport) -> None:
    """Analyse de nouveau un lot à vérifier ; reprend l'analyse ou la publication que plus aucun ouvrier ne mène."""
    tenu = verrouiller(lot)
    exiger(tenu, EtatLot.DEPOSE, EtatLot.EN_ANALYSE, EtatLot.A_VERIFIER, EtatLot.EN_PUBLICATION)
    noter("lot.relance", sur=lot, apres={"etat": tenu.etat})
    if tenu.etat == EtatLot.A_VERIFIER:
        recommencer(lot)
    lancer(PUBLICATION if tenu.etat == EtatLot.EN_PUBLICATION else ANALYSE, lot=lot.pk)


@transaction.atomic
def revoir_les_colonnes(*, lot: LotImport) -> None:
    """Le lot relit son en-tête et attend qu'un agent relie de nouveau ses colonnes."""
    tenu = verrouiller(lot)
    exiger(tenu, EtatLot.A_VERIFIER)
    noter("lot.colonnes_a_revoir", sur=lot)
    recommencer(lot, a_relire=True, correspondance={}, constantes={})
    lancer(ANALYSE, lot=lot.pk)
