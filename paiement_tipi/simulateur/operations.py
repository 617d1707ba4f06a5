"""La vie d'une opération de paiement (payfip.md §3.7) : des règles pures, l'heure en paramètre."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock

from paiement_tipi.simulateur.clients import PRODUCTION_URL, Client, EtatClient, Moyen
from paiement_tipi.simulateur.horloge import PARIS

VALIDITE_PAGE = timedelta(minutes=15)
VALIDITE_PRESTATAIRE = timedelta(hours=2)
CONSERVATION = timedelta(days=365)
HEURE_PURGE = 3
ABANDON = "A"
PAIEMENT_CARTE = "P"
CODE_INCONNU = "K"
SUCCES = {Moyen.CARTE: PAIEMENT_CARTE, Moyen.PRELEVEMENT: "V"}
REFUS = {Moyen.CARTE: "R", Moyen.PRELEVEMENT: "Z"}
SANS_AUTORISATION = frozenset({ABANDON, *REFUS.values()})
LONGUEUR_AUTORISATION = {Moyen.CARTE: 6, Moyen.PRELEVEMENT: 16}


@dataclass(frozen=True, kw_only=True)
class Demande:
    """Ce que le site marchand a demandé, déjà contrôlé (payfip.md §2.2 et §3.2) ; par URL, rien où revenir."""

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
    """Une opération et où elle en est ; `verrou` met à la file les clics d'une même page.

    `client` est celui de l'instant de la demande ; `echo`, ce que la demande par URL disait, est vide au service web.
    """

    idop: str
    demande: Demande
    client: Client
    creee_le: datetime
    echo: Mapping[str, str] = field(default_factory=dict)
    ouverte: bool = False
    moyen: Moyen | None = None
    resultat: str | None = None
    conclue_le: datetime | None = None
    lectures_abandon: int = 0
    verrou: Lock = field(default_factory=Lock)

    @property
    def par_url(self) -> bool:
        """Venue de paiement.web : pas d'idop pour le site, un résultat posté, aucun retour (payfip.md §2)."""
        return bool(self.echo)

    @property
    def moyens(self) -> tuple[Moyen, ...]:
        """Ce que la page propose."""
        return self.client.moyens(self.demande.saisie)

    @property
    def dette(self) -> tuple[str, str] | None:
        """Ce que PayFiP retient comme payé en ligne : un vrai titre, jamais un essai (payfip.md §1)."""
        reelle = self.client.etat is EtatClient.TITRES and self.demande.saisie in PRODUCTION_URL
        return (self.demande.numcli, self.demande.refdet) if reelle else None

    @property
    def est_definitive(self) -> bool:
        """Un abandon peut encore être suivi d'un paiement, les autres résultats sont définitifs."""
        return self.resultat not in {None, ABANDON}


def page_expiree(operation: Operation, maintenant: datetime) -> bool:
    """Plus de 15 minutes ; deux heures pour qui est déjà chez le prestataire de paiement (payfip.md §3.7)."""
    validite = VALIDITE_PAGE if operation.moyen is None else VALIDITE_PRESTATAIRE
    return maintenant - operation.creee_le > validite


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
