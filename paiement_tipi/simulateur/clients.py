"""Les clients de PayFiP, du numéro inconnu à la production (payfip.md §4 et §7.4, point 14)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from paiement_tipi.simulateur.horloge import jour_paris


class Moyen(StrEnum):
    """Les deux moyens de paiement proposés."""

    CARTE = "carte"
    PRELEVEMENT = "prelevement"


class EtatClient(StrEnum):
    """Où en est un numéro de client, et par où il paie."""

    INCONNU = "inconnu"
    TEST = "test"
    ACTIVATION = "activation"
    PRODUCTION = "production"
    URL = "url"
    TITRES = "titres"


ESSAIS = frozenset("TX")
PRODUCTION_WS = frozenset("W")
PRODUCTION_URL = frozenset("AM")
AVEC_SERVICE_WEB = frozenset({EtatClient.TEST, EtatClient.ACTIVATION, EtatClient.PRODUCTION})
Libelles = tuple[str, str, str]
Activations = Mapping[tuple[str, Moyen], datetime]

CONNUS: Mapping[str, tuple[EtatClient, Libelles]] = {
    "006382": (
        EtatClient.PRODUCTION,
        ("REGIE DE RECETTES", "COLLECTIVITE DE DEMONSTRATION", "FACTURES MUNICIPALES"),
    ),
    "111111": (
        EtatClient.TEST,
        ("REGIE EN COURS D ACTIVATION", "COMMUNE DE DEMONSTRATION", "FACTURES EN TEST"),
    ),
    "222222": (
        EtatClient.URL,
        ("REGIE SANS ACCES SECURISE", "COMMUNE DE DEMONSTRATION", "PAIEMENT PAR URL SEULEMENT"),
    ),
}
REGIE_DECLAREE: Libelles = ("REGIE DECLAREE", "COMMUNE DE DEMONSTRATION", "FACTURES")
TITRES_DECLARES: Libelles = ("TITRES ET ROLES", "COMMUNE DE DEMONSTRATION", "AVIS DES SOMMES A PAYER")


@dataclass(frozen=True, kw_only=True)
class Client:
    """Un client connu et ses moyens activés, tels qu'ils sont à un instant."""

    numcli: str
    etat: EtatClient
    libelles: Libelles
    actives: frozenset[Moyen]

    @property
    def saisies_ws(self) -> frozenset[str]:
        """Ce que le service web accepte ; rien pour qui ne paie que par URL (payfip.md §2.3)."""
        if self.etat not in AVEC_SERVICE_WEB:
            return frozenset()
        return ESSAIS | PRODUCTION_WS if self._en_production else ESSAIS

    @property
    def saisies_url(self) -> frozenset[str]:
        """Ce que la page par URL accepte (payfip.md §2.3)."""
        return ESSAIS | PRODUCTION_URL if self._en_production else ESSAIS

    @property
    def _en_production(self) -> bool:
        return self.etat is not EtatClient.TEST and bool(self.actives)

    def moyens(self, saisie: str) -> tuple[Moyen, ...]:
        """Tous pour les essais, les seuls moyens activés pour un vrai paiement (payfip.md §4, point 3)."""
        return tuple(moyen for moyen in Moyen if saisie in ESSAIS or moyen in self.actives)


def trouver_client(
    numcli: str, *, declares: Mapping[str, str], activations: Activations, maintenant: datetime
) -> Client | None:
    """Le client, tel que déclaré par les réglages ou connu d'avance ; rien s'il est inconnu."""
    etat_connu, libelles_connus = CONNUS.get(numcli, (EtatClient.INCONNU, None))
    etat = EtatClient(declares.get(numcli, etat_connu))
    if etat is EtatClient.INCONNU:
        return None
    libelles = libelles_connus or (TITRES_DECLARES if etat is EtatClient.TITRES else REGIE_DECLAREE)
    actives = frozenset(Moyen)
    if etat is EtatClient.ACTIVATION:
        actives = _moyens_actives(numcli, activations, maintenant)
    return Client(numcli=numcli, etat=etat, libelles=libelles, actives=actives)


def _moyens_actives(numcli: str, activations: Activations, maintenant: datetime) -> frozenset[Moyen]:
    """Ceux dont le paiement d'activation a réussi avant aujourd'hui : l'effet est du lendemain (payfip.md §4)."""
    payes = ((moyen, activations.get((numcli, moyen))) for moyen in Moyen)
    return frozenset(moyen for moyen, instant in payes if instant and jour_paris(maintenant) > jour_paris(instant))
