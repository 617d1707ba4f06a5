"""De quoi joindre : des images avec leurs secrets, des PDF, et un faux clamd."""

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import pikepdf
from PIL import Image

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
LIEU = "44.1737 N, 0.6347 E"


def image(format_: str = "JPEG", taille: tuple[int, int] = (60, 40), *, rotation: int = 1) -> bytes:
    """Une image dont l'EXIF dit où elle a été prise, et dans quel sens la tourner."""
    exif = Image.Exif()
    exif[0x010E] = LIEU
    exif[0x0112] = rotation
    sortie = BytesIO()
    Image.new("RGB", taille, "red").save(sortie, format_, exif=exif.tobytes())
    return sortie.getvalue()


def pdf(**racine: pikepdf.Object) -> bytes:
    """Une page blanche ; ``racine`` complète le catalogue."""
    document, sortie = pikepdf.new(), BytesIO()
    document.add_blank_page()
    for cle, valeur in racine.items():
        document.Root[f"/{cle}"] = valeur
    document.save(sortie)
    return sortie.getvalue()


def pdf_infecte() -> bytes:
    """Un PDF irréprochable dont un flux est le fichier d'essai des antivirus."""
    document, sortie = pikepdf.new(), BytesIO()
    document.add_blank_page()
    document.Root["/Essai"] = document.make_stream(EICAR)
    document.save(sortie, compress_streams=False)
    return sortie.getvalue()


class _Clamd(socketserver.StreamRequestHandler):
    """Le protocole INSTREAM, comme clamd le lit : des morceaux précédés de leur taille, puis zéro."""

    def handle(self) -> None:
        assert self.rfile.read(10) == b"zINSTREAM\0"
        contenu = b""
        while taille := struct.unpack("!L", self.rfile.read(4))[0]:
            contenu += self.rfile.read(taille)
        self.server.analyses.append(contenu)
        trouve = b"stream: Eicar-Test-Signature FOUND\0" if EICAR in contenu else b"stream: OK\0"
        self.wfile.write(self.server.avis or trouve)


class Clamd(socketserver.ThreadingTCPServer):
    """``analyses`` : ce qu'il a lu ; ``avis`` remplace sa réponse."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Clamd)
        self.analyses: list[bytes] = []
        self.avis = b""


@contextmanager
def clamd() -> Iterator[Clamd]:
    with Clamd() as serveur:
        threading.Thread(target=serveur.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield serveur
        serveur.shutdown()
