"""La mémoire d'un simulateur : opérations, réglages, horloge et journaux, derrière un seul verrou."""

import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import RLock
from typing import Any

from paiement_tipi.simulateur.clients import Client, Moyen, trouver_client
from paiement_tipi.simulateur.erreurs import Erreur
from paiement_tipi.simulateur.horloge import Horloge, jour_paris, lire_instant
from paiement_tipi.simulateur.operations import (
    ABANDON,
    CODE_INCONNU,
    PAIEMENT_CARTE,
    SUCCES,
    Demande,
    Operation,
    est_oubliee,
)
from paiement_tipi.simulateur.reglages import Reglages, fusionner
from paiement_tipi.simulateur.titres import refus_du_titre

JOURNAL_MAXIMUM = 1000
CHIFFRES_EXER_TRONQUE = 2

Entree = dict[str, Any]


class DetteDejaPayeeError(Exception):
    """Ce titre vient d'être payé par une autre page."""


@dataclass(frozen=True, kw_only=True)
class Lecture:
    """Ce que le guichet répond d'une opération conclue."""

    operation: Operation
    conclue_le: datetime
    resultat: str
    montant_centimes: int
    exer: str


class Etat:
    """Tout est en mémoire : rien ne survit au processus, et deux serveurs ne partagent rien."""

    def __init__(self, horloge: Horloge | None = None) -> None:
        self._verrou = RLock()
        self._horloge = horloge or Horloge()
        self._operations: dict[str, Operation] = {}
        self._reglages = Reglages()
        self._activations: dict[tuple[str, Moyen], datetime] = {}
        self._dettes_payees: set[tuple[str, str]] = set()
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
                **self._reglages.en_clair(),
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

    def client(self, numcli: str) -> Client | None:
        """Le client tel qu'il est maintenant, ou rien s'il est inconnu."""
        with self._verrou:
            return trouver_client(
                numcli,
                declares=self._reglages.clients,
                activations=self._activations,
                maintenant=self._horloge.maintenant(),
            )

    def refus_du_titre(self, demande: Demande) -> Erreur | None:
        """Pourquoi ce titre ne se paie pas ; Hélios en panne, aucun n'est connu (payfip.md §7.4, point 15)."""
        dette = (demande.numcli, demande.refdet)
        with self._verrou:
            charges = () if self._reglages.helios == "panne" else self._reglages.titres
            return refus_du_titre(
                next((titre for titre in charges if (titre.numcli, titre.refdet) == dette), None),
                montant_centimes=demande.montant_centimes,
                jour=jour_paris(self._horloge.maintenant()),
                payee=dette in self._dettes_payees,
            )

    def creer(self, demande: Demande, client: Client, echo: Mapping[str, str] | None = None) -> Operation:
        """Enregistre une demande contrôlée sous un UUID de version 1."""
        with self._verrou:
            operation = Operation(
                idop=str(uuid.uuid1()),
                demande=demande,
                client=client,
                creee_le=self._horloge.maintenant(),
                echo=echo or {},
            )
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
            maintenant = self._horloge.maintenant()
            if resultat in SUCCES.values():
                self._retenir_le_paiement(operation, maintenant)
            operation.resultat, operation.conclue_le = resultat, maintenant
            return True

    def _retenir_le_paiement(self, operation: Operation, maintenant: datetime) -> None:
        """Un titre ne se paie qu'une fois ; un paiement X active son moyen (payfip.md §1 et §4)."""
        if operation.dette:
            if operation.dette in self._dettes_payees:
                raise DetteDejaPayeeError
            self._dettes_payees.add(operation.dette)
        if operation.demande.saisie == "X" and operation.moyen:
            self._activations.setdefault((operation.demande.numcli, operation.moyen), maintenant)

    def lire(self, operation: Operation) -> Lecture | None:
        """Ce que recupererDetailPaiementSecurise répond, ou rien tant qu'il n'y a pas de résultat."""
        with self._verrou:
            if operation.resultat is None or operation.conclue_le is None:
                return None
            tronque = self._reglages.exer == "tronque"
            erreur_centimes = 1 if self._reglages.panne == "montant_faux" else 0
            return Lecture(
                operation=operation,
                conclue_le=operation.conclue_le,
                resultat=self._resultat_annonce(operation, operation.resultat),
                montant_centimes=operation.demande.montant_centimes + erreur_centimes,
                exer=operation.demande.exer[:CHIFFRES_EXER_TRONQUE] if tronque else operation.demande.exer,
            )

    def _resultat_annonce(self, operation: Operation, resultat: str) -> str:
        if self._reglages.resultat == "inconnu":
            return CODE_INCONNU
        if self._reglages.resultat == "abandon_puis_paye":
            operation.lectures_abandon += 1
            return ABANDON if operation.lectures_abandon == 1 else PAIEMENT_CARTE
        return resultat
