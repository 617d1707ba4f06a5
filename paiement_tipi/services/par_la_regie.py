"""Les paiements par URL que PayFiP a annoncés, et que le fichier de règlements d'une régie peut montrer reçus."""

from collections.abc import Collection

from factures.registre import PaiementDeclare
from paiement_tipi.etats import DE_RESULTAT, EtatPaiement
from paiement_tipi.models import Paiement, PartPaiement
from paiement_tipi.protocole import PRODUCTIONS
from paiement_tipi.services.confirmation import confirmer_declare
from paiement_tipi.services.constat import MOYENS, ORIGINE


def declares(factures: Collection[int], tenir: bool) -> list[PaiementDeclare]:  # une fonction du registre
    """Les seuls « déclarés » : une tentative sans nouvelle a pu finir au guichet, par la même carte."""
    siennes = PartPaiement.objects.filter(facture__in=factures).values("paiement")
    lus = Paiement.objects.par_url().filter(etat=EtatPaiement.DECLARE, saisie__in=PRODUCTIONS, pk__in=siennes)
    lus = lus.order_by("pk").prefetch_related("parts")
    return [_dit(paiement) for paiement in (lus.select_for_update(of=("self",)) if tenir else lus)]


def confirmer(origine: str, source: str) -> bool:
    """Encaisse le déclaré de cette origine ; faux s'il ne l'est plus."""
    return confirmer_declare(paiement=Paiement.objects.get(uuid=origine.removeprefix(ORIGINE)), source=source)


def _dit(paiement: Paiement) -> PaiementDeclare:
    parts = {part.facture_id: part.montant for part in paiement.parts.all()}
    moyen = MOYENS[DE_RESULTAT.get(paiement.resultat, EtatPaiement.PAYE)]
    le = paiement.date_payfip or paiement.envoye_le or paiement.cree_le
    return PaiementDeclare(f"{ORIGINE}{paiement.uuid}", le, moyen, parts)
