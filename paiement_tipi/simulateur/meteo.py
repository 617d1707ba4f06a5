"""La météo de la démonstration : une personne choisit le temps qu'il fait, par un formulaire de l'accueil."""

from collections.abc import Mapping

from paiement_tipi.simulateur import pages
from paiement_tipi.simulateur.echange import Reponse, Requete, redirection
from paiement_tipi.simulateur.erreurs import Erreur, PageRefuseeError
from paiement_tipi.simulateur.etat import Etat
from paiement_tipi.simulateur.notification import TYPE_FORMULAIRE
from paiement_tipi.simulateur.reglages import VALEURS, ReglageRefuseError

CHEMIN = "/simulateur/meteo"
CHANGE = "change"
CHOIX: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "panne": (
        "Le service web",
        {
            "aucune": "Il marche",
            "502": "Il répond par une erreur 502",
            "lenteur": "Il répond juste, mais au bout de 20 secondes",
            "coupure": "Il coupe la connexion",
            "html": "Il répond par une page à la place du XML",
            "xml_tronque": "Il répond par un XML coupé au milieu",
            "TechIndisponibiliteErreur": "Il se dit indisponible",
            "TechDysfonctionnementErreur": "Il se dit en dysfonctionnement",
            "TechProtocolaireErreur": "Il dit le message non conforme",
            "montant_faux": "Il annonce un centime de trop",
            "reponse_perdue": "Il enregistre le paiement, mais sa réponse se perd",
        },
    ),
    "notification": (
        "La notification au site",
        {
            "une": "Une seule, avant le ticket",
            "jamais": "Aucune",
            "double": "Deux fois la même",
            "avant_retour": "Au moment de revenir sur le site",
            "apres_retour": "10 secondes après le retour sur le site",
            "retardee": "10 secondes après le paiement",
            "reprises": "Une, répétée si le site répond mal",
            "http": "Une, seulement si l'adresse est en http",
        },
    ),
    "resultat": (
        "Le résultat du paiement",
        {
            "normal": "Celui que la personne a choisi",
            "inconnu": "Un code que personne ne connaît encore",
            "abandon_puis_paye": "Abandonné à la première lecture, payé ensuite",
        },
    ),
    "service": (
        "L'ouverture du service",
        {"ouvert": "Ouvert", "maintenance": "Fermé pour maintenance"},
    ),
}
BEAU_TEMPS = {nom: VALEURS[nom][0] for nom in CHOIX}


class Meteo:
    """L'accueil avec son formulaire, et l'envoi de celui-ci."""

    def __init__(self, etat: Etat) -> None:
        self._etat = etat

    def montrer(self, requete: Requete) -> Reponse:
        """L'accueil, chaque liste sur le réglage du moment."""
        reglages = self._etat.reglages
        listes = [_liste(nom, getattr(reglages, nom)) for nom in CHOIX]
        confirmation = pages.remplir("_change", {}) if requete.parametres == CHANGE else pages.Html()
        formulaire = pages.remplir(
            "_meteo",
            {"chemin": CHEMIN, "listes": pages.Html("".join(listes)), "confirmation": confirmation},
        )
        return pages.page_accueil(formulaire)

    def changer(self, requete: Requete) -> Reponse:
        """Règle ce que le formulaire dit, et lui seul ; la commande JSON garde sa propre porte."""
        if not vient_de_chez_nous(requete):
            raise PageRefuseeError(Erreur.ORIGINE)
        if requete.type_contenu != TYPE_FORMULAIRE:
            raise PageRefuseeError(Erreur.TYPE)
        envoi = requete.formulaire
        changements = {nom: envoi[nom] for nom in CHOIX if nom in envoi}
        if envoi.get("action") == "beau-temps":
            changements = BEAU_TEMPS
        self._regler(changements)
        return redirection(f"/?{CHANGE}")

    def _regler(self, changements: Mapping[str, str]) -> None:
        """Un envoi vide est refusé : il remettrait à zéro bien plus que la météo."""
        if not changements:
            raise PageRefuseeError(Erreur.REQUETE)
        try:
            self._etat.regler(dict(changements))
        except ReglageRefuseError as refus:
            raise PageRefuseeError(Erreur.REQUETE, precision=str(refus)) from refus


def vient_de_chez_nous(requete: Requete) -> bool:
    """Le navigateur l'atteste par Sec-Fetch-Site, à défaut par Origin ; sans l'un ni l'autre, c'est non."""
    site = requete.entete("Sec-Fetch-Site")
    if site:
        return site == "same-origin"
    return requete.entete("Origin") == f"http://{requete.hote}"


def _liste(nom: str, valeur: str) -> pages.Html:
    libelle, options = CHOIX[nom]
    lignes = [
        pages.remplir("_option_choisie" if cle == valeur else "_option", {"valeur": cle, "libelle": texte})
        for cle, texte in options.items()
    ]
    return pages.remplir("_liste", {"nom": nom, "libelle": libelle, "options": pages.Html("".join(lignes))})
