"""Le guichet réglé pour celui qui attend : une personne, ou le relevé de fond."""

from django.conf import settings

from paiement_tipi.client import Guichet, GuichetHttp
from paiement_tipi.services.disjoncteur import GuichetProtege

PERSONNE_SECONDES = 4
FOND_SECONDES = 15


def guichet(*, personne: bool) -> Guichet:
    """Court quand une page attend la réponse, patient quand c'est le travail de fond."""
    secondes = PERSONNE_SECONDES if personne else FOND_SECONDES
    return GuichetProtege(GuichetHttp(settings.PAYFIP_URL, secondes), insistant=not personne)
