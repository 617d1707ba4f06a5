"""Le guichet réglé pour celui qui attend : une personne, ou le relevé de fond."""

from django.conf import settings

from paiement_tipi.client import Guichet, GuichetHttp

PERSONNE_SECONDES = 4
FOND_SECONDES = 15


def guichet(*, personne: bool) -> Guichet:
    """Court quand une page attend la réponse, patient quand c'est le travail de fond."""
    return GuichetHttp(settings.PAYFIP_URL, PERSONNE_SECONDES if personne else FOND_SECONDES)
