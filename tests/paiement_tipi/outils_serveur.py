"""Un guichet de PayFiP qui répond ce qu'un test lui dit, octet par octet, aussi mal qu'il le faut."""

import gzip
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http.client import parse_headers
from socket import socket

Script = Callable[[socket, threading.Event], None]


@dataclass(frozen=True)
class Recue:
    """Une requête telle que reçue."""

    ligne: str
    entetes: Message
    corps: bytes


class PetitServeur(socketserver.ThreadingTCPServer):
    """``suite`` : les réponses à venir, la dernière servant à toutes les suivantes."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.arret = threading.Event()
        self.recues: list[Recue] = []
        self.suite: list[Script] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/tpa/services/securite"

    def dire(self, *scripts: Script) -> None:
        self.suite = list(scripts)

    def prochaine(self) -> Script:
        return self.suite.pop(0) if len(self.suite) > 1 else self.suite[0]

    def handle_error(self, request: object, client_address: object) -> None:
        """Le client qui raccroche est l'objet même de ces tests."""


class _Conversation(socketserver.StreamRequestHandler):
    server: PetitServeur

    def handle(self) -> None:
        ligne = self.rfile.readline().decode().strip()
        if not ligne:
            return
        entetes = parse_headers(self.rfile)
        corps = self.rfile.read(int(entetes.get("Content-Length", "0")))
        self.server.recues.append(Recue(ligne, entetes, corps))
        self.server.prochaine()(self.connection, self.server.arret)


@contextmanager
def petit_serveur() -> Iterator[PetitServeur]:
    with PetitServeur() as serveur:
        fil = threading.Thread(target=serveur.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        fil.start()
        try:
            yield serveur
        finally:
            serveur.arret.set()
            serveur.shutdown()
            fil.join()


def _tete(statut: str, longueur: int | None, *entetes: str) -> bytes:
    lignes = [f"HTTP/1.1 {statut}", "Content-Type: text/xml; charset=utf-8", "Connection: close", *entetes]
    if longueur is not None:
        lignes.append(f"Content-Length: {longueur}")
    return ("\r\n".join(lignes) + "\r\n\r\n").encode()


def repond(corps: bytes, statut: str = "200 OK", *entetes: str) -> Script:
    return lambda prise, _arret: prise.sendall(_tete(statut, len(corps), *entetes) + corps)


def repond_gzip(corps: bytes) -> Script:
    return repond(gzip.compress(corps), "200 OK", "Content-Encoding: gzip")


def redirige(vers: str) -> Script:
    return repond(b"", "302 Found", f"Location: {vers}")


def muet(prise: socket, arret: threading.Event) -> None:
    """Prend la requête et ne répond jamais."""
    arret.wait()


def coupe(prise: socket, arret: threading.Event) -> None:
    """Raccroche sans un octet."""


def coupe_au_milieu(prise: socket, arret: threading.Event) -> None:
    prise.sendall(_tete("200 OK", 5000) + b"<S:Envelope")


def sans_http(prise: socket, arret: threading.Event) -> None:
    prise.sendall(b"220 mail.exemple.fr ESMTP\r\n\r\n")


def goutte_a_goutte(prise: socket, arret: threading.Event) -> None:
    """Un octet de temps en temps, chacun bien avant l'expiration de la prise."""
    prise.sendall(_tete("200 OK", 5000))
    while not arret.wait(0.02):
        prise.sendall(b" ")


def goutte_d_en_tetes(prise: socket, arret: threading.Event) -> None:
    """Un en-tête qui n'en finit pas, octet par octet."""
    prise.sendall(b"HTTP/1.1 200 OK\r\nServer: ")
    while not arret.wait(0.02):
        prise.sendall(b"x")


def en_deux_fois(secondes: float) -> Script:
    """Les en-têtes, puis un début de corps, chacun presque à la fin du délai de la prise."""

    def script(prise: socket, arret: threading.Event) -> None:
        arret.wait(secondes)
        prise.sendall(_tete("200 OK", 5000))
        arret.wait(secondes)
        prise.sendall(b"<S:Envelope")
        arret.wait()

    return script


def sans_fin(prise: socket, arret: threading.Event) -> None:
    """Un corps sans longueur annoncée, aussi vite que possible."""
    prise.sendall(_tete("200 OK", None))
    while not arret.is_set():
        prise.sendall(b"<a>" * 4096)
