"""Ce que celui qui surveille l'installation doit savoir des paiements."""

from paiement_tipi.models import SANS_NOUVELLE, CoupurePayfip, Paiement


def paiements_sans_resultat() -> int:
    """Ceux dont le résultat aurait dû venir."""
    return Paiement.objects.filter(SANS_NOUVELLE).count()


def paiements_en_anomalie() -> int:
    """Ceux où PayFiP répond autre chose que prévu."""
    return Paiement.objects.exclude(anomalie="").count()


def payfip_ne_repond_plus() -> int:
    """1 pendant une coupure."""
    return CoupurePayfip.objects.filter(finie_le=None).count()


COMPTES = (paiements_sans_resultat, paiements_en_anomalie, payfip_ne_repond_plus)
