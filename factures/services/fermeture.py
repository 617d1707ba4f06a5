"""Un compte qui se ferme, vu des factures : ce qui reste à payer le reste, sur papier."""

from django.db.models import Sum
from django.utils.translation import gettext as _

from comptes.models import Usager
from comptes.registre import Fermeture
from factures.models import Facture
from factures.models.situation import A_REGLER
from portail.models import Collectivite
from portail.montants import en_euros


def _suite(usager: Usager, chez: Collectivite) -> str:
    du = Facture.objects.de(usager, chez=chez).filter(A_REGLER).aggregate(du=Sum("reste_du", default=0))["du"]
    if not du:
        return ""
    return _("Il reste %(somme)s à payer : c'est toujours dû, et se paie depuis vos factures papier.") % {
        "somme": en_euros(du)
    }


FERMETURE = Fermeture(suite=_suite)
