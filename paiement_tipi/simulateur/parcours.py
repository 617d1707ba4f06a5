"""Le parcours de la personne qui paie : la page, le choix du moyen, le résultat, le ticket, le retour."""

from http import HTTPStatus
from urllib.parse import urlencode, urlsplit, urlunsplit

from paiement_tipi.simulateur import pages
from paiement_tipi.simulateur.clients import Moyen
from paiement_tipi.simulateur.echange import Reponse, Requete, redirection
from paiement_tipi.simulateur.erreurs import Erreur, PageRefuseeError
from paiement_tipi.simulateur.etat import DetteDejaPayeeError, Etat
from paiement_tipi.simulateur.notification import Facteur
from paiement_tipi.simulateur.operations import ABANDON, REFUS, SUCCES, Operation, page_expiree

ANNULER = "annuler"
TICKET = "/tpa/ticket.web"
ISSUES = {"valider": SUCCES, "refuser": REFUS}


class Parcours:
    """Les pages, telles qu'elles s'enchaînent ; chaque méthode répond à une requête."""

    def __init__(self, etat: Etat, facteur: Facteur) -> None:
        self._etat = etat
        self._facteur = facteur

    def ouvrir(self, requete: Requete) -> Reponse:
        """La première page : une seule ouverture, dans les 15 minutes (payfip.md §3.7)."""
        operation = self._operation(requete.idop)
        if operation.par_url:
            raise PageRefuseeError(Erreur.INCONNUE)
        if not operation.ouverte:
            self._refuser_si_expiree(operation)
        if not self._etat.ouvrir(operation):
            raise PageRefuseeError(Erreur.DEJA_OUVERTE, operation)
        return pages.page_choix(operation)

    def choisir(self, requete: Requete) -> Reponse:
        """Le choix de la première page : un moyen de paiement, ou l'abandon."""
        operation, action = self._envoi(requete)
        with operation.verrou:
            if operation.est_definitive:
                return _vers(TICKET, operation)
            if action == ANNULER:
                return self._abandonner(operation)
            self._refuser_si_expiree(operation)
            self._etat.choisir(operation, _moyen(action, operation))
        return _vers("/tpa/saisie.web", operation)

    def saisir(self, requete: Requete) -> Reponse:
        """La seconde page, que l'on peut recharger sans dommage."""
        operation = self._operation(requete.idop)
        if operation.est_definitive:
            return _vers(TICKET, operation)
        self._refuser_si_expiree(operation)
        return pages.page_saisie(operation, _moyen_choisi(operation), self._etat.maintenant())

    def conclure(self, requete: Requete) -> Reponse:
        """Le résultat : il est notifié avant que le ticket ne soit montré."""
        operation, action = self._envoi(requete)
        with operation.verrou:
            if operation.est_definitive:
                return _vers(TICKET, operation)
            if action == ANNULER:
                return self._abandonner(operation)
            if action not in ISSUES:
                raise PageRefuseeError(Erreur.ETAPE, operation)
            moyen = _moyen_choisi(operation)
            self._refuser_si_expiree(operation)
            self._fixer(operation, ISSUES[action][moyen])
        return _vers(TICKET, operation)

    def montrer_ticket(self, requete: Requete) -> Reponse:
        """Le ticket d'une opération conclue."""
        operation = self._operation(requete.idop)
        if operation.resultat is None or operation.conclue_le is None:
            raise PageRefuseeError(Erreur.ETAPE, operation)
        return pages.page_ticket(operation, operation.resultat, operation.conclue_le)

    def retourner(self, requete: Requete) -> Reponse:
        """Le retour vers le site depuis le ticket."""
        return self._vers_le_site(self._operation(requete.idop), HTTPStatus.FOUND)

    def _operation(self, idop: str) -> Operation:
        operation = self._etat.chercher(idop)
        if operation is None:
            raise PageRefuseeError(Erreur.INCONNUE)
        return operation

    def _envoi(self, requete: Requete) -> tuple[Operation, str]:
        formulaire = requete.formulaire
        return self._operation(formulaire.get("idop", "")), formulaire.get("action", "")

    def _refuser_si_expiree(self, operation: Operation) -> None:
        if page_expiree(operation, self._etat.maintenant()):
            raise PageRefuseeError(Erreur.EXPIREE, operation)

    def _abandonner(self, operation: Operation) -> Reponse:
        self._fixer(operation, ABANDON)
        return self._vers_le_site(operation)

    def _fixer(self, operation: Operation, resultat: str) -> None:
        try:
            change = self._etat.conclure(operation, resultat)
        except DetteDejaPayeeError as erreur:
            raise PageRefuseeError(Erreur.TITRE_PAYE, operation) from erreur
        if change:
            self._facteur.apres_conclusion(operation)

    def _vers_le_site(self, operation: Operation, statut: HTTPStatus = HTTPStatus.SEE_OTHER) -> Reponse:
        """Le retour selon le réglage (payfip.md §3.10) ; par URL il n'y en a pas, le ticket en tient lieu."""
        if operation.par_url:
            return _vers(TICKET, operation)
        self._facteur.avant_retour(operation)
        self._facteur.apres_retour(operation)
        mode = self._etat.reglages.redirection
        if mode == "formulaire":
            return pages.page_retour(operation)
        adresse = operation.demande.urlredirect
        return redirection(adresse if mode == "sans_parametre" else avec_idop(adresse, operation.idop), statut)


def avec_idop(url: str, idop: str) -> str:
    """L'adresse de retour avec l'idop en plus, sa propre chaîne de requête gardée (payfip.md §3.10)."""
    morceaux = urlsplit(url)
    requete = "&".join(filter(None, [morceaux.query, urlencode({"idop": idop})]))
    return urlunsplit(morceaux._replace(query=requete))


def _vers(chemin: str, operation: Operation) -> Reponse:
    return redirection(avec_idop(chemin, operation.idop))


def _moyen(action: str, operation: Operation) -> Moyen:
    try:
        moyen = Moyen(action)
    except ValueError as erreur:
        raise PageRefuseeError(Erreur.ETAPE, operation) from erreur
    if moyen not in operation.moyens:
        raise PageRefuseeError(Erreur.ETAPE, operation)
    return moyen


def _moyen_choisi(operation: Operation) -> Moyen:
    if operation.moyen is None:
        raise PageRefuseeError(Erreur.ETAPE, operation)
    return operation.moyen
