"""Prévenir le service que des messages l'attendent, sans qu'un flot de messages devienne un flot de courriels."""

import time

from django.db import transaction

from contact.models import Demande
from portail.courriels import deposer
from portail.models import Collectivite

AVIS = "contact.avis"
CRENEAU_SECONDES = 15 * 60  # au plus un courriel par créneau, donc quatre par heure


def prevenir_le_service(demande: Demande) -> None:
    """Tout de suite si le créneau n'a pas encore son courriel ; sinon au créneau suivant. Rien n'est oublié."""
    if demande.collectivite.courriel_contact and not _deposer(demande.collectivite):
        Demande.objects.filter(pk=demande.pk).update(a_signaler=True)


def prevenir_les_services() -> None:
    """À chaque créneau : les communes qui ont reçu quelque chose depuis leur dernier courriel."""
    a_signaler = Demande.objects.filter(a_signaler=True)
    for collectivite in Collectivite.objects.filter(pk__in=a_signaler.values("collectivite")):
        with transaction.atomic():
            siennes = a_signaler.filter(collectivite=collectivite)
            cles = list(siennes.values_list("pk", flat=True))
            if _deposer(collectivite):
                siennes.filter(pk__in=cles).update(a_signaler=False)


def _deposer(collectivite: Collectivite) -> bool:
    """Faux si ce créneau a déjà le sien. Ce que dit le courriel se compte quand il part."""
    return deposer(
        sorte=AVIS,
        cle=f"{AVIS}:{int(time.time()) // CRENEAU_SECONDES}",
        collectivite=collectivite,
        destinataire=collectivite.courriel_contact,
        contexte={},
    )
