"""Ce que celui qui surveille l'installation doit savoir des paiements."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from paiement_tipi.etats import EtatPaiement
from paiement_tipi.models import SANS_NOUVELLE, ContratTipi, CoupurePayfip, Paiement


def paiements_sans_resultat() -> int:
    """Ceux dont le résultat aurait dû venir."""
    return Paiement.objects.filter(SANS_NOUVELLE).count()


def paiements_en_anomalie() -> int:
    """Ceux où PayFiP répond autre chose que prévu."""
    return Paiement.objects.exclude(anomalie="").count()


def paiements_declares_oublies() -> int:
    """Ceux que PayFiP a déclarés par URL, et que le Trésor tarde à confirmer autant qu'un prélèvement."""
    limite = timezone.now() - timedelta(days=settings.PRELEVEMENT_CONFIRME_JOURS)
    return Paiement.objects.filter(etat=EtatPaiement.DECLARE, envoye_le__lte=limite).count()


def contrats_en_alerte() -> int:
    """Ceux dont PayFiP dit autre chose qu'à leur vérification."""
    return ContratTipi.objects.exclude(alerte="").count()


def payfip_ne_repond_plus() -> int:
    """1 pendant une coupure."""
    return CoupurePayfip.objects.filter(finie_le=None).count()


COMPTES = (
    paiements_sans_resultat,
    paiements_declares_oublies,
    paiements_en_anomalie,
    contrats_en_alerte,
    payfip_ne_repond_plus,
)
