"""La vie d'une opération de paiement (payfip.md §3.7) : des règles pures, l'heure en paramètre."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from threading import Lock

from paiement_tipi.simulateur.horloge import PARIS

VALIDITE_PAGE = timedelta(minutes=15)
CONSERVATION = timedelta(days=365)
HEURE_PURGE = 3


class Moyen(StrEnum):
    """Les deux moyens de paiement proposés."""

    CARTE = "carte"
    PRELEVEMENT = "prelevement"


ABANDON = "A"
PAIEMENT_CARTE = "P"
CODE_INCONNU = "K"
SUCCES = {Moyen.CARTE: PAIEMENT_CARTE, Moyen.PRELEVEMENT: "V"}
REFUS = {Moyen.CARTE: "R", Moyen.PRELEVEMENT: "Z"}
SANS_AUTORISATION = frozenset({ABANDON, *REFUS.values()})
LONGUEUR_AUTORISATION = {Moyen.CARTE: 6, Moyen.PRELEVEMENT: 16}


@dataclass(frozen=True, kw_only=True)
class Demande:
    """Ce que le site marchand a demandé, déjà contrôlé (payfip.md §3.2)."""

    exer: str
    mel: str
    montant_centimes: int
    numcli: str
    objet: str
    refdet: str
    saisie: str
    urlnotif: str
    urlredirect: str


@dataclass(kw_only=True)
class Operation:
    """Une opération et où elle en est ; `verrou` met à la file les clics d'une même page."""

    idop: str
    demande: Demande
    creee_le: datetime
    ouverte: bool = False
    moyen: Moyen | None = None
    resultat: str | None = None
    conclue_le: datetime | None = None
    lectures_abandon: int = 0
    verrou: Lock = field(default_factory=Lock)

    @property
    def est_definitive(self) -> bool:
        """Un abandon peut encore être suivi d'un paiement, les autres résultats sont définitifs."""
        return self.resultat not in {None, ABANDON}


def page_expiree(operation: Operation, maintenant: datetime) -> bool:
    """Plus de 15 minutes, et la personne n'était pas encore chez le prestataire de paiement."""
    return operation.moyen is None and maintenant - operation.creee_le > VALIDITE_PAGE


def est_oubliee(operation: Operation, maintenant: datetime) -> bool:
    """Vrai pour ce qui est purgé la nuit suivante (jamais arrivé au prestataire) ou vieux d'un an."""
    if operation.moyen is None and operation.resultat is None:
        return maintenant >= prochaine_purge(operation.creee_le)
    return maintenant - (operation.conclue_le or operation.creee_le) > CONSERVATION


def prochaine_purge(instant: datetime) -> datetime:
    """Le premier 3 h du matin à Paris qui suit `instant`."""
    local = instant.astimezone(PARIS)
    purge = local.replace(hour=HEURE_PURGE, minute=0, second=0, microsecond=0)
    if purge <= local:
        purge += timedelta(days=1)
    return purge.astimezone(UTC)


def numero_autorisation(operation: Operation, resultat: str) -> str:
    """`numauto` : 6 caractères par carte, 16 par prélèvement, rien sans paiement (payfip.md §7.4)."""
    if resultat in SANS_AUTORISATION:
        return ""
    longueur = LONGUEUR_AUTORISATION[operation.moyen or Moyen.CARTE]
    return hashlib.sha256(operation.idop.encode()).hexdigest()[:longueur].upper()
