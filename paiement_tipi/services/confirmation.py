"""Ce qui fait d'un paiement déclaré par URL un paiement, ou rien : le Trésor, par son fichier ou par un agent."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from paiement_tipi.etats import DE_RESULTAT, EtatPaiement
from paiement_tipi.models import Paiement
from paiement_tipi.services.constat import produire_effets
from paiement_tipi.services.transitions import passer


def se_confirme(paiement: Paiement) -> bool:
    """Vrai d'un paiement par URL que le Trésor peut dire reçu : déclaré, ou dont PayFiP n'a rien dit."""
    sans_suite = {EtatPaiement.DECLARE, EtatPaiement.INFIRME, EtatPaiement.ENVOYE, EtatPaiement.EXPIRE}
    return paiement.par_url and paiement.encaisse and paiement.etat in sans_suite


def s_infirme(paiement: Paiement) -> bool:
    """Vrai de celui qui retient la facture et dont seul le Trésor peut dire qu'il n'est pas venu."""
    inconnu = paiement.etat == EtatPaiement.ENVOYE and paiement.resultat != ""
    return paiement.par_url and (paiement.etat == EtatPaiement.DECLARE or inconnu)


def confirmer_declare(*, paiement: Paiement, source: str, motif: str = "", maintenant: datetime | None = None) -> bool:
    """Le Trésor a reçu cet argent : encaisse et accuse ; faux si ce n'est pas, ou plus, à confirmer.

    ``source`` : d'où on le sait, en quelques mots (« fichier du Trésor du 3 mars », « confirmé par un agent »).
    """
    return _decider(paiement, confirme=True, source=source, motif=motif, maintenant=maintenant)


def infirmer_declare(*, paiement: Paiement, source: str, motif: str = "", maintenant: datetime | None = None) -> bool:
    """Le Trésor n'a pas reçu cet argent : la facture se paie de nouveau ; faux si ce n'est pas, ou plus, à infirmer."""
    return _decider(paiement, confirme=False, source=source, motif=motif, maintenant=maintenant)


@transaction.atomic
def _decider(paiement: Paiement, *, confirme: bool, source: str, motif: str, maintenant: datetime | None) -> bool:
    instant = maintenant or timezone.now()
    verrouille = Paiement.objects.select_for_update().get(pk=paiement.pk)
    paiement.etat = verrouille.etat
    if not (se_confirme(verrouille) if confirme else s_infirme(verrouille)):
        return False
    prelevement = DE_RESULTAT.get(verrouille.resultat) == EtatPaiement.PRELEVE
    vers = EtatPaiement.INFIRME
    if confirme:
        vers = EtatPaiement.PRELEVE if prelevement else EtatPaiement.PAYE
    passer(verrouille, vers=vers, cause=source[:80], maintenant=instant, motif=motif)
    verrouille.anomalie = ""  # quelqu'un l'a vue, et a décidé
    verrouille.save(update_fields=["anomalie"])
    if confirme:
        produire_effets(verrouille, instant)
    paiement.etat = verrouille.etat
    return True
