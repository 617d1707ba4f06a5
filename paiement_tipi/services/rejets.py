"""Ce que devient une tentative quand un agent rejette le règlement qu'elle avait encaissé."""

from uuid import UUID

from django.utils import timezone

from factures.etats import Sens
from factures.models import Reglement
from factures.services import rejeter
from paiement_tipi.etats import EtatPaiement
from paiement_tipi.models import Paiement
from paiement_tipi.services.constat import ORIGINE
from paiement_tipi.services.transitions import passer


def suivre_le_rejet(origine: str, motif: str) -> None:
    """La frise et l'état du paiement le disent ; ce qui ne vient pas d'ici n'y change rien.

    Une banque rejette l'opération entière : les autres factures qu'elle payait redeviennent dues avec la première.
    """
    paiement = _de_l_origine(origine)
    if paiement is None or not passer(paiement, vers=EtatPaiement.REJETE, cause="rejet", maintenant=timezone.now()):
        return
    autres = Reglement.objects.filter(origine=origine, sens=Sens.ENCAISSEMENT, reprise__isnull=True)
    for reglement in autres.order_by("facture_id"):
        rejeter(reglement=reglement, motif=motif)


def _de_l_origine(origine: str) -> Paiement | None:
    if not origine.startswith(ORIGINE):
        return None
    try:
        return Paiement.objects.filter(uuid=UUID(origine.removeprefix(ORIGINE))).first()
    except ValueError:
        return None
