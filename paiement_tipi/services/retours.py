"""Ce que lit la personne d'une tentative : son issue, et jusqu'à quand attendre."""

from datetime import datetime

from paiement_tipi.etats import (
    ABANDON_TARDIF,
    ACTIVATION_REUSSIE,
    EN_VERIFICATION,
    PRELEVEMENT_REFUSE,
    RETOURS,
    EtatPaiement,
    TexteRetour,
)
from paiement_tipi.models import Paiement
from paiement_tipi.protocole import Resultat, Saisie
from paiement_tipi.services.disjoncteur import en_coupure
from paiement_tipi.services.suivi import decrire


def retour_de(paiement: Paiement, limite: datetime | None) -> TexteRetour:
    """L'issue de cette tentative, selon son état, ce que PayFiP en a dit, et ``limite_de``."""
    etat = EtatPaiement(paiement.etat)
    if paiement.anomalie and paiement.est_ouvert:
        return EN_VERIFICATION
    particuliers = {
        EtatPaiement.ABANDON_SIGNALE: (limite is None, ABANDON_TARDIF),
        EtatPaiement.REFUSE: (paiement.resultat == Resultat.PRELEVEMENT_REFUSE, PRELEVEMENT_REFUSE),
        EtatPaiement.ESSAI_REUSSI: (paiement.saisie == Saisie.ACTIVATION, ACTIVATION_REUSSIE),
    }
    vrai, particulier = particuliers.get(etat, (False, RETOURS[etat]))
    return particulier if vrai else RETOURS[etat]


def limite_de(paiement: Paiement, maintenant: datetime) -> datetime | None:
    """Quand, au plus tard, ce qu'elle retient sera libre ; rien si elle ne retient rien ou si nul ne peut le dire."""
    limite = decrire(paiement, muet=en_coupure()).jusqu_a if paiement.est_ouvert else None
    return limite if limite and limite > maintenant else None
