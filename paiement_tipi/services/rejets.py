"""Ce que devient une tentative quand un agent rejette le règlement qu'elle avait encaissé."""

from collections.abc import Iterable
from uuid import UUID

from django.utils import timezone

from factures.etats import Sens
from factures.models import Reglement
from factures.services import rejeter
from factures.services.reglements import ReglementImpossible
from paiement_tipi.etats import EtatPaiement
from paiement_tipi.models import Paiement, PartPaiement
from paiement_tipi.services.constat import ORIGINE
from paiement_tipi.services.transitions import passer
from portail.journal import noter


def suivre_le_rejet(origine: str, motif: str) -> None:
    """La frise et l'état du paiement le disent ; ce qui ne vient pas d'ici n'y change rien.

    Une banque rejette l'opération entière : les autres factures qu'elle payait redeviennent dues avec la première.
    De celle dont tout a déjà été rendu, il n'y a rien à reprendre : le journal le dit.
    """
    paiement = _de_l_origine(origine)
    if paiement is None or not passer(paiement, vers=EtatPaiement.REJETE, cause="rejet", maintenant=timezone.now()):
        return
    autres = Reglement.objects.filter(
        facture__parts__paiement=paiement, origine=origine, sens=Sens.ENCAISSEMENT, reprise__isnull=True
    )
    for reglement in autres.select_related("facture").order_by("facture_id"):
        try:
            rejeter(reglement=reglement, motif=motif)
        except ReglementImpossible:
            noter("reglement.deja_rendu", sur=reglement.facture, apres={"origine": origine, "motif": motif})


def factures_liees(origine: str) -> Iterable[int]:
    """Toutes celles que ce paiement a réglées."""
    paiement = _de_l_origine(origine)
    return PartPaiement.objects.filter(paiement=paiement).values_list("facture_id", flat=True) if paiement else ()


def _de_l_origine(origine: str) -> Paiement | None:
    if not origine.startswith(ORIGINE):
        return None
    try:
        return Paiement.objects.filter(uuid=UUID(origine.removeprefix(ORIGINE))).first()
    except ValueError:
        return None
