"""Le guichet PayFiP : une requête, un délai, deux exceptions. Il ne connaît que le protocole, jamais la base."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import UUID

import requests
from urllib3.exceptions import HTTPError

from paiement_tipi.protocole import (
    TAILLE_REPONSE,
    Demande,
    DetailClient,
    Faute,
    Lecture,
    ReponseIllisible,
    enveloppe_client,
    enveloppe_creation,
    enveloppe_lecture,
    lire_client,
    lire_creation,
    lire_resultat,
)

T = TypeVar("T")

CONNEXION_SECONDES = 2

ENTETES = {
    "Content-Type": "text/xml; charset=utf-8",
    "SOAPAction": '""',
    "Accept": "text/xml",
    "Accept-Encoding": "identity",
}


class GuichetIndisponible(Exception):
    """PayFiP ne répond pas, ou pas ce qu'il devrait : réessayer plus tard."""


class QuestionEcartee(GuichetIndisponible):
    """La question n'est pas partie : PayFiP, à qui rien n'a été demandé, n'est pas en panne pour autant."""


class GuichetRefuse(Exception):
    """PayFiP a répondu non : ``code`` et ``libelle`` disent pourquoi (payfip.md §3.6)."""

    def __init__(self, faute: Faute) -> None:
        super().__init__(f"{faute.code} {faute.libelle}")
        self.code = faute.code
        self.libelle = faute.libelle


class Guichet(Protocol):
    """Ce que les services attendent d'un guichet."""

    def creer(self, demande: Demande) -> UUID:
        """L'idop de l'opération créée. GuichetIndisponible ou GuichetRefuse sinon."""

    def lire(self, idop: UUID) -> tuple[Lecture, bytes]:
        """Le résultat et le XML reçu. GuichetRefuse P5 : pas encore de résultat ; P1 : opération inconnue ou purgée."""

    def detail_client(self, numcli: str) -> DetailClient:
        """Ce que PayFiP dit d'un numéro de client. GuichetRefuse T1, T2 ou T4 s'il ne le connaît pas."""


@dataclass(frozen=True)
class GuichetHttp:
    """PayFiP par HTTP. ``secondes`` borne toute la réponse, pour que la page d'une personne n'attende pas."""

    url: str
    secondes: float

    def creer(self, demande: Demande) -> UUID:
        """Voir Guichet.creer."""
        return _sans_faute(_lire(lire_creation, self._appeler(enveloppe_creation(demande))))

    def lire(self, idop: UUID) -> tuple[Lecture, bytes]:
        """Voir Guichet.lire."""
        xml = self._appeler(enveloppe_lecture(idop))
        return _sans_faute(_lire(lire_resultat, xml)), xml

    def detail_client(self, numcli: str) -> DetailClient:
        """Voir Guichet.detail_client."""
        return _sans_faute(_lire(lire_client, self._appeler(enveloppe_client(numcli))))

    def _appeler(self, enveloppe: bytes) -> bytes:
        """Le corps de la réponse ; une faute SOAP arrive avec un statut 500 et se lit comme les autres."""
        fin = time.monotonic() + self.secondes
        corps = bytearray()
        try:
            with requests.post(
                self.url,
                data=enveloppe,
                headers=ENTETES,
                timeout=(CONNEXION_SECONDES, self.secondes),
                allow_redirects=False,
                stream=True,
            ) as reponse:
                # read1 rend ce qui est arrivé : attendre un bloc plein laisserait un goutte à goutte passer le délai.
                while morceau := reponse.raw.read1(16 * 1024, decode_content=True):
                    corps += morceau
                    if len(corps) > TAILLE_REPONSE or time.monotonic() > fin:
                        raise GuichetIndisponible("réponse trop longue")
        except (requests.RequestException, HTTPError) as erreur:
            raise GuichetIndisponible(type(erreur).__name__) from erreur
        return bytes(corps)


def _lire(lecteur: Callable[[bytes], T], xml: bytes) -> T:
    try:
        return lecteur(xml)
    except ReponseIllisible as erreur:
        raise GuichetIndisponible(str(erreur)) from erreur


def _sans_faute(reponse: T | Faute) -> T:
    if not isinstance(reponse, Faute):
        return reponse
    if reponse.technique:
        raise GuichetIndisponible(f"{reponse.code} {reponse.libelle}")
    raise GuichetRefuse(reponse)
