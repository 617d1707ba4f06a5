"""Trente jours après son dépôt, un lot ne garde ni son fichier, ni les lignes qu'il en avait tirées (RGPD)."""

from datetime import datetime, timedelta

from django.db import transaction

from factures.etats import TRANSITIONS_LOT, EtatLot
from factures.models import CorrectionImport, LigneImport, LotImport, RejetImport
from factures.services.lots.etapes import passer, verrouiller
from factures.services.lots.retrait import defaire
from portail.journal import noter
from portail.taches import progresser

CONSERVATION = timedelta(days=30)
# Un lot resté si longtemps sans être publié ne le sera pas tel quel : les factures ont changé depuis.
OUBLIES = frozenset({EtatLot.DEPOSE, EtatLot.A_RELIER, EtatLot.A_VERIFIER})
FINIS = frozenset({EtatLot.PUBLIE, *(etat for etat, suites in TRANSITIONS_LOT.items() if not suites)})
PAR_PAQUET = 5000


def effacer_les_vieux(maintenant: datetime) -> int:
    """Abandonne les lots oubliés, efface ce que gardaient les lots finis ; rend leur nombre."""
    vieux = LotImport.objects.filter(cree_le__lt=maintenant - CONSERVATION, efface_le__isnull=True)
    lots = vieux.filter(etat__in=OUBLIES | FINIS).order_by("pk")
    return sum(_effacer(lot, maintenant) for lot in lots)


def _effacer(lot: LotImport, maintenant: datetime) -> bool:
    """Les fichiers d'abord : interrompu, on recommence ; les lignes par paquets, puis le lot dit que c'est fait."""
    if not _clore(lot):
        return False
    for depose in (lot.fichier, lot.archive):
        if depose:
            depose.delete(save=False)
    for modele in (LigneImport, RejetImport, CorrectionImport):
        cles = modele._default_manager.filter(lot=lot).order_by("pk").values_list("pk", flat=True)
        while paquet := list(cles[:PAR_PAQUET]):
            progresser()
            modele._default_manager.filter(pk__in=paquet).delete()
    return _dire_efface(lot, maintenant)


@transaction.atomic
def _clore(lot: LotImport) -> bool:
    """Faux si quelqu'un s'en est occupé depuis."""
    tenu = verrouiller(lot)
    if tenu.etat in OUBLIES:
        defaire(lot)
        passer(lot, vers=EtatLot.ABANDONNE)
    lot.refresh_from_db()
    return lot.etat in FINIS


@transaction.atomic
def _dire_efface(lot: LotImport, maintenant: datetime) -> bool:
    verrouiller(lot)
    champs = {"efface_le": maintenant, "fichier": "", "archive": "", "apercu": {}}
    fait = LotImport.objects.filter(pk=lot.pk, efface_le__isnull=True).update(**champs)
    if fait:
        noter("lot.efface", sur=lot)
    return bool(fait)
