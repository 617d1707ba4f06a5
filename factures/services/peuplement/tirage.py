"""Des factures plausibles, tirées de leur rang et d'une graine ; Python pur."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from struct import unpack
from typing import NamedTuple
from uuid import UUID

from factures.etats import Moyen

JOURS = 5 * 365
RECENTE = 45  # jours : avant l'échéance, la plupart restent à payer

# Sur cent factures, combien en ont leur part : cinq redevables, du plus petit compte au plus grand.
PAR_CENT = tuple(rang for rang, nombre in enumerate((4, 12, 20, 24, 40)) for _ in range(nombre))
REDEVABLES_PAR_CENT = PAR_CENT[-1] + 1


@dataclass(frozen=True)
class Service:
    """Un service et ce qu'il facture ; les montants sont en centimes."""

    libelle: str
    objets: tuple[str, ...]
    lignes: tuple[str, ...]  # une ou deux
    minimum: int
    amplitude: int


SERVICES = {
    "EAU": Service(
        "Eau et assainissement",
        ("Eau et assainissement, 1er semestre", "Eau et assainissement, 2e semestre", "Eau, solde de tout compte"),
        ("Abonnement", "Consommation"),
        1890,
        38000,
    ),
    "CANTINE": Service(
        "Restauration scolaire",
        tuple(f"Repas de {mois}" for mois in ("septembre", "novembre", "janvier", "mars", "mai")),
        ("Repas",),
        90,
        11000,
    ),
    "CRECHE": Service("Crèche", ("Garde du mois", "Adaptation"), ("Heures de garde",), 4200, 52000),
}


def _urne(**parts: int) -> tuple[str, ...]:
    """Cent issues à tirer, chacune autant de fois que sa part."""
    return tuple(issue for issue, part in parts.items() for _ in range(part))


RECENTES = _urne(impayee=45, payee=30, prelevement=10, partielle=5, brouillon=4, annulee=3, avoir=3)
ANCIENNES = _urne(payee=78, en_deux_fois=6, impayee=5, annulee=3, avoir=3, rejetee=2, partielle=2, trop_percue=1)
# Ce qui a été reçu (repris, si c'est négatif) pour un montant dû, en centimes ; rien pour les autres issues.
RECUS: dict[str, Callable[[int], tuple[int, ...]]] = {
    "payee": lambda du: (du,),
    "en_deux_fois": lambda du: (du // 2, du - du // 2),
    "partielle": lambda du: (du // 3,),
    "rejetee": lambda du: (du, -du),
    "trop_percue": lambda du: (du, 500),
}
CODES = ("EAU", "CANTINE", "EAU", "CRECHE")
MOYENS = tuple(str(moyen) for moyen in Moyen)


class Tirage(NamedTuple):
    """Une facture, avant de savoir dans quelle commune ; les montants sont en centimes."""

    rang: int
    uuid: UUID
    age: int  # en jours
    code: str  # du service
    issue: str
    montant: int
    hasard: int  # pour ce qui reste à choisir

    @property
    def recus(self) -> tuple[int, ...]:
        """Ses règlements."""
        return RECUS[self.issue](self.montant) if self.issue in RECUS else ()


def tirer(graine: str, rang: int) -> Tirage:
    """La facture de ce rang : toujours la même pour une même graine."""
    octets = blake2b(f"{graine}:{rang}".encode(), digest_size=32).digest()
    age, issue, montant, hasard = unpack("<4I", octets[16:])
    code = CODES[hasard % 4]
    urne = RECENTES if age % JOURS < RECENTE else ANCIENNES
    minimum, amplitude = SERVICES[code].minimum, SERVICES[code].amplitude
    uuid = UUID(bytes=octets[:16], version=4)
    return Tirage(rang, uuid, age % JOURS, code, urne[issue % 100], minimum + montant % amplitude, hasard >> 2)


def redevable_de(rang: int) -> int:
    """Le rang du redevable de cette facture."""
    centaine, reste = divmod(rang, 100)
    return centaine * REDEVABLES_PAR_CENT + PAR_CENT[reste]
