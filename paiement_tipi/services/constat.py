"""Demander à PayFiP ce qu'est devenue une tentative, et l'appliquer une seule fois."""

import logging
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from factures.argent import en_centimes
from factures.etats import Moyen
from factures.services import encaisser
from paiement_tipi.client import Guichet, GuichetIndisponible, GuichetRefuse, QuestionEcartee
from paiement_tipi.etats import (
    ABANDON_CONFIRME,
    DE_RESULTAT,
    DEFINITIFS,
    MINUTE_TRONQUEE,
    PAGE_OUVERTE,
    SANS_RESULTAT,
    SUCCES,
    EtatPaiement,
)
from paiement_tipi.models import Paiement
from paiement_tipi.protocole import Lecture, Resultat
from paiement_tipi.services import echanges
from paiement_tipi.services.accuse import accuser
from paiement_tipi.services.transitions import lecture_apres_panne, passer, prochaine_lecture
from portail.taches import lancer

journal = logging.getLogger(__name__)

DELAI_AVANT_EXPIRATION = {"P1": PAGE_OUVERTE, "P5": SANS_RESULTAT}
MOYENS = {EtatPaiement.PAYE: Moyen.CARTE, EtatPaiement.PRELEVE: Moyen.PRELEVEMENT}
ORIGINE = "payfip:"  # de tout règlement encaissé ici
DIFFERE = "PayFiP répond autre chose que ce qui a été envoyé"


def constater(
    *, paiement: Paiement, guichet: Guichet, cause: str, maintenant: datetime | None = None, espacer: bool = False
) -> bool:
    """Redemande le résultat et l'applique ; vrai si cet appel a changé l'état.

    Peut être appelé n'importe quand, par n'importe qui, autant de fois qu'on veut. Une panne de PayFiP n'est pas une
    exception ici : la tentative sera redemandée. ``espacer`` : de plus en plus tard, ce que seul le relevé demande ;
    ni un clic ni une notification ne le retardent.
    """
    instant = maintenant or timezone.now()
    try:
        return redemander(paiement=paiement, guichet=guichet, cause=cause, maintenant=instant)
    except QuestionEcartee:
        return False
    except GuichetIndisponible as panne:
        journal.warning("Paiement %s : PayFiP ne répond pas (%s).", paiement.uuid, panne)
        if espacer:
            _espacer(paiement, instant)
        return False


def redemander(*, paiement: Paiement, guichet: Guichet, cause: str, maintenant: datetime) -> bool:
    """Comme ``constater``, mais une panne y est une exception, et rien n'en est noté sur la tentative."""
    if paiement.idop is None or paiement.etat in DEFINITIFS:
        return False
    try:
        lecture, xml = echanges.lire(paiement, guichet, paiement.idop, maintenant=maintenant)
    except GuichetRefuse as refus:
        return _appliquer_refus(paiement, refus, cause=cause, maintenant=maintenant)
    return appliquer(paiement=paiement, lecture=lecture, xml=xml, cause=cause, maintenant=maintenant)


@transaction.atomic
def appliquer(*, paiement: Paiement, lecture: Lecture, xml: bytes, cause: str, maintenant: datetime) -> bool:
    """Compare la lecture à ce qui a été envoyé, change l'état et encaisse ; vrai si cet appel l'a emporté."""
    verrouille = Paiement.objects.select_for_update().get(pk=paiement.pk)
    if verrouille.etat in DEFINITIFS:  # une lecture plus ancienne arrive après le succès : elle n'en efface rien
        paiement.etat = verrouille.etat
        return False
    ecart = ecarts_de(verrouille, lecture) or code_inconnu(lecture)
    verrouille.anomalie = "" if _deja_tranchee(verrouille, lecture) else ecart
    verrouille.resultat, verrouille.numauto = lecture.resultat[:8], lecture.numauto[:64]
    verrouille.date_payfip, verrouille.reponse = lecture.date, echanges.masquer(xml)
    if verrouille.anomalie:
        journal.error("Paiement %s : %s", verrouille.uuid, verrouille.anomalie)
    vers = None if ecart else _etat_lu(verrouille, lecture, maintenant)
    return _conclure(verrouille, paiement, vers=vers, cause=cause, maintenant=maintenant)


def _deja_tranchee(paiement: Paiement, lecture: Lecture) -> bool:
    """Vrai de la réponse qu'un agent a déjà vue et infirmée : il ne la revoit pas chaque jour."""
    return paiement.etat == EtatPaiement.INFIRME and paiement.resultat == lecture.resultat[:8]


