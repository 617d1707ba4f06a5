"""Prévenir les comptes qui ne servent plus, puis les fermer ; par paquets, et une fois chacun."""

import logging
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from comptes.etats import Cause
from comptes.models import FERMER_MOIS, PREAVIS, Usager, a_fermer, a_prevenir, decaler
from comptes.services.effacement import FermetureRefusee, commune_ou_ecrire, effacer
from portail.courriels import deposer
from portail.journal import noter
from portail.taches import progresser

traces = logging.getLogger(__name__)

COURRIEL = "comptes.compte_inactif"
PAR_PAQUET = 500


def prevenir_les_inactifs() -> bool:
    """Un paquet d'avis ; vrai s'il peut en rester."""
    maintenant = timezone.now()
    paquet = list(a_prevenir(maintenant).values_list("pk", flat=True)[:PAR_PAQUET])
    prevenus = sum(_prevenir(cle, maintenant) for cle in paquet)
    if paquet:
        traces.info("comptes inactifs : %d prévenus", prevenus)
    return len(paquet) == PAR_PAQUET


@transaction.atomic
def _prevenir(cle: int, maintenant: datetime) -> bool:
    """Faux s'il vient de se reconnecter."""
    progresser()
    usager = a_prevenir(maintenant).filter(pk=cle).select_for_update(of=("self",)).first()
    if usager is None:
        return False
    Usager.objects.filter(pk=cle).update(prevenu_le=maintenant)
    chez = commune_ou_ecrire(usager)
    noter("compte.prevenu", sur=usager, collectivite=chez.pk)
    cle_du_courriel = f"{COURRIEL}:{cle}:{usager.vu_le:%Y-%m-%d}"
    deposer(sorte=COURRIEL, cle=cle_du_courriel, collectivite=chez, destinataire=usager.email, contexte={"usager": cle})
    return True


def jour_de_fermeture(vu: datetime, prevenu_le: datetime) -> datetime:
    """Au plus tôt : vingt-quatre mois sans signe, et trente jours d'avis."""
    return max(decaler(vu, FERMER_MOIS), prevenu_le + PREAVIS)


def fermer_les_inactifs(*, apres: int) -> int:
    """Un paquet de fermetures, après la clé ``apres`` ; rend d'où reprendre, zéro s'il n'en reste pas.

    Un compte retenu, par un paiement en cours, l'est jusqu'au lendemain.
    """
    maintenant = timezone.now()
    paquet = list(a_fermer(maintenant).filter(pk__gt=apres).values_list("pk", flat=True)[:PAR_PAQUET])
    sorts = [_fermer(cle, maintenant) for cle in paquet]
    if paquet:
        traces.info("comptes inactifs : %d fermés, %d retenus", sorts.count("ferme"), sorts.count("retenu"))
    return paquet[-1] if len(paquet) == PAR_PAQUET else 0


def _fermer(cle: int, maintenant: datetime) -> str:
    progresser()
    try:
        ferme = effacer(parmi=a_fermer(maintenant).filter(pk=cle), cause=Cause.INACTIVITE)
    except FermetureRefusee:
        return "retenu"
    return "ferme" if ferme else "revenu"
