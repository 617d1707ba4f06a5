"""Les tentatives de paiement dans la copie qu'une personne demande de ses données.

Ni le jeton de retour, ni l'idop, ni ce que PayFiP a écrit : rien qui ouvre une page ou désigne un autre payeur.
"""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from comptes.models import Usager
from comptes.registre import Rubrique
from paiement_tipi.etats import EtatPaiement
from paiement_tipi.models import Paiement
from portail.models import Collectivite

PAR_PAQUET = 200


def _paiements(usager: Usager, chez: Collectivite) -> Iterator[dict[str, Any]]:
    siens = Paiement.objects.de(usager, chez=chez).select_related("contrat__regie").order_by("pk")
    lus = siens.defer("reponse", "jeton", "idop").prefetch_related("parts__facture", "transitions")
    for paiement in lus.iterator(chunk_size=PAR_PAQUET):
        yield {
            "reference": paiement.refdet,
            "service": paiement.contrat.regie.libelle,
            "montant": paiement.montant,
            "adresse_mail_donnee_a_payfip": paiement.mel,
            "commence_le": paiement.cree_le,
            "etat": paiement.get_etat_display(),
            "date_donnee_par_payfip": paiement.date_payfip,
            "numero_d_autorisation": paiement.numauto if paiement.justifiable else "",
            "factures": [
                {"numero": part.facture.numero, "montant": part.montant}
                for part in sorted(paiement.parts.all(), key=lambda part: part.pk)
            ],
            "histoire": [
                {"le": passage.le, "etat": EtatPaiement(passage.vers).label} for passage in paiement.transitions.all()
            ],
        }


PAIEMENTS = Rubrique("paiements", _("les paiements en ligne que vous avez commencés"), _paiements)
