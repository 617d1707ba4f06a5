"""La notification (payfip.md §3.9) : un POST qui ne porte que l'idop, et ne casse jamais la page."""

from urllib.parse import urlencode, urlsplit, urlunsplit

import requests

from paiement_tipi.simulateur.etat import Etat
from paiement_tipi.simulateur.operations import Operation

DELAI_SECONDES = 5
TYPE_FORMULAIRE = "application/x-www-form-urlencoded"
ENVOIS_AVANT_TICKET = {"une": 1, "double": 2}
BOUCLE_LOCALE = "127.0.0.1"


def notifier_conclusion(etat: Etat, operation: Operation) -> None:
    """Avant le ticket, ou avant le retour d'un abandon : autant d'envois que le réglage en veut."""
    for _ in range(ENVOIS_AVANT_TICKET.get(etat.reglages.notification, 0)):
        _poster(etat, operation)


def notifier_retour(etat: Etat, operation: Operation) -> None:
    """Quand la personne repart vers le site, avant sa redirection."""
    if etat.reglages.notification == "avant_retour":
        _poster(etat, operation)


def _poster(etat: Etat, operation: Operation) -> None:
    url = operation.demande.urlnotif
    corps = urlencode({"idop": operation.idop})
    entree = etat.noter_notification({"url": url, "corps": corps})
    try:
        entree["statut"] = _statut(url, corps)
    except (requests.RequestException, ValueError):
        entree["statut"] = None


def _statut(url: str, corps: str) -> int:
    adresse, hote = adresse_joignable(url)
    entetes = {"Content-Type": TYPE_FORMULAIRE, "Host": hote}
    with requests.Session() as session:
        session.trust_env = False
        reponse = session.post(
            adresse,
            data=corps,
            headers=entetes,
            timeout=DELAI_SECONDES,
            allow_redirects=False,
            stream=True,
        )
        return reponse.status_code


def adresse_joignable(url: str) -> tuple[str, str]:
    """L'adresse où se connecter et l'en-tête Host : `*.localhost` est ici, même sans DNS."""
    morceaux = urlsplit(url)
    machine = (morceaux.hostname or "").lower()
    if machine != "localhost" and not machine.endswith(".localhost"):
        return url, morceaux.netloc
    port = f":{morceaux.port}" if morceaux.port else ""
    return urlunsplit(morceaux._replace(netloc=f"{BOUCLE_LOCALE}{port}")), morceaux.netloc
