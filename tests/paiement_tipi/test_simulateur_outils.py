"""De quoi essayer le simulateur en vrai HTTP : un simulateur et un site marchand, chacun dans son fil."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from xml.sax.saxutils import escape

import requests
from lxml import etree

from paiement_tipi.simulateur import creer_serveur

TNS = (
    "http://securite.service.tpa.cp.finances.gouv.fr/services/mas_securite/"
    "contrat_paiement_securise/PaiementSecuriseService"
)
DEMANDE = {
    "exer": "2026",
    "mel": "usager@demo.example",
    "montant": "24311",
    "numcli": "006382",
    "objet": "Eau janvier",
    "refdet": "X0000301010000001317",
    "saisie": "W",
    "urlnotif": "http://127.0.0.1:9/notification/",
    "urlredirect": "http://127.0.0.1:9/retour/",
}
DEMANDE_URL = {
    "numcli": "222222",
    "exer": "2026",
    "refdet": "X0000301010000001317",
    "objet": "Eau janvier",
    "montant": "24311",
    "mel": "usager@demo.example",
    "saisie": "A",
    "urlcl": "http://127.0.0.1:9/notification/",
}
ENTETES_SOAP = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}


@dataclass
class Simulateur:
    """Un simulateur en marche et un client pour lui parler."""

    url: str
    client: requests.Session = field(default_factory=requests.Session)

    @property
    def guichet(self) -> str:
        return f"{self.url}/tpa/services/securite"

    def soap(self, corps: str | bytes) -> requests.Response:
        octets = corps.encode() if isinstance(corps, str) else corps
        return self.client.post(self.guichet, data=octets, headers=ENTETES_SOAP, timeout=5)

    def appeler(self, operation: str, **champs: str | None) -> requests.Response:
        return self.soap(enveloppe(operation, **champs))

    def demander(self, **changements: str | None) -> requests.Response:
        """Une création où certains champs changent ; None retire le champ."""
        return self.appeler("creerPaiementSecurise", **{**DEMANDE, **changements})

    def creer(self, **changements: str | None) -> str:
        return feuilles(self.demander(**changements))["idOp"]

    def lire(self, idop: str) -> requests.Response:
        return self.appeler("recupererDetailPaiementSecurise", idOp=idop)

    def etat(self) -> dict[str, Any]:
        reponse = self.client.get(f"{self.url}/simulateur/etat", timeout=5)
        contenu: dict[str, Any] = reponse.json()
        return contenu

    def regler(self, **reglages: object) -> requests.Response:
        return self.client.post(f"{self.url}/simulateur/etat", json=reglages, timeout=5)

    def ouvrir_par_url(self, **changements: str | None) -> requests.Response:
        """Une demande par URL où certains paramètres changent ; None retire le paramètre."""
        demande = {**DEMANDE_URL, **changements}
        return self.client.get(f"{self.url}/tpa/paiement.web", params=demande, timeout=5)

    def ouvrir(self, idop: str) -> requests.Response:
        return self.page("/tpa/paiementws.web", idop)

    def page(self, chemin: str, idop: str) -> requests.Response:
        adresse = f"{self.url}{chemin}"
        return self.client.get(adresse, params={"idop": idop}, allow_redirects=False, timeout=5)

    def cliquer(self, chemin: str, idop: str, action: str) -> requests.Response:
        envoi = {"idop": idop, "action": action}
        return self.client.post(f"{self.url}{chemin}", data=envoi, allow_redirects=False, timeout=5)

    def choisir(self, idop: str, action: str) -> requests.Response:
        return self.cliquer("/tpa/choix.web", idop, action)

    def conclure(self, idop: str, action: str) -> requests.Response:
        return self.cliquer("/tpa/resultat.web", idop, action)

    def payer(self, idop: str, *, moyen: str = "carte", action: str = "valider") -> requests.Response:
        self.ouvrir(idop)
        self.choisir(idop, moyen)
        return self.conclure(idop, action)


class Marchand(ThreadingHTTPServer):
    """Le site qui reçoit notifications et retours, et qui note tout dans l'ordre."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Guichetier)
        self.recus: list[tuple[str, str, str, str]] = []
        self.statut = 200

    @property
    def notifications(self) -> list[str]:
        return [corps for methode, _chemin, corps, _hote in self.recus if methode == "POST"]


class _Guichetier(BaseHTTPRequestHandler):
    server: Marchand

    def do_GET(self) -> None:
        longueur = int(self.headers.get("Content-Length", "0"))
        corps = self.rfile.read(longueur).decode()
        self.server.recus.append((self.command, self.path, corps, self.headers.get("Host", "")))
        page = b'<!doctype html><html lang="fr"><head><link rel="icon" href="data:,"></head>Retour</html>'
        self.send_response(self.server.statut)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    do_POST = do_GET  # noqa: N815  # nom imposé

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # signature imposée
        """Rien sur la sortie d'erreur."""


@contextmanager
def simulateur_en_marche(
    *, pilotable: bool = True, delai_lenteur: float = 0.2, delai_notification: float = 0.2
) -> Iterator[Simulateur]:
    serveur = creer_serveur(pilotable=pilotable, delai_lenteur=delai_lenteur, delai_notification=delai_notification)
    with serveur, _servi(serveur):
        simulateur = Simulateur(f"http://127.0.0.1:{serveur.server_port}")
        with simulateur.client:
            yield simulateur


@contextmanager
def marchand_en_marche() -> Iterator[Marchand]:
    with Marchand() as marchand, _servi(marchand):
        yield marchand


@contextmanager
def _servi(serveur: ThreadingHTTPServer) -> Iterator[None]:
    fil = threading.Thread(target=serveur.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    fil.start()
    try:
        yield
    finally:
        serveur.shutdown()
        fil.join()


def idop_de(page: requests.Response) -> str:
    """Le numéro que porte le formulaire d'une page."""
    trouve = re.search(r'name="idop" value="([^"]+)"', page.text)
    assert trouve, page.text
    return trouve[1]


def enveloppe(operation: str, **champs: str | None) -> str:
    interieur = "".join(f"<{nom}>{escape(val)}</{nom}>" for nom, val in champs.items() if val is not None)
    return (
        f'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:p="{TNS}">'
        f"<soapenv:Body><p:{operation}><arg0>{interieur}</arg0></p:{operation}></soapenv:Body>"
        "</soapenv:Envelope>"
    )


def feuilles(reponse: requests.Response) -> dict[str, str]:
    """Les feuilles de `return`, dans leur ordre."""
    retour = etree.fromstring(reponse.content).find(".//return")
    assert retour is not None, reponse.text
    return {str(feuille.tag): feuille.text or "" for feuille in retour}


def faute(reponse: requests.Response) -> str:
    """Le code de la faute, vide si la réponse n'en est pas une."""
    return etree.fromstring(reponse.content).findtext(".//code") or ""


def canonique(xml: str | bytes) -> bytes:
    """Le XML sans ses blancs de mise en page, pour comparer deux documents en entier."""
    octets = xml.encode() if isinstance(xml, str) else re.sub(rb"^<\?xml[^>]*\?>\s*", b"", xml)
    analyseur = etree.XMLParser(remove_blank_text=True)
    return etree.tostring(etree.fromstring(octets, analyseur), method="c14n")
