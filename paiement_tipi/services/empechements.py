"""Ce que le paiement apprend aux factures (``factures.registre``) : opérations engagées et conditions."""

from django.db.models import Exists, OuterRef, Q

from factures.argent import depuis_centimes
from factures.etats import Empechement
from factures.registre import Cause
from paiement_tipi.etats import EtatPaiement
from paiement_tipi.models import PartPaiement
from paiement_tipi.protocole import MONTANT_MAXIMAL, MONTANT_MINIMAL, MOTIF_REFDET


def operations() -> list[Cause]:
    """La tentative ouverte de chaque facture, s'il y en a une."""
    ouvertes = PartPaiement.objects.filter(facture=OuterRef("pk"), ouverte=True)
    return [
        (Exists(ouvertes.filter(paiement__etat=EtatPaiement.ABANDON_SIGNALE)), Empechement.PAIEMENT_ABANDONNE),
        (Exists(ouvertes), Empechement.PAIEMENT_EN_COURS),
    ]


def conditions() -> list[Cause]:
    """Un contrat avec PayFiP, une référence et une somme qu'il accepte."""
    return [
        (Q(regie__contrat_tipi__isnull=True), Empechement.SERVICE_INDISPONIBLE),
        (~Q(reference__regex=f"^{MOTIF_REFDET}$"), Empechement.REFERENCE_NON_PAYABLE),
        (Q(reste_du__lt=depuis_centimes(MONTANT_MINIMAL)), Empechement.MONTANT_TROP_FAIBLE),
        (Q(reste_du__gt=depuis_centimes(MONTANT_MAXIMAL)), Empechement.MONTANT_TROP_ELEVE),
    ]
