"""Un petit générateur de charge : des connexions gardées ouvertes, servies par une seule boucle, sans rien analyser
d'une réponse que son statut et sa longueur. Ce qu'il coûte lui-même est mesuré avec le reste."""

import re
import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

LECTURE = 1 << 18
ATTENTE_SECONDES = 60
_ENTETE = re.compile(rb"HTTP/1\.1 (\d{3}) .*?\r\nContent-Length: (\d+)\r\n", re.DOTALL | re.IGNORECASE)


class ReponseInattendue(RuntimeError):
    """Le serveur a répondu autre chose que ce qu'on mesure : la mesure ne vaudrait rien."""


@dataclass
class Connexion:
    """Une connexion HTTP gardée, et la réponse qui y arrive."""

    prise: socket.socket
    depart: float = 0.0
    recu: bytearray = field(default_factory=bytearray)

    @classmethod
    def ouvrir(cls, port: int) -> "Connexion":
        """Une connexion neuve vers notre serveur."""
        prise = socket.create_connection(("127.0.0.1", port), timeout=ATTENTE_SECONDES)
        prise.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return cls(prise)

    def envoyer(self, requete: bytes) -> None:
        """Lance le chronomètre de cette requête."""
        self.recu.clear()
        self.depart = time.perf_counter()
        self.prise.sendall(requete)

    def lire(self, attendu: bytes) -> bytes | None:
        """Le corps si la réponse est entière, None s'il en manque ; ReponseInattendue pour un autre statut."""
        morceau = self.prise.recv(LECTURE)
        self.recu += morceau
        debut = self.recu.find(b"\r\n\r\n")
        if debut < 0 and morceau:
            return None
        entete = _ENTETE.match(self.recu[: debut + 2])
        if not morceau or entete is None or entete[1] != attendu:
            raise ReponseInattendue(bytes(self.recu[:2000]).decode("utf-8", "replace"))
        corps = memoryview(self.recu)[debut + 4 :]
        return bytes(corps) if len(corps) >= int(entete[2]) else None

    def demander(self, requete: bytes, attendu: bytes) -> bytes:
        """Le corps de la réponse à une requête, seule."""
        self.envoyer(requete)
        while (corps := self.lire(attendu)) is None:
            pass
        return corps


@dataclass
class Tranche:
    """Ce qu'ont donné quelques instants de charge."""

    secondes: float = 0.0
    secondes_generateur: float = 0.0
    durees: list[float] = field(default_factory=list)


def charger(connexions: list[Connexion], requetes: Iterator[bytes], *, attendu: bytes, secondes: float) -> Tranche:
    """Chaque connexion redemande dès qu'elle a sa réponse, pendant ``secondes`` ; les dernières réponses comptent."""
    tranche = Tranche()
    with selectors.DefaultSelector() as veille:
        for connexion in connexions:
            veille.register(connexion.prise, selectors.EVENT_READ, connexion)
        cpu, debut = time.process_time(), time.perf_counter()
        for connexion in connexions:
            connexion.envoyer(next(requetes))
        while veille.get_map():
            _servir(veille, tranche.durees, requetes, attendu=attendu, fin=debut + secondes)
        tranche.secondes = time.perf_counter() - debut
        tranche.secondes_generateur = time.process_time() - cpu
    return tranche


def _servir(
    veille: selectors.BaseSelector, durees: list[float], requetes: Iterator[bytes], *, attendu: bytes, fin: float
) -> None:
    pretes = veille.select(ATTENTE_SECONDES)
    if not pretes:
        raise ReponseInattendue("Le serveur ne répond plus.")
    for cle, _ in pretes:
        connexion: Connexion = cle.data
        if connexion.lire(attendu) is None:
            continue
        maintenant = time.perf_counter()
        durees.append(maintenant - connexion.depart)
        if maintenant < fin:
            connexion.envoyer(next(requetes))
        else:
            veille.unregister(connexion.prise)
