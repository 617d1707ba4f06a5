"""L'entrée par URL : GET /tpa/paiement.web, puis les mêmes pages que le service web (payfip.md §2)."""

from paiement_tipi.simulateur import pages
from paiement_tipi.simulateur.clients import ESSAIS, Client, EtatClient
from paiement_tipi.simulateur.demande_url import controler_url, echo, lire_parametres
from paiement_tipi.simulateur.echange import Reponse, Requete
from paiement_tipi.simulateur.erreurs import PageRefuseeError
from paiement_tipi.simulateur.etat import Etat
from paiement_tipi.simulateur.operations import Demande
from paiement_tipi.simulateur.titres import REFERENCES_D_ESSAI


class EntreeUrl:
    """Contrôle la demande, l'enregistre et montre la première page."""

    def __init__(self, etat: Etat) -> None:
        self._etat = etat

    def ouvrir(self, requete: Requete) -> Reponse:
        """Une page neuve à chaque appel : rien n'empêche de payer deux fois une régie (payfip.md §1)."""
        parametres = lire_parametres(requete.parametres)
        demande, client = controler_url(parametres, self._etat.client)
        self._refuser_le_titre(demande, client)
        operation = self._etat.creer(demande, client, echo=echo(parametres))
        return pages.page_choix(operation)

    def _refuser_le_titre(self, demande: Demande, client: Client) -> None:
        """Un titre ou un rôle doit être chargé ; les références d'essai le sont toujours (payfip.md §4, point 2)."""
        if client.etat is not EtatClient.TITRES or _est_d_essai(demande):
            return
        if erreur := self._etat.refus_du_titre(demande):
            raise PageRefuseeError(erreur)


def _est_d_essai(demande: Demande) -> bool:
    return demande.saisie in ESSAIS and demande.refdet in REFERENCES_D_ESSAI
