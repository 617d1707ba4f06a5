"""Les mauvais jours du guichet SOAP (design.md §5.6) : ce que la panne réglée fait de chaque appel."""

from http import HTTPStatus
from threading import Event

from paiement_tipi.simulateur import soap
from paiement_tipi.simulateur.echange import COUPURE, Reponse
from paiement_tipi.simulateur.etat import Etat
from paiement_tipi.simulateur.pages import rendre
from paiement_tipi.simulateur.reglages import FAUTES_TECHNIQUES, Reglages


class GuichetSoap:
    """Le guichet et ses pannes ; `arret` réveille les réponses lentes quand le serveur ferme."""

    def __init__(self, etat: Etat, *, delai_lenteur: float, arret: Event) -> None:
        self._etat = etat
        self._delai_lenteur = delai_lenteur
        self._arret = arret

    def repondre(self, corps: bytes) -> Reponse:
        """Répond, ou tombe en panne avant même de lire le message."""
        panne = _panne_du_moment(self._etat.reglages)
        if panne == "coupure":
            return COUPURE
        if panne in FAUTES_TECHNIQUES:
            return soap.faute_technique(panne)
        if panne in {"502", "html"}:
            return _page_etrangere(HTTPStatus.BAD_GATEWAY if panne == "502" else HTTPStatus.OK)
        return self._apres_traitement(panne, *soap.servir(self._etat, corps))

    def _apres_traitement(self, panne: str, operation: str, reponse: Reponse) -> Reponse:
        if panne == "lenteur":
            self._arret.wait(self._delai_lenteur)
        if panne == "reponse_perdue" and operation == soap.CREATION:
            return COUPURE
        if panne == "xml_tronque":
            moitie = reponse.corps[: len(reponse.corps) // 2]
            return Reponse(statut=reponse.statut, corps=moitie, type_contenu=reponse.type_contenu)
        return reponse


def _panne_du_moment(reglages: Reglages) -> str:
    """La panne réglée ; à défaut, un service en maintenance se dit indisponible (payfip.md §7.4, point 15)."""
    if reglages.panne == "aucune" and reglages.service == "maintenance":
        return "TechIndisponibiliteErreur"
    return reglages.panne


def _page_etrangere(statut: HTTPStatus) -> Reponse:
    """La page HTML d'un équipement placé devant le guichet, à la place du XML attendu."""
    return Reponse(statut=statut, corps=rendre("indisponible"))
