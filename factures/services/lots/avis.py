"""Prévenir les habitants qu'une facture est disponible : une fois par personne et par lot, par vagues."""

from datetime import timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from comptes.models import Usager
from factures.etats import Avis, EtatLot
from factures.models import Facture, LotImport
from factures.services.avis import SORTE, lecteurs
from factures.services.lots.etapes import exiger, verrouiller
from factures.services.lots.publication import PREVENIR
from portail.courriels import Lettre, deposer_tous
from portail.journal import noter
from portail.taches import lancer

# Qui reçoit le courriel vient aussitôt : cinq cents personnes par minute, et non cent mille à la fois.
PAR_VAGUE, ENTRE_VAGUES = 500, timedelta(minutes=1)


def a_prevenir(lot: LotImport) -> QuerySet[Usager]:
    """Les comptes actifs, à l'adresse confirmée, de qui lit une facture nouvelle de ce lot."""
    return lecteurs(Facture.objects.filter(lot=lot), chez=lot.collectivite)


@transaction.atomic
def prevenir(*, lot: LotImport, apres: int = 0) -> int:
    """Dépose une vague de courriels, lance la suivante, rend le nombre de nouveaux. Rien si les avis sont retenus."""
    tenu = verrouiller(lot)
    if tenu.etat != EtatLot.PUBLIE or tenu.avis != Avis.ENVOYES:
        return 0
    vague = list(a_prevenir(tenu).filter(pk__gt=apres).values_list("pk", "email")[:PAR_VAGUE])
    lettres = (Lettre(f"avis:{lot.pk}:{cle}", email, {"lot": lot.pk, "usager": cle}) for cle, email in vague)
    nouveaux = deposer_tous(sorte=SORTE, collectivite=tenu.collectivite, lettres=lettres)
    LotImport.objects.filter(pk=lot.pk).update(prevenus=F("prevenus") + nouveaux)
    if len(vague) == PAR_VAGUE:
        lancer(PREVENIR, dans=ENTRE_VAGUES, lot=lot.pk, apres=vague[-1][0])
    return nouveaux


@transaction.atomic
def lacher_les_avis(*, lot: LotImport) -> None:
    """Prévient maintenant ceux qui ne l'ont pas été : avis retenus à la publication, ou comptes ouverts depuis."""
    exiger(verrouiller(lot), EtatLot.PUBLIE)
    LotImport.objects.filter(pk=lot.pk).update(avis=Avis.ENVOYES)
    noter("lot.avis_envoyes", sur=lot)
    lancer(PREVENIR, lot=lot.pk)