def _conclure(
    verrouille: Paiement, paiement: Paiement, *, vers: EtatPaiement | None, cause: str, maintenant: datetime
) -> bool:
    """Change l'état s'il y a lieu, effets compris, et fixe la prochaine lecture ; ``paiement`` en voit le résultat."""
    gagne = vers is not None and passer(verrouille, vers=vers, cause=cause, maintenant=maintenant)
    if gagne:
        produire_effets(verrouille, maintenant)
    verrouille.pannes = 0
    verrouille.relire_le = prochaine_lecture(verrouille.etat, verrouille.envoye_le or maintenant, maintenant)
    verrouille.save(update_fields=["anomalie", "resultat", "numauto", "date_payfip", "reponse", "pannes", "relire_le"])
    paiement.etat = verrouille.etat
    return gagne


def produire_effets(paiement: Paiement, maintenant: datetime) -> None:
    """Ce qu'un changement d'état entraîne, pour le seul appel qui l'a emporté."""
    moyen = MOYENS.get(EtatPaiement(paiement.etat))
    if moyen is not None:
        for part in paiement.parts.select_related("facture").order_by("facture_id"):
            encaisser(
                facture=part.facture,
                montant=part.montant,
                moyen=moyen,
                origine=f"{ORIGINE}{paiement.uuid}",
                recu_le=paiement.date_payfip or maintenant,
            )
        accuser(paiement)
    if paiement.etat == EtatPaiement.ABANDON_SIGNALE:
        lancer("paiement_tipi.tasks.constater_paiement", dans=ABANDON_CONFIRME, paiement_id=paiement.pk)


def ecarts_de(paiement: Paiement, lecture: Lecture) -> str:
    """Ce qui, dans la réponse, n'est pas ce que nous avons envoyé ; vide si tout concorde.

    ``exer`` n'est pas comparé : PayFiP le rend parfois tronqué (payfip.md §3.3).
    """
    ecarts = {
        "l'opération": lecture.idop not in {"", str(paiement.idop)},
        "le montant": lecture.montant != en_centimes(paiement.montant),
        "le numéro de client": lecture.numcli != paiement.numcli,
        "la référence": lecture.refdet != paiement.refdet,
        "la saisie": lecture.saisie != paiement.saisie,
    }
    differents = [nom for nom, ecart in ecarts.items() if ecart]
    return f"{DIFFERE} : {', '.join(differents)}." if differents else ""


def code_inconnu(lecture: Lecture) -> str:
    """Un code qu'aucun document ne dit n'est jamais une fin : un agent regarde."""
    return "" if lecture.resultat in DE_RESULTAT else f"Résultat inconnu de PayFiP : « {lecture.resultat[:8]} »."


def _etat_lu(paiement: Paiement, lecture: Lecture, maintenant: datetime) -> EtatPaiement:
    """L'état que demande cette lecture. Un essai ou une activation ne règle jamais rien."""
    etat = DE_RESULTAT[lecture.resultat]
    if etat in SUCCES and not paiement.encaisse:
        return EtatPaiement.ESSAI_REUSSI
    if lecture.resultat == Resultat.ABANDONNE and not _abandon_confirme(paiement, lecture, maintenant):
        return EtatPaiement.ABANDON_SIGNALE
    return etat


def _abandon_confirme(paiement: Paiement, lecture: Lecture, maintenant: datetime) -> bool:
    """Un A peut être suivi d'un P pendant deux minutes : d'après l'heure de PayFiP, ou depuis que nous l'avons vu."""
    if lecture.date is not None and maintenant - lecture.date >= ABANDON_CONFIRME + MINUTE_TRONQUEE:
        return True
    signale = paiement.transitions.filter(vers=EtatPaiement.ABANDON_SIGNALE).first()
    return signale is not None and maintenant - signale.le >= ABANDON_CONFIRME


@transaction.atomic
def _appliquer_refus(paiement: Paiement, refus: GuichetRefuse, *, cause: str, maintenant: datetime) -> bool:
    """P1 et P5 : pas de résultat, définitif quand la tentative est assez vieille. Le reste est une anomalie."""
    verrouille = Paiement.objects.select_for_update().get(pk=paiement.pk)
    delai = DELAI_AVANT_EXPIRATION.get(refus.code)
    if delai is None and verrouille.etat != EtatPaiement.INFIRME:
        verrouille.anomalie = f"PayFiP refuse de répondre : {refus.code} {refus.libelle}"[:200]
        journal.error("Paiement %s : %s", verrouille.uuid, verrouille.anomalie)
    age = maintenant - (verrouille.envoye_le or maintenant)
    vers = EtatPaiement.EXPIRE if delai is not None and age >= delai else None
    return _conclure(verrouille, paiement, vers=vers, cause=cause, maintenant=maintenant)


def _espacer(paiement: Paiement, maintenant: datetime) -> None:
    """Compte la panne et fixe la lecture suivante, sauf si la tentative s'est réglée pendant que nous attendions."""
    pannes = min(paiement.pannes + 1, 1000)
    Paiement.objects.interrogeables(maintenant).filter(pk=paiement.pk).update(
        pannes=pannes, relire_le=lecture_apres_panne(pannes, paiement.envoye_le, maintenant)
    )
