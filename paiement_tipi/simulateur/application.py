"""Qui répond à quoi : les chemins du simulateur, et le journal des requêtes."""

import re
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from string import Template
from threading import Event

from paiement_tipi.simulateur import meteo, pages
from paiement_tipi.simulateur.echange import Reponse, Requete
from paiement_tipi.simulateur.entree_url import EntreeUrl
from paiement_tipi.simulateur.erreurs import Erreur, PageRefuseeError
from paiement_tipi.simulateur.etat import Etat
from paiement_tipi.simulateur.notification import Facteur
from paiement_tipi.simulateur.pannes import GuichetSoap
from paiement_tipi.simulateur.parcours import Parcours
from paiement_tipi.simulateur.pilotage import Pilotage
from paiement_tipi.simulateur.soap import TYPE_XML

DOSSIER = Path(__file__).parent
CHEMIN_SOAP = "/tpa/services/securite"
PREFIXE_PILOTAGE = "/simulateur/"
CONTRATS = {
    "wsdl": "PaiementSecuriseService.wsdl",
    "xsd=1": "operations.xsd",
    "xsd=2": "requete.xsd",
    "xsd=3": "reponse.xsd",
}
FERMES_EN_MAINTENANCE = frozenset(
    {
        "/tpa/paiement.web",
        "/tpa/paiementws.web",
        "/tpa/choix.web",
        "/tpa/saisie.web",
        "/tpa/resultat.web",
        "/tpa/ticket.web",
        pages.CHEMIN_RETOUR,
    }
)
HOTE = re.compile(r"[A-Za-z0-9._\-\[\]:]+")

Action = Callable[[Requete], Reponse]


class Application:
    """Un simulateur entier, sans socket : une requête entre, une réponse sort."""

    def __init__(self, *, pilotable: bool, delai_lenteur: float, delai_notification: float, arret: Event) -> None:
        self.etat = Etat()
        self._facteur = Facteur(self.etat, delai=delai_notification, arret=arret)
        self._guichet = GuichetSoap(self.etat, delai_lenteur=delai_lenteur, arret=arret)
        self._routes: dict[str, Mapping[str, Action]] = {**self._routes_publiques()}
        if pilotable:
            self._routes |= self._routes_de_commande()

    def repondre(self, requete: Requete) -> Reponse:
        """Répond, et inscrit la requête au journal dès son arrivée, son statut avant la réponse."""
        if requete.chemin.startswith(PREFIXE_PILOTAGE):
            return self._aiguiller(requete)
        entree = self.etat.noter_requete(
            {
                "methode": requete.methode,
                "chemin": requete.chemin_complet,
                "entetes": dict(requete.entetes),
                "corps": requete.corps.decode("utf-8", "replace"),
            }
        )
        reponse = self._aiguiller(requete)
        entree["statut"] = None if reponse.coupee else int(reponse.statut)
        return reponse

    def _aiguiller(self, requete: Requete) -> Reponse:
        if requete.chemin in FERMES_EN_MAINTENANCE and self.etat.reglages.service == "maintenance":
            return pages.page_erreur(Erreur.MAINTENANCE)
        actions = self._routes.get(requete.chemin)
        if actions is None:
            return pages.page_erreur(Erreur.INTROUVABLE)
        action = actions.get(requete.methode)
        if action is None:
            return _methode_refusee(actions)
        try:
            return action(requete)
        except PageRefuseeError as refus:
            return pages.page_erreur(refus.erreur, refus.operation, refus.precision)

    def _routes_publiques(self) -> dict[str, Mapping[str, Action]]:
        parcours = Parcours(self.etat, self._facteur)
        return {
            "/": {"GET": lambda _requete: pages.page_accueil()},
            CHEMIN_SOAP: {"GET": _contrat, "POST": lambda requete: self._guichet.repondre(requete.corps)},
            "/tpa/paiement.web": {"GET": EntreeUrl(self.etat).ouvrir},
            "/tpa/paiementws.web": {"GET": parcours.ouvrir},
            "/tpa/choix.web": {"POST": parcours.choisir},
            "/tpa/saisie.web": {"GET": parcours.saisir},
            "/tpa/resultat.web": {"POST": parcours.conclure},
            "/tpa/ticket.web": {"GET": parcours.montrer_ticket},
            pages.CHEMIN_RETOUR: {"GET": parcours.retourner},
            "/tpa/style.css": {"GET": lambda _requete: _fichier("style.css", "text/css; charset=utf-8")},
            "/tpa/icone.svg": {"GET": lambda _requete: _fichier("icone.svg", "image/svg+xml")},
        }

    def _routes_de_commande(self) -> dict[str, Mapping[str, Action]]:
        """Ce que seul --pilotable ouvre : la commande JSON, et la météo que l'on choisit à l'accueil."""
        pilotage, ciel = Pilotage(self.etat), meteo.Meteo(self.etat)
        return {
            "/": {"GET": ciel.montrer},
            "/simulateur/etat": {"GET": pilotage.montrer, "POST": pilotage.changer},
            meteo.CHEMIN: {"POST": ciel.changer},
        }


def _methode_refusee(actions: Mapping[str, Action]) -> Reponse:
    refus = pages.page_erreur(Erreur.METHODE)
    permises = ("Allow", ", ".join(sorted(actions)))
    return Reponse(statut=refus.statut, corps=refus.corps, entetes=(*refus.entetes, permises))


def _fichier(nom: str, type_contenu: str) -> Reponse:
    corps = (DOSSIER / "pages" / nom).read_bytes()
    return Reponse(corps=corps, type_contenu=type_contenu, entetes=(("Cache-Control", "max-age=300"),))


def _contrat(requete: Requete) -> Reponse:
    """Le WSDL et ses schémas, à l'adresse par laquelle on nous joint (payfip.md §7.4)."""
    nom = CONTRATS.get(requete.parametres.lower())
    if nom is None:
        return pages.page_erreur(Erreur.INTROUVABLE)
    if not HOTE.fullmatch(requete.hote):
        return pages.page_erreur(Erreur.REQUETE)
    gabarit = Template((DOSSIER / "wsdl" / nom).read_text(encoding="utf-8"))
    texte = gabarit.substitute(adresse=escape(f"http://{requete.hote}{CHEMIN_SOAP}"))
    return Reponse(corps=texte.encode(), type_contenu=TYPE_XML)
