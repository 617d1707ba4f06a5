"""Un paiement par URL que le fichier du Trésor montre reçu : un agent le confirme depuis l'écart, qui se clôt."""

from django.db import transaction
from django.utils.translation import gettext as _

from factures.models import Ecart, Facture
from factures.services import rapprochement
from paiement_tipi.etats import EtatPaiement
from paiement_tipi.models import Paiement
from paiement_tipi.services.confirmation import confirmer_declare, se_confirme
from paiement_tipi.services.constat import ORIGINE

# De ce que PayFiP a annoncé à ce dont il n'a rien dit.
PREUVES = (EtatPaiement.DECLARE, EtatPaiement.INFIRME, EtatPaiement.ENVOYE, EtatPaiement.EXPIRE)


def declare_de(ecart: Ecart) -> Paiement | None:
    """La tentative de payer cette somme, par URL, que cet écart confirmerait.

    La mieux annoncée d'abord, puis la plus ancienne : la banque verse dans l'ordre. Commencée après le jour
    de l'encaissement, elle ne l'explique qu'à défaut d'une autre.
    """
    if ecart.facture is None or not ecart.en_ligne:
        return None
    parts = {"parts__facture": ecart.facture, "parts__montant": ecart.montant_la_bas}
    tentatives = Paiement.objects.par_url().filter(**parts).select_related("contrat", "collectivite")
    possibles = [p for p in tentatives if se_confirme(p) and _peut_expliquer(p, ecart.facture)]
    return min(
        possibles, key=lambda p: (_trop_recente(p, ecart), PREUVES.index(EtatPaiement(p.etat)), p.pk), default=None
    )


def _peut_expliquer(paiement: Paiement, facture: Facture) -> bool:
    """PayFiP l'a annoncée, ou la facture est encore due : payée, une tentative sans nouvelle n'y ajoute rien."""
    return bool(paiement.resultat) or facture.reste_du > 0


def _trop_recente(paiement: Paiement, ecart: Ecart) -> bool:
    return ecart.jour is not None and paiement.collectivite.jour_de(paiement.cree_le) > ecart.jour


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
