"""Le parcours de la personne qui paie : la page, le choix du moyen, le résultat, le ticket, le retour."""

from urllib.parse import urlencode, urlsplit, urlunsplit

from paiement_tipi.simulateur import pages
from paiement_tipi.simulateur.echange import Reponse, Requete, redirection
from paiement_tipi.simulateur.erreurs import Erreur
from paiement_tipi.simulateur.etat import Etat
from paiement_tipi.simulateur.notification import notifier_conclusion, notifier_retour
from paiement_tipi.simulateur.operations import ABANDON, REFUS, SUCCES, Moyen, Operation, page_expiree

ANNULER = "annuler"
ISSUES = {"valider": SUCCES, "refuser": REFUS}


class PageRefuseeError(Exception):
    """La page demandée ne peut pas être montrée ; `erreur` dit pourquoi."""

    def __init__(self, erreur: Erreur, operation: Operation | None = None) -> None:
        super().__init__(erreur)
        self.erreur = erreur
        self.operation = operation


class Parcours:
    """Les pages, telles qu'elles s'enchaînent ; chaque méthode répond à une requête."""

    def __init__(self, etat: Etat) -> None:
        self._etat = etat

    def ouvrir(self, requete: Requete) -> Reponse:
        """La première page : une seule ouverture, dans les 15 minutes (payfip.md §3.7)."""
        operation = self._operation(requete.idop)
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
                return _vers("/tpa/ticket.web", operation)
            if action == ANNULER:
                return self._abandonner(operation)
            self._refuser_si_expiree(operation)
            self._etat.choisir(operation, _moyen(action, operation))
        return _vers("/tpa/saisie.web", operation)

    def saisir(self, requete: Requete) -> Reponse:
        """La seconde page, que l'on peut recharger sans dommage."""
        operation = self._operation(requete.idop)
        if operation.est_definitive:
            return _vers("/tpa/ticket.web", operation)
        return pages.page_saisie(operation, _moyen_choisi(operation), self._etat.maintenant())

    def conclure(self, requete: Requete) -> Reponse:
        """Le résultat : il est notifié avant que le ticket ne soit montré."""
        operation, action = self._envoi(requete)
        with operation.verrou:
            if operation.est_definitive:
                return _vers("/tpa/ticket.web", operation)
            if action == ANNULER:
                return self._abandonner(operation)
            if action not in ISSUES:
                raise PageRefuseeError(Erreur.ETAPE, operation)
            self._fixer(operation, ISSUES[action][_moyen_choisi(operation)])
        return _vers("/tpa/ticket.web", operation)

    def montrer_ticket(self, requete: Requete) -> Reponse:
        """Le ticket d'une opération conclue."""
        operation = self._operation(requete.idop)
        if operation.resultat is None or operation.conclue_le is None:
            raise PageRefuseeError(Erreur.ETAPE, operation)
        return pages.page_ticket(operation, operation.resultat, operation.conclue_le)

    def retourner(self, requete: Requete) -> Reponse:
        """Le retour vers le site depuis le ticket."""
        return self._vers_le_site(self._operation(requete.idop))

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
        if self._etat.conclure(operation, resultat):
            notifier_conclusion(self._etat, operation)

    def _vers_le_site(self, operation: Operation) -> Reponse:
        notifier_retour(self._etat, operation)
        adresse = avec_idop(operation.demande.urlredirect, operation.idop)
        return redirection(adresse)


def avec_idop(url: str, idop: str) -> str:
    """L'adresse de retour avec l'idop en plus, sa propre chaîne de requête gardée (payfip.md §3.10)."""
    morceaux = urlsplit(url)
    requete = "&".join(filter(None, [morceaux.query, urlencode({"idop": idop})]))
    return urlunsplit(morceaux._replace(query=requete))


def _vers(chemin: str, operation: Operation) -> Reponse:
    return redirection(avec_idop(chemin, operation.idop))


def _moyen(action: str, operation: Operation) -> Moyen:
    try:
        return Moyen(action)
    except ValueError as erreur:
        raise PageRefuseeError(Erreur.ETAPE, operation) from erreur


def _moyen_choisi(operation: Operation) -> Moyen:
    if operation.moyen is None:
        raise PageRefuseeError(Erreur.ETAPE, operation)
    return operation.moyen
