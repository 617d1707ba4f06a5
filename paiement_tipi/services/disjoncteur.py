"""PayFiP en panne : le voir vite, n'y faire attendre personne, et reprendre de soi-même."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from threading import BoundedSemaphore
from typing import TypeVar
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from paiement_tipi.client import Guichet, GuichetIndisponible, GuichetRefuse, QuestionEcartee
from paiement_tipi.models import CoupurePayfip, Paiement
from paiement_tipi.protocole import Demande, DetailClient, Lecture
from portail import limites

T = TypeVar("T")

# Par processus, qui a douze fils : deux restent aux autres pages, même quand PayFiP est muet et que tous cliquent.
EN_VOL, EN_ATTENTE, ATTENTE_SECONDES = 8, 2, 0.5
# Le travail de fond essaie à chaque relevé ; s'il ne tourne plus, une personne sert d'essai, une par minute au plus.
ESSAI = timedelta(minutes=1)
_SUJET = ("pannes-payfip", "")
_places, _entrees = BoundedSemaphore(EN_VOL), BoundedSemaphore(EN_VOL + EN_ATTENTE)

journal = logging.getLogger(__name__)


@dataclass(frozen=True)
class GuichetProtege:
    """Un guichet qui apprend les pannes de PayFiP, les dit à tous, et pendant ce temps refuse sans attendre.

    ``insistant`` : le travail de fond, que personne n'attend, demande quand même et fait voir le retour de PayFiP.
    """

    guichet: Guichet
    insistant: bool

    def creer(self, demande: Demande) -> UUID:
        """Voir Guichet.creer ; QuestionEcartee aussitôt pendant une coupure."""
        return self._demander(lambda: self.guichet.creer(demande))

    def lire(self, idop: UUID) -> tuple[Lecture, bytes]:
        """Voir Guichet.lire ; QuestionEcartee aussitôt pendant une coupure."""
        return self._demander(lambda: self.guichet.lire(idop))

    def detail_client(self, numcli: str) -> DetailClient:
        """Voir Guichet.detail_client ; QuestionEcartee aussitôt pendant une coupure."""
        return self._demander(lambda: self.guichet.detail_client(numcli))

    def _demander(self, question: Callable[[], T]) -> T:
        if self.insistant:
            return _ecouter(question)
        with _tenir(_entrees, attente=0), _tenir(_places, attente=ATTENTE_SECONDES):
            if not _ouvert():  # relu une fois la place obtenue : la coupure a pu commencer pendant l'attente
                raise QuestionEcartee("coupure en cours")
            return _ecouter(question)


@contextmanager
def _tenir(places: BoundedSemaphore, *, attente: float) -> Iterator[None]:
    """Une place, rendue à la sortie ; QuestionEcartee s'il ne s'en libère pas à temps."""
    if not places.acquire(timeout=attente):
        raise QuestionEcartee("trop de demandes à la fois")
    try:
        yield
    finally:
        places.release()


def en_coupure() -> bool:
    """Vrai tant que PayFiP ne répond plus."""
    return CoupurePayfip.objects.filter(finie_le=None).exists()


def _ouvert() -> bool:
    """Vrai hors coupure, et pour la seule personne qui, de temps en temps, sert d'essai."""
    coupures = CoupurePayfip.objects.filter(finie_le=None)
    if not coupures.exists():
        return True
    maintenant = timezone.now()
    return bool(coupures.filter(essayee_le__lte=maintenant - ESSAI).update(essayee_le=maintenant))


def _ecouter(question: Callable[[], T]) -> T:
    """La réponse ; un refus en est une, et dit que PayFiP est là."""
    try:
        reponse = question()
    except GuichetIndisponible:
        _noter_une_panne()
        raise
    except GuichetRefuse:
        _noter_une_reponse()
        raise
    _noter_une_reponse()
    return reponse


def _noter_une_panne() -> None:
    """Trois pannes de suite font une coupure ; une seule est un accident."""
    maintenant = timezone.now()
    if CoupurePayfip.objects.filter(finie_le=None).update(essayee_le=maintenant):
        return
    try:
        limites.compter(*_SUJET)
    except limites.TropDeDemandes:
        _coupure, nouvelle = CoupurePayfip.objects.get_or_create(finie_le=None, defaults={"essayee_le": maintenant})
        if nouvelle:
            journal.error("PayFiP ne répond plus : le paiement par service web est coupé jusqu'à son retour.")


def _noter_une_reponse() -> None:
    """La première après une coupure fait redemander aussitôt ce que les pannes avaient remis à plus tard."""
    limites.oublier(*_SUJET)
    maintenant = timezone.now()
    if CoupurePayfip.objects.filter(finie_le=None).update(finie_le=maintenant):
        journal.warning("PayFiP répond de nouveau.")
        Paiement.objects.filter(pannes__gt=0, relire_le__gt=maintenant).update(relire_le=F("cree_le"))
