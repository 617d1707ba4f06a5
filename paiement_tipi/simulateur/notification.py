"""Ce que PayFiP poste au site : l'idop (payfip.md §3.9) ou le résultat d'un paiement par URL (§2.6)."""

from http import HTTPStatus
from threading import Event, Thread
from urllib.parse import urlencode, urlsplit, urlunsplit

import requests

from paiement_tipi.simulateur.etat import Etat, Lecture
from paiement_tipi.simulateur.horloge import date_paris, heure_paris
from paiement_tipi.simulateur.operations import Operation, numero_autorisation

DELAI_SECONDES = 5
REPRISES_MAXIMUM = 3
TYPE_FORMULAIRE = "application/x-www-form-urlencoded"
ENVOIS_AVANT_TICKET = {"une": 1, "double": 2, "http": 1, "reprises": 1}
# Par URL, personne ne revient sur le site : ce qui attendait un retour attend la fin du paiement.
MODES_SANS_RETOUR = {"avant_retour": "une", "apres_retour": "retardee"}
BOUCLE_LOCALE = "127.0.0.1"


class Facteur:
    """Porte le courrier selon le réglage, sans jamais casser la page ; `arret` annule ce qui attend encore."""

    def __init__(self, etat: Etat, *, delai: float, arret: Event) -> None:
        self._etat = etat
        self._delai = delai
        self._arret = arret

    def apres_conclusion(self, operation: Operation) -> None:
        """Avant le ticket, ou avant le retour d'un abandon : autant d'envois que le réglage en veut."""
        mode = self._etat.reglages.notification
        if operation.par_url:
            mode = MODES_SANS_RETOUR.get(mode, mode)
        if mode == "http" and urlsplit(operation.demande.urlnotif).scheme.lower() != "http":
            return
        for corps in self._courrier(operation):
            self._distribuer(mode, operation.demande.urlnotif, corps)

    def avant_retour(self, operation: Operation) -> None:
        """Quand la personne repart vers le site, avant sa redirection."""
        if self._etat.reglages.notification == "avant_retour":
            self._poster(operation.demande.urlnotif, self._idop(operation))

    def apres_retour(self, operation: Operation) -> None:
        """Quand la personne est déjà sur le site."""
        if self._etat.reglages.notification == "apres_retour":
            self._plus_tard(operation.demande.urlnotif, self._idop(operation), essais=1)

    def _distribuer(self, mode: str, url: str, corps: str) -> None:
        if mode == "retardee":
            self._plus_tard(url, corps, essais=1)
            return
        recus = [self._poster(url, corps) for _ in range(ENVOIS_AVANT_TICKET.get(mode, 0))]
        if mode == "reprises" and not all(recus):
            self._plus_tard(url, corps, essais=REPRISES_MAXIMUM)

    def _courrier(self, operation: Operation) -> list[str]:
        """Un seul envoi, sauf l'abandon suivi d'un paiement : par URL, chaque résultat est posté."""
        if not operation.par_url:
            return [self._idop(operation)]
        nombre = 2 if self._etat.reglages.resultat == "abandon_puis_paye" else 1
        lectures = [self._etat.lire(operation) for _ in range(nombre)]
        return [self._resultat(lecture) for lecture in lectures if lecture]

    def _idop(self, operation: Operation) -> str:
        return urlencode({self._etat.reglages.nom_idop: operation.idop})

    def _resultat(self, lecture: Lecture) -> str:
        """La demande telle que reçue, puis le résultat ; `numauto` seulement si c'est payé (payfip.md §2.6)."""
        ajouts = {
            "resultrans": lecture.resultat,
            "numauto": numero_autorisation(lecture.operation, lecture.resultat),
            "dattrans": date_paris(lecture.conclue_le),
            "heurtrans": heure_paris(lecture.conclue_le),
        }
        if self._etat.reglages.noms == "majuscules":
            ajouts = {nom.upper(): valeur for nom, valeur in ajouts.items()}
        presents = {nom: valeur for nom, valeur in ajouts.items() if valeur}
        return urlencode({**lecture.operation.echo, **presents})

    def _plus_tard(self, url: str, corps: str, *, essais: int) -> None:
        Thread(target=self._poster_plus_tard, args=(url, corps, essais), daemon=True).start()

    def _poster_plus_tard(self, url: str, corps: str, essais: int) -> None:
        for _ in range(essais):
            if self._arret.wait(self._delai) or self._poster(url, corps):
                return

    def _poster(self, url: str, corps: str) -> bool:
        """Vrai si le site a répondu 2xx."""
        entree = self._etat.noter_notification({"url": url, "corps": corps})
        try:
            statut = _statut(url, corps)
        except (requests.RequestException, ValueError):
            return False
        entree["statut"] = statut
        return HTTPStatus.OK <= statut < HTTPStatus.MULTIPLE_CHOICES


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
