"""Un petit serveur SMTP local, qui dit à chaque étape où il en est : de quoi tuer l'ouvrier juste là."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

REPONSES = {"EHLO": b"250 essai", "MAIL": b"250 oui", "RCPT": b"250 oui", "RSET": b"250 oui", "QUIT": b"221 adieu"}


class ServeurSmtp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.recus: list[bytes] = []
        self.etape: Callable[[str], None] = lambda _nom: None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}?tls=0"


class Conversation(socketserver.StreamRequestHandler):
    server: ServeurSmtp

    def handle(self) -> None:
        try:
            self.repondre(b"220 essai")
            while ligne := self.rfile.readline():
                self.obeir(ligne[:4].upper().decode())
        except ConnectionError:
            pass  # l'ouvrier est mort

    def obeir(self, verbe: str) -> None:
        self.server.etape(verbe)
        if verbe == "DATA":
            self.recevoir()
        else:
            self.repondre(REPONSES[verbe])

    def recevoir(self) -> None:
        self.repondre(b"354 parlez")
        lignes = []
        while (ligne := self.rfile.readline()) != b".\r\n":
            if not ligne:
                return  # coupé avant la fin : rien n'est accepté
            lignes.append(ligne.removeprefix(b"."))
        self.server.recus.append(b"".join(lignes))
        self.server.etape("accepté")
        self.repondre(b"250 merci")
        self.server.etape("répondu")

    def repondre(self, ligne: bytes) -> None:
        self.wfile.write(ligne + b"\r\n")


@contextmanager
def serveur_smtp() -> Iterator[ServeurSmtp]:
    with ServeurSmtp() as serveur:
        fil = threading.Thread(target=serveur.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        fil.start()
        yield serveur
        serveur.shutdown()
        fil.join()
