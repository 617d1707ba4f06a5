"""Ce qui se règle sans la personne : la notification, le relevé périodique, le rapprochement à la demande."""

import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction

from paiement_tipi.client import Guichet, GuichetIndisponible, GuichetRefuse
from paiement_tipi.etats import SANS_IDOP, EtatPaiement
from paiement_tipi.models import NotificationTipi, Paiement
from paiement_tipi.services.constat import constater
from paiement_tipi.services.disjoncteur import en_coupure
from paiement_tipi.services.par_url import expirer_sans_retour
from paiement_tipi.services.transitions import passer
from portail import limites
from portail.taches import lancer, progresser

journal = logging.getLogger(__name__)

PAR_RELEVE, RELEVE_SECONDES = 200, 60
RESERVATION = timedelta(minutes=1)


@transaction.atomic
def recevoir_notification(*, idop: UUID, corps: str) -> bool:
    """Garde la notification telle quelle et met la vérification en file ; faux, sans rien écrire, pour un idop inconnu.

    La notification n'est qu'une sonnette (payfip.md §3.9) : rien n'y est lu que l'idop. TropDeDemandes si elle
    insiste : chacune mènerait à un appel à PayFiP.
    """
    paiement = Paiement.objects.filter(idop=idop).first()
    if paiement is None:
        return False
    limites.compter("notifications", paiement.pk)
    NotificationTipi.objects.create(paiement=paiement, collectivite_id=paiement.collectivite_id, corps=corps[:2000])
    lancer("paiement_tipi.tasks.constater_paiement", paiement_id=paiement.pk)
    return True


def relever(*, guichet: Guichet, maintenant: datetime, dues_le: datetime | None = None) -> Counter[str]:
    """Redemande les tentatives dont l'heure est venue ; rend leur nombre par état. Une seule en panne n'arrête rien.

    ``dues_le`` : la suite d'un relevé interrompu, qui ne redemande pas ce qu'il a lu.
    """
    clore_sans_idop(maintenant)
    expirer_sans_retour(maintenant)
    if en_coupure() and not _repond(guichet):
        return Counter()
    # Réservées une à une, juste avant d'être demandées : quand PayFiP est lent, les dernières attendent longtemps.
    dues = Paiement.objects.a_relire(dues_le or maintenant)[:PAR_RELEVE]
    a_faire = (p for p in dues if _reserver(p, maintenant))
    return _constater_toutes(_sans_insister(a_faire), guichet=guichet, cause="relevé", maintenant=maintenant)


def reste_a_relever(dues_le: datetime) -> bool:
    """Vrai si des tentatives dues à cet instant attendent encore, et que PayFiP répond."""
    return Paiement.objects.a_relire(dues_le).exists() and not en_coupure()


def _repond(guichet: Guichet) -> bool:
    """Vrai si PayFiP répond : on lui demande une opération qui n'existe pas, et P1 est une réponse."""
    try:
        guichet.lire(uuid4())
    except GuichetIndisponible:
        return False
    except GuichetRefuse:
        return True
    return True


def _sans_insister(paiements: Iterable[Paiement]) -> Iterator[Paiement]:
    """Les mêmes, tant que PayFiP répond et que le relevé n'a pas trop duré : la suite attendra le prochain."""
    fin = time.monotonic() + RELEVE_SECONDES
    for paiement in paiements:
        yield paiement
        if time.monotonic() > fin or en_coupure():
            return


def rapprocher(*, guichet: Guichet, maintenant: datetime) -> Counter[str]:
    """Redemande tout de suite toutes les tentatives de l'année sans résultat P, V, R ou Z ; leur nombre par état."""
    clore_sans_idop(maintenant)
    expirer_sans_retour(maintenant)
    toutes = list(Paiement.objects.interrogeables(maintenant).order_by("envoye_le"))
    return _constater_toutes(toutes, guichet=guichet, cause="rapprochement", maintenant=maintenant)


def clore_sans_idop(maintenant: datetime) -> None:
    """Une tentative sans idop n'a été montrée à personne : un arrêt brutal ne doit pas bloquer la facture."""
    for paiement in Paiement.objects.filter(etat=EtatPaiement.DEMARRE, cree_le__lte=maintenant - SANS_IDOP):
        passer(paiement, vers=EtatPaiement.ECHOUE, cause="sans idop", maintenant=maintenant)


def _constater_toutes(
    paiements: Iterable[Paiement], *, guichet: Guichet, cause: str, maintenant: datetime
) -> Counter[str]:
    etats: Counter[str] = Counter()
    for paiement in paiements:
        progresser()
        try:
            constater(paiement=paiement, guichet=guichet, cause=cause, maintenant=maintenant, espacer=True)
        except Exception:  # noqa: BLE001  # une tentative impossible à traiter n'empêche pas les autres
            journal.exception("Paiement %s : constat impossible.", paiement.uuid)
            etats["erreur"] += 1
        else:
            etats[paiement.etat] += 1
    return etats


def _reserver(paiement: Paiement, maintenant: datetime) -> bool:
    """Vrai pour le seul relevé qui demandera cette tentative, même si deux tournent ensemble."""
    return bool(
        Paiement.objects.filter(pk=paiement.pk, relire_le=paiement.relire_le).update(relire_le=maintenant + RESERVATION)
    )
