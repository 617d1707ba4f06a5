"""Un paiement par URL que le fichier du Trésor montre reçu : un agent le confirme depuis l'écart, qui se clôt."""

from django.db import transaction
from django.utils.translation import gettext as _

from factures.models import Ecart
from factures.services import rapprochement
from paiement_tipi.models import Paiement
from paiement_tipi.services.confirmation import confirmer_declare, se_confirme
from paiement_tipi.services.constat import ORIGINE


def declare_de(ecart: Ecart) -> Paiement | None:
    """La tentative de payer cette somme, par URL, que cet écart confirmerait."""
    if ecart.facture_id is None or not ecart.en_ligne:
        return None
    parts = {"parts__facture": ecart.facture_id, "parts__montant": ecart.montant_la_bas}
    tentatives = Paiement.objects.par_url().filter(**parts).select_related("contrat").order_by("-pk")
    return next(filter(se_confirme, tentatives), None)


@transaction.atomic
def confirmer_par_le_tresor(*, ecart: Ecart) -> None:
    """Encaisse la tentative déclarée et retrouve son règlement dans le fichier."""
    tenu = rapprochement.tenir(ecart)
    paiement = declare_de(tenu)
    source = _("fichier du Trésor « %s »") % (tenu.retour or "")
    if tenu.facture is None or paiement is None or not confirmer_declare(paiement=paiement, source=source):
        raise rapprochement.EcartIndisponible(_("Aucun paiement déclaré n'attend cette somme."))
    reglement = tenu.facture.reglements.get(origine=f"{ORIGINE}{paiement.uuid}")
    rapprochement.retrouver(tenu, reglement)
