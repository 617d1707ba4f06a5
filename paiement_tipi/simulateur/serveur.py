"""Le serveur HTTP du simulateur : lire une requête entière, répondre, ou couper net."""

import socket
import struct
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Event
from typing import Any

from paiement_tipi.simulateur import pages
from paiement_tipi.simulateur.application import Application
from paiement_tipi.simulateur.echange import Reponse, Requete
from paiement_tipi.simulateur.erreurs import Erreur

CORPS_MAXIMUM = 64 * 1024
REBUT_MAXIMUM = 16 * 1024 * 1024
DELAI_LENTEUR_SECONDES = 20.0
DELAI_NOTIFICATION_SECONDES = 10.0
FERMETURE_BRUTALE = struct.pack("ii", 1, 0)


class ServeurSimulateur(ThreadingHTTPServer):
    """Un serveur et son propre état ; le fermer réveille les réponses lentes."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, adresse: tuple[str, int], application: Application, arret: Event) -> None:
        self.application = application
        self._arret = arret
        super().__init__(adresse, Gestionnaire)

    def server_bind(self) -> None:
        """Se lie sans la recherche DNS inverse que ferait http.server."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]  # toujours AF_INET

    def server_close(self) -> None:
        """Ferme, et n'attend personne."""
        self._arret.set()
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # signature imposée
        """Un client qui s'en va n'est pas une erreur du simulateur."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Gestionnaire(BaseHTTPRequestHandler):
    """Une connexion HTTP/1.1, plusieurs requêtes."""

    server: ServeurSimulateur
    protocol_version = "HTTP/1.1"
    server_version = "SimulateurPayFiP"
    sys_version = ""
    timeout = 30
    wbufsize = -1
    disable_nagle_algorithm = True

    def traiter(self) -> None:
        """Répond à une requête, quelle que soit sa méthode."""
        corps = self._lire_corps()
        if corps is not None:
            self._envoyer(self.server.application.repondre(self._requete(corps)))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = traiter  # noqa: N815  # noms imposés

    def _requete(self, corps: bytes) -> Requete:
        chemin, _separateur, parametres = self.path.partition("?")
        return Requete(
            methode=self.command,
            chemin=chemin,
            parametres=parametres,
            entetes=dict(self.headers.items()),
            type_contenu=self.headers.get_content_type(),
            corps=corps,
            hote=self.headers.get("Host", ""),
        )

    def _lire_corps(self) -> bytes | None:
        """Le corps annoncé, ou rien si la requête vient d'être refusée."""
        if "Transfer-Encoding" in self.headers:
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
            return None
        annonce = self.headers.get("Content-Length", "0")
        if not (annonce.isascii() and annonce.isdigit()):
            self.send_error(HTTPStatus.BAD_REQUEST)
            return None
        longueur = int(annonce[:20])
        if longueur > CORPS_MAXIMUM:
            self._jeter(min(longueur, REBUT_MAXIMUM))
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return None
        return self.rfile.read(longueur)

    def _jeter(self, longueur: int) -> None:
        """Lit sans garder : un client qui écrit encore ne lirait pas notre refus."""
        while longueur > 0 and (morceau := self.rfile.read(min(longueur, CORPS_MAXIMUM))):
            longueur -= len(morceau)

    def _envoyer(self, reponse: Reponse) -> None:
        if reponse.coupee:
            self._couper()
            return
        self.send_response(reponse.statut)
        for nom, valeur in reponse.entetes:
            self.send_header(nom, valeur)
        self.send_header("Content-Type", reponse.type_contenu)
        self.send_header("Content-Length", str(len(reponse.corps)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reponse.corps)

    def _couper(self) -> None:
        """Coupe la connexion par un RST, sans un octet de réponse."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, FERMETURE_BRUTALE)
        self.wfile.close()
        self.rfile.close()
        self.connection.close()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Une page en français pour ce que http.server refuse de lui-même ; la connexion est fermée."""
        del message, explain
        self.close_connection = True
        refus = pages.page_erreur(Erreur.REQUETE)
        entetes = (*refus.entetes, ("Connection", "close"))
        self._envoyer(Reponse(statut=HTTPStatus(code), corps=refus.corps, entetes=entetes))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # signature imposée
        """Le journal des requêtes est dans l'état, pas sur la sortie d'erreur."""


def creer_serveur(
    port: int = 0,
    *,
    pilotable: bool = True,
    hote: str = "127.0.0.1",
    delai_lenteur: float = DELAI_LENTEUR_SECONDES,
    delai_notification: float = DELAI_NOTIFICATION_SECONDES,
) -> ServeurSimulateur:
    """Un serveur prêt à `serve_forever()` ; le port 0 en choisit un libre, lisible dans `server_port`."""
    arret = Event()
    application = Application(
        pilotable=pilotable, delai_lenteur=delai_lenteur, delai_notification=delai_notification, arret=arret
    )
    return ServeurSimulateur((hote, port), application, arret)
