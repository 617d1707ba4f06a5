"""Reprendre une tentative, ou la libérer : PayFiP est toujours interrogé d'abord."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from comptes.models import Usager
from factures.models import Facture
from paiement_tipi.client import Guichet, GuichetRefuse
from paiement_tipi.etats import PAGE_OUVERTE, SANS_IDOP, EtatPaiement
from paiement_tipi.models import Paiement
from paiement_tipi.protocole import Demande, DetailClient, Lecture
from paiement_tipi.services.constat import constater
from paiement_tipi.services.demarrage import adresse_de
from paiement_tipi.services.par_url import expirer_sans_retour
from paiement_tipi.services.suivi import decrire
from paiement_tipi.services.transitions import passer

SANS_REPONSE = ""
PAR_URL = "URL"
JAMAIS_PARTI = "DEMARRE"


class Ecoute:
    """Un guichet dont on retient ce que PayFiP a dit : le résultat, le code du refus, ou rien s'il s'est tu."""

    def __init__(self, guichet: Guichet) -> None:
        self.guichet = guichet
        self.code = SANS_REPONSE

    def creer(self, demande: Demande) -> UUID:
        """Voir Guichet.creer."""
        return self.guichet.creer(demande)

    def lire(self, idop: UUID) -> tuple[Lecture, bytes]:
        """Voir Guichet.lire."""
        try:
            lecture, xml = self.guichet.lire(idop)
        except GuichetRefuse as refus:
            self.code = refus.code
            raise
        self.code = lecture.resultat
        return lecture, xml

    def detail_client(self, numcli: str) -> DetailClient:
        """Voir Guichet.detail_client."""
        return self.guichet.detail_client(numcli)


@dataclass(frozen=True)
class Issue:
    """Après avoir interrogé PayFiP : ce qu'il a dit, et jusqu'à quand la facture reste retenue, si on le sait.

    ``a_verifier`` : le service doit comprendre ce qu'il a répondu.
    """

    code: str
    ouverte: bool
    jusqu_a: datetime | None
    a_verifier: bool = False


def tentative_ouverte(facture: Facture) -> Paiement | None:
    """Celle qui retient cette facture ; la base n'en admet qu'une."""
    return Paiement.objects.filter(parts__facture=facture, parts__ouverte=True).first()


def interroger(*, paiement: Paiement, guichet: Guichet, cause: str, maintenant: datetime) -> Issue:
    """Demande à PayFiP, applique ce qu'il répond, et dit ce qu'il reste à attendre.

    C'est tout ce que « libérer » peut faire : une personne qui dit avoir abandonné a pu payer dans un autre onglet.
    Seul PayFiP libère, par R, Z, un A confirmé ou un P1 assez vieux.
    """
    if paiement.idop is None and maintenant - paiement.cree_le >= SANS_IDOP:
        passer(paiement, vers=EtatPaiement.ECHOUE, cause="sans idop", maintenant=maintenant)
    if paiement.par_url:
        expirer_sans_retour(maintenant)
    ecoute = Ecoute(guichet)
    constater(paiement=paiement, guichet=ecoute, cause=cause, maintenant=maintenant)
    paiement.refresh_from_db()
    code = _code(paiement, ecoute)
    return Issue(code, paiement.est_ouvert, _attente(paiement, code), a_verifier=paiement.anomalie != "")


def _code(paiement: Paiement, ecoute: Ecoute) -> str:
    """Ce que PayFiP a dit, ou pourquoi il n'y avait rien à lui demander."""
    if paiement.par_url:
        return PAR_URL
    return ecoute.code if paiement.idop else JAMAIS_PARTI


def _attente(paiement: Paiement, code: str) -> datetime | None:
    """Une opération que PayFiP ne connaît plus ne retient la facture que le temps de sa page."""
    if code == "P1" and paiement.envoye_le is not None:
        return paiement.envoye_le + PAGE_OUVERTE
    return decrire(paiement, muet=code == SANS_REPONSE).jusqu_a


def rouvrir(*, paiement: Paiement, usager: Usager, issue: Issue, maintenant: datetime) -> str | None:
    """L'adresse de la page de PayFiP si elle peut encore servir, à la personne qui l'avait ouverte et à elle seule.

    PayFiP ne la montre qu'une fois, et quinze minutes au plus (payfip.md §3.7). Par URL, il ne peut pas être interrogé.
    """
    page = decrire(paiement).rouvrable_jusqu_a
    attend = issue.code == "P5" or paiement.par_url
    if not attend or paiement.usager != usager or page is None or page <= maintenant:
        return None
    return adresse_de(paiement, paiement.idop)
