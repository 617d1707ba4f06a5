"""La mémoire d'un simulateur : opérations, réglages, horloge et journaux, derrière un seul verrou."""

import uuid
from collections import deque
from dataclasses import asdict, dataclass
from datetime import datetime
from threading import RLock
from typing import Any

from paiement_tipi.simulateur.horloge import Horloge, lire_instant
from paiement_tipi.simulateur.operations import (
    ABANDON,
    CODE_INCONNU,
    PAIEMENT_CARTE,
    Demande,
    Moyen,
    Operation,
    est_oubliee,
)
from paiement_tipi.simulateur.reglages import Reglages, fusionner

JOURNAL_MAXIMUM = 1000

Entree = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Lecture:
    """Ce que le guichet répond d'une opération conclue."""

    operation: Operation
    conclue_le: datetime
    resultat: str
    montant_centimes: int


class Etat:
    """Tout est en mémoire : rien ne survit au processus, et deux serveurs ne partagent rien."""

    def __init__(self, horloge: Horloge | None = None) -> None:
        self._verrou = RLock()
        self._horloge = horloge or Horloge()
        self._operations: dict[str, Operation] = {}
        self._reglages = Reglages()
        self._requetes: deque[Entree] = deque(maxlen=JOURNAL_MAXIMUM)
        self._notifications: deque[Entree] = deque(maxlen=JOURNAL_MAXIMUM)

    @property
    def reglages(self) -> Reglages:
        """Les réglages du moment."""
        with self._verrou:
            return self._reglages

    def maintenant(self) -> datetime:
        """L'heure du simulateur, en UTC."""
        with self._verrou:
            return self._horloge.maintenant()

    def regler(self, changements: object) -> None:
        """Fond les changements dans les réglages ; un objet vide les efface, et les journaux avec."""
        with self._verrou:
            self._reglages = fusionner(self._reglages, changements)
            if not changements:
                self._requetes.clear()
                self._notifications.clear()
            if not changements or (isinstance(changements, dict) and "horloge" in changements):
                horloge = self._reglages.horloge
                self._horloge.regler(None if horloge is None else lire_instant(horloge))

    def en_clair(self) -> Entree:
        """Les réglages et les journaux, pour GET /simulateur/etat."""
        with self._verrou:
            return {
                **asdict(self._reglages),
                "requetes": [dict(entree) for entree in self._requetes],
                "notifications": [dict(entree) for entree in self._notifications],
            }

    def noter_requete(self, entree: Entree) -> Entree:
        """Inscrit une requête à son arrivée et la rend, pour y noter plus tard son statut."""
        return self._noter(self._requetes, entree)

    def noter_notification(self, entree: Entree) -> Entree:
        """Inscrit une notification avant son envoi et la rend, pour y noter plus tard son statut."""
        return self._noter(self._notifications, entree)

    def _noter(self, journal: deque[Entree], entree: Entree) -> Entree:
        with self._verrou:
            complete = {"quand": self._horloge.maintenant().isoformat(), **entree, "statut": None}
            journal.append(complete)
            return complete

    def creer(self, demande: Demande) -> Operation:
        """Enregistre une demande contrôlée sous un UUID de version 1."""
        with self._verrou:
            maintenant = self._horloge.maintenant()
            operation = Operation(idop=str(uuid.uuid1()), demande=demande, creee_le=maintenant)
            self._operations[operation.idop] = operation
            return operation

    def chercher(self, idop: str) -> Operation | None:
        """L'opération, ou rien si elle est inconnue, purgée ou trop vieille (oubliée pour toujours)."""
        with self._verrou:
            operation = self._operations.get(idop)
            if operation and est_oubliee(operation, self._horloge.maintenant()):
                del self._operations[idop]
                return None
            return operation

    def ouvrir(self, operation: Operation) -> bool:
        """Vrai pour la seule première ouverture de la page."""
        with self._verrou:
            deja_ouverte, operation.ouverte = operation.ouverte, True
            return not deja_ouverte

    def choisir(self, operation: Operation, moyen: Moyen) -> None:
        """La personne est partie chez le prestataire : l'opération échappe à la purge de nuit."""
        with self._verrou:
            operation.moyen = moyen

    def conclure(self, operation: Operation, resultat: str) -> bool:
        """Vrai pour l'unique appel qui fixe ce résultat ; un abandon peut encore devenir un paiement."""
        with self._verrou:
            if operation.est_definitive or operation.resultat == resultat:
                return False
            operation.resultat = resultat
            operation.conclue_le = self._horloge.maintenant()
            return True

    def lire(self, operation: Operation) -> Lecture | None:
        """Ce que recupererDetailPaiementSecurise répond, ou rien tant qu'il n'y a pas de résultat."""
        with self._verrou:
            if operation.resultat is None or operation.conclue_le is None:
                return None
            erreur_centimes = 1 if self._reglages.panne == "montant_faux" else 0
            return Lecture(
                operation=operation,
                conclue_le=operation.conclue_le,
                resultat=self._resultat_annonce(operation, operation.resultat),
                montant_centimes=operation.demande.montant_centimes + erreur_centimes,
            )

    def _resultat_annonce(self, operation: Operation, resultat: str) -> str:
        if self._reglages.resultat == "inconnu":
            return CODE_INCONNU
        if self._reglages.resultat == "abandon_puis_paye":
            operation.lectures_abandon += 1
            return ABANDON if operation.lectures_abandon == 1 else PAIEMENT_CARTE
        return resultat
