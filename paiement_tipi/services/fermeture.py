"""Un compte qui se ferme, vu des paiements : rien de ce qui est parti chez PayFiP ne se perd."""

from django.utils.translation import gettext as _

from comptes.models import Usager
from comptes.registre import Fermeture
from paiement_tipi.etats import OUVERTS, EtatPaiement
from paiement_tipi.models import Paiement
from portail.models import Collectivite


def _empeche(usager: Usager, chez: Collectivite | None) -> str:
    siens = Paiement.objects.filter(usager=usager, **({"collectivite": chez} if chez else {}))
    if not siens.filter(etat__in=OUVERTS).exists():
        return ""
    return _("Un de vos paiements est en cours. Attendez son résultat, deux heures au plus, puis revenez.")


def _suite(usager: Usager, chez: Collectivite) -> str:
    if not Paiement.objects.de(usager, chez=chez).filter(etat=EtatPaiement.DECLARE).exists():
        return ""
    return _("Un de vos paiements attend que le Trésor public le confirme. Il le sera sans votre compte.")


FERMETURE = Fermeture(empeche=_empeche, suite=_suite)
