"""Ce que fait un navigateur : se connecter par la vraie page et garder les cookies ; en requêtes prêtes à envoyer."""

import contextlib
import http.client
import re
from collections.abc import Iterator
from http.cookies import SimpleCookie
from itertools import count
from urllib.parse import urlencode

from bancs.donnees import HABITANTS, MOT_DE_PASSE, courriel

_JETON = re.compile(rb'name="csrfmiddlewaretoken" value="([^"]+)"')
_adresses = count(1)


def obtenir(port: int, chemin: str, session: str = "") -> bytes:
    """Une requête GET, avec les cookies d'une session."""
    cookie = f"Cookie: {session}\r\n" if session else ""
    return f"GET {chemin} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{cookie}\r\n".encode()


class Connexion:
    """La page de connexion, ouverte une fois : son jeton sert à toutes les personnes qui s'y connectent ensuite."""

    def __init__(self, port: int) -> None:
        self._port = port
        entetes, page = self._echanger("GET", "/connexion/")
        self._cookies = entetes
        jeton = _JETON.search(page)
        assert jeton is not None
        self._jeton = jeton[1].decode()

    def ouvrir(self, email: str, mot_de_passe: str = MOT_DE_PASSE) -> str:
        """Connecte cette personne ; les cookies de sa session."""
        corps, entetes = self._formulaire(email, mot_de_passe)
        cookies, _ = self._echanger("POST", "/connexion/", corps=corps, entetes=entetes)
        assert "sessionid" in cookies, f"{email} n'a pas pu se connecter"
        return cookies

    def requetes(self, habitants: int = HABITANTS) -> Iterator[bytes]:
        """Des connexions sans fin : chaque fois une autre personne, d'une autre adresse."""
        for rang in count():
            corps, entetes = self._formulaire(courriel(rang % habitants), MOT_DE_PASSE)
            lignes = "".join(f"{nom}: {valeur}\r\n" for nom, valeur in entetes.items())
            ligne = f"POST /connexion/ HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
            yield f"{ligne}{lignes}Content-Length: {len(corps)}\r\n\r\n{corps}".encode()

    def _formulaire(self, email: str, mot_de_passe: str) -> tuple[str, dict[str, str]]:
        corps = urlencode({"csrfmiddlewaretoken": self._jeton, "login": email, "password": mot_de_passe})
        return corps, {
            "Cookie": self._cookies,
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Forwarded-For": adresse(),
        }

    def _echanger(
        self, methode: str, chemin: str, *, corps: str = "", entetes: dict[str, str] | None = None
    ) -> tuple[str, bytes]:
        connexion = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        with contextlib.closing(connexion):
            connexion.request(methode, chemin, body=corps, headers=entetes or {"X-Forwarded-For": adresse()})
            reponse = connexion.getresponse()
            return _cookies(reponse), reponse.read()


def adresse() -> str:
    """Une adresse IP que le serveur n'a pas encore vue."""
    rang = next(_adresses)
    return f"10.{rang >> 16 & 255}.{rang >> 8 & 255}.{rang & 255}"


def _cookies(reponse: http.client.HTTPResponse) -> str:
    bocal = SimpleCookie()
    for poses in reponse.headers.get_all("Set-Cookie") or []:
        bocal.load(poses)
    return "; ".join(f"{nom}={cookie.value}" for nom, cookie in bocal.items())
