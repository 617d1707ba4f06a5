"""Ce que le paiement apprend aux factures (``factures.registre``) : opérations engagées et conditions."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from factures.argent import depuis_centimes
from factures.etats import Empechement
from factures.models import MontantField
from factures.registre import Cause
from paiement_tipi.etats import EtatPaiement
from paiement_tipi.models import CoupurePayfip, PartPaiement, Transport
from paiement_tipi.protocole import MONTANT_MAXIMAL, MONTANT_MINIMAL, MOTIF_REFDET
from paiement_tipi.protocole_url import MONTANT_MAXIMAL_URL
from paiement_tipi.services.disjoncteur import ESSAI
from portail.models import ModeRegie

CONTRAT = "regie__contrat_tipi__"
_PAR_SERVICE_WEB = Q(**{f"{CONTRAT}transport": Transport.SERVICE_WEB})


def operations() -> list[Cause]:
    """La tentative ouverte de chaque facture, s'il y en a une, ou un paiement que le Trésor doit confirmer."""
    parts = PartPaiement.objects.filter(facture=OuterRef("pk"))
    ouvertes = parts.filter(ouverte=True)
    return [
        (Exists(parts.filter(paiement__etat=EtatPaiement.DECLARE)), Empechement.PAIEMENT_DECLARE),
        (Exists(ouvertes.filter(paiement__etat=EtatPaiement.ABANDON_SIGNALE)), Empechement.PAIEMENT_ABANDONNE),
        (Exists(ouvertes), Empechement.PAIEMENT_EN_COURS),
    ]


def groupement() -> Q:
    """Un titre et un article de rôle se paient seuls, sous leur référence ; une régie peut en réunir."""
    return Q(regie__mode=ModeRegie.REGIE, **{f"{CONTRAT}groupes": True}) & ~Q(
        **{f"{CONTRAT}transport": Transport.URL_TITRE}
    )


def conditions() -> list[Cause]:
    """Un contrat avec PayFiP, une référence et une somme qu'il accepte, et PayFiP qui répond."""
    return [
        (Q(regie__contrat_tipi__isnull=True), Empechement.SERVICE_INDISPONIBLE),
        (~Q(reference__regex=f"^{MOTIF_REFDET}$"), Empechement.REFERENCE_NON_PAYABLE),
        (Q(reste_du__lt=_minimum()), Empechement.MONTANT_TROP_FAIBLE),
        (Q(reste_du__gt=_maximum()), Empechement.MONTANT_TROP_ELEVE),
        (Q(**{f"{CONTRAT}transport": Transport.URL_TITRE}, reste_du__lt=F("montant")), Empechement.REGLEE_EN_PARTIE),
        (_coupure() & _PAR_SERVICE_WEB, Empechement.GUICHET_EN_PANNE),
    ]


def _coupure() -> Exists:
    """Une coupure que le relevé éprouve ; s'il a manqué son tour, un départ sert d'essai (``disjoncteur``)."""
    tour = timedelta(seconds=settings.RAPPROCHEMENT_SECONDES) + ESSAI
    return Exists(CoupurePayfip.objects.filter(finie_le=None, essayee_le__gt=timezone.now() - tour))


def _minimum() -> Coalesce:
    return Coalesce(f"{CONTRAT}montant_minimal", _centimes(MONTANT_MINIMAL))


def _maximum() -> Coalesce:
    """Celui du contrat, sinon celui de son transport (payfip.md §2.4)."""
    par_web = When(**{f"{CONTRAT}transport": Transport.SERVICE_WEB}, then=_centimes(MONTANT_MAXIMAL))
    return Coalesce(f"{CONTRAT}montant_maximal", Case(par_web, default=_centimes(MONTANT_MAXIMAL_URL)))


def _centimes(nombre: int) -> Value:
    return Value(depuis_centimes(nombre), output_field=MontantField())
