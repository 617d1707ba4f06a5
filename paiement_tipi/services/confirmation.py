"""Ce qui fait un paiement, ou rien, de ce que PayFiP laisse sans issue : le Trésor, par son fichier ou par un agent.

Par URL, rien n'est signé : c'est le sort de toutes. Par service web, c'est celui des anomalies.
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from paiement_tipi.etats import AVIS_DEFINITIF, DE_RESULTAT, ECHECS, EtatPaiement
from paiement_tipi.models import Paiement
from paiement_tipi.services.constat import DIFFERE, produire_effets
from paiement_tipi.services.transitions import passer

# Par URL, ce que le Trésor peut dire reçu : déclaré, ou dont PayFiP n'a rien dit.
SANS_SUITE = frozenset({EtatPaiement.DECLARE, EtatPaiement.INFIRME, EtatPaiement.ENVOYE, EtatPaiement.EXPIRE})
SANS_ISSUE = ECHECS | {EtatPaiement.ENVOYE, EtatPaiement.ABANDON_SIGNALE}


def se_confirme(paiement: Paiement, maintenant: datetime | None = None) -> bool:
    """Vrai d'un paiement que le Trésor peut dire reçu, à la somme exacte qui a été demandée."""
    if paiement.par_url:
        return paiement.encaisse and paiement.etat in SANS_SUITE
    return paiement.encaisse and concorde(paiement) and _se_tranche(paiement, maintenant)


def s_infirme(paiement: Paiement, maintenant: datetime | None = None) -> bool:
    """Vrai de celui qui retient la facture, ou inquiète, et dont seul le Trésor peut dire qu'il n'est pas venu."""
    inconnu = paiement.etat == EtatPaiement.ENVOYE and paiement.resultat != ""
    par_url = paiement.par_url and (paiement.etat == EtatPaiement.DECLARE or inconnu)
    return par_url or _se_tranche(paiement, maintenant)


def concorde(paiement: Paiement) -> bool:
    """Faux si PayFiP a annoncé une autre somme, référence ou saisie : la nôtre ne se règle pas sur sa parole."""
    return not paiement.anomalie.startswith(DIFFERE) and paiement.resultat not in DE_RESULTAT


def tranchable_le(paiement: Paiement) -> datetime | None:
    """Quand un agent pourra décider de cette anomalie ; rien si elle n'en est pas une, ou a déjà son issue."""
    if not paiement.anomalie or paiement.etat not in SANS_ISSUE or paiement.envoye_le is None:
        return None
    return paiement.envoye_le + AVIS_DEFINITIF


def _se_tranche(paiement: Paiement, maintenant: datetime | None) -> bool:
    a_partir_de = tranchable_le(paiement)
    return a_partir_de is not None and a_partir_de <= (maintenant or timezone.now())


def confirmer_declare(*, paiement: Paiement, source: str, motif: str = "", maintenant: datetime | None = None) -> bool:
    """Le Trésor a reçu cet argent : encaisse et accuse ; faux si ce n'est pas, ou plus, à confirmer.

    ``source`` : d'où on le sait, en quelques mots (« fichier du Trésor du 3 mars », « confirmé par un agent »).
    """
    return _decider(paiement, confirme=True, source=source, motif=motif, maintenant=maintenant)


def infirmer_declare(*, paiement: Paiement, source: str, motif: str = "", maintenant: datetime | None = None) -> bool:
    """Le Trésor n'a pas reçu cet argent : la facture se paie de nouveau ; faux si ce n'est pas, ou plus, à infirmer.

    PayFiP reste interrogé : s'il dit un jour que c'était payé, ce l'est.
    """
    return _decider(paiement, confirme=False, source=source, motif=motif, maintenant=maintenant)


@transaction.atomic
def _decider(paiement: Paiement, *, confirme: bool, source: str, motif: str, maintenant: datetime | None) -> bool:
    instant = maintenant or timezone.now()
    verrouille = Paiement.objects.select_for_update().get(pk=paiement.pk)
    paiement.etat = verrouille.etat
    if not (se_confirme(verrouille, instant) if confirme else s_infirme(verrouille, instant)):
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
