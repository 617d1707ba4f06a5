"""Le guichet PayFiP : une requête, un délai, deux exceptions. Il ne connaît que le protocole, jamais la base."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from socket import socket
from typing import Any, Protocol, TypeVar
from uuid import UUID

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout

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
        delai = Timeout(connect=CONNEXION_SECONDES, total=self.secondes)
        corps = bytearray()
        try:
            with requests.Session() as seance:
                seance.mount(self.url, _Adaptateur())
                reponse = seance.post(
                    self.url,
                    data=enveloppe,
                    headers=ENTETES,
                    timeout=delai,  # type: ignore[arg-type]  # requests prend aussi celui d'urllib3
                    allow_redirects=False,
                    stream=True,
                )
                while morceau := reponse.raw.read1(16 * 1024, decode_content=True):
                    corps += morceau
                    if len(corps) > TAILLE_REPONSE:
                        raise GuichetIndisponible("réponse trop longue")
        except (requests.RequestException, HTTPError) as erreur:
            raise GuichetIndisponible(type(erreur).__name__) from erreur
        return bytes(corps)


class _Flux(RawIOBase):
    """Ce qu'envoie PayFiP, lu dans le temps qui reste : le délai d'une prise n'en borne qu'une lecture.

    Sans cela, des octets qui tombent un à un, d'en-tête ou de corps, feraient attendre sans fin.
    """

    def __init__(self, brut: RawIOBase, prise: socket) -> None:
        self.brut, self.prise = brut, prise
        self.fin = time.monotonic() + (prise.gettimeout() or 0)

    def readable(self) -> bool:
        return True

    def readinto(self, tampon: Any) -> int | None:
        reste = self.fin - time.monotonic()
        if reste <= 0:
            raise TimeoutError
        self.prise.settimeout(reste)
        return self.brut.readinto(tampon)

    def close(self) -> None:
        self.brut.close()
        super().close()


class _Reponse(HTTPResponse):
    def __init__(self, sock: socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = BufferedReader(_Flux(self.fp.detach(), sock))


class _Connexion(HTTPConnection):
    response_class = _Reponse


class _ConnexionTls(HTTPSConnection):
    response_class = _Reponse


class _Adaptateur(HTTPAdapter):
    """Celui de requests, qui ouvre nos connexions."""

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        prises: Any = super().get_connection_with_tls_context(*args, **options)
        prises.ConnectionCls = _ConnexionTls if prises.scheme == "https" else _Connexion
        return prises


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
