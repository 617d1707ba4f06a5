"""Le paiement par URL : l'adresse où partir, et ce que PayFiP en poste, sans signature (payfip.md §2.6)."""

import logging
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from factures.argent import en_centimes
from paiement_tipi import protocole_url
from paiement_tipi.etats import DE_RESULTAT, ECHECS, ENCAISSES, SANS_RETOUR, SUCCES, EtatPaiement
from paiement_tipi.models import NotificationTipi, Paiement
from paiement_tipi.protocole import Lecture, ReponseIllisible, Saisie
from paiement_tipi.services.constat import code_inconnu, ecarts_de
from paiement_tipi.services.echanges import masquer
from paiement_tipi.services.transitions import passer
from portail import limites

journal = logging.getLogger(__name__)

DITS_PAYES = ENCAISSES | {EtatPaiement.DECLARE, EtatPaiement.INFIRME, EtatPaiement.ESSAI_REUSSI, EtatPaiement.REJETE}


def adresse_par_url(paiement: Paiement) -> str:
    """Où envoyer la personne. Qui la lit connaît le jeton : d'où un POST qui ne règle rien."""
    demande = protocole_url.DemandeUrl(
        numcli=paiement.numcli,
        exer=paiement.exer,
        refdet=paiement.refdet,
        objet=paiement.objet,
        montant=en_centimes(paiement.montant),
        mel=paiement.mel,
        urlcl=f"{paiement.collectivite.adresse}/paiement/notification/{paiement.jeton}/",
        saisie=Saisie(paiement.saisie),
    )
    return protocole_url.adresse_de_paiement(settings.PAYFIP_PAIEMENT_URL, demande)


@transaction.atomic
def recevoir_resultat(*, jeton: str, requete: str, corps: bytes, maintenant: datetime | None = None) -> bool:
    """Garde le résultat posté et l'applique ; faux, sans rien écrire, si le jeton n'est celui d'aucune tentative.

    Un succès qui concorde rend la tentative « déclarée », jamais payée ; ce qui ne concorde pas est une anomalie.
    """
    paiement = Paiement.objects.par_url().select_for_update().filter(jeton=jeton).first()
    if paiement is None:
        return False
    try:
        lecture = protocole_url.lire_retour(requete, corps)
        if lecture is None:  # l'adresse ouverte par un curieux
            return False
        anomalie = ecarts_de(paiement, lecture)
    except ReponseIllisible as illisible:
        lecture, anomalie = None, str(illisible)
    if lecture is None or anomalie or not _est_un_succes_neuf(paiement, lecture):
        limites.compter("notifications", paiement.pk)  # PayFiP ne reposte peut-être pas : un succès passe toujours
    texte = masquer(f"{requete}\n".encode() + corps).strip()[:2000]
    NotificationTipi.objects.create(paiement=paiement, collectivite_id=paiement.collectivite_id, corps=texte)
    if lecture is None or anomalie:
        _signaler(paiement, anomalie)
    else:
        _appliquer(paiement, lecture, maintenant or timezone.now())
    return True


def _est_un_succes_neuf(paiement: Paiement, lecture: Lecture) -> bool:
    """Vrai s'il change l'état, ou s'il est le premier à dire un second paiement : des faux n'y passent pas sans fin."""
    if DE_RESULTAT.get(lecture.resultat) not in SUCCES or _deja_dit(paiement, lecture):
        return False
    if paiement.etat in DITS_PAYES - {EtatPaiement.INFIRME}:
        return lecture.numauto != "" and paiement.anomalie == ""
    return True


def _deja_dit(paiement: Paiement, lecture: Lecture) -> bool:
    """Vrai du même paiement posté encore."""
    return paiement.etat in DITS_PAYES and paiement.numauto != "" and lecture.numauto[:64] == paiement.numauto


def _signaler(paiement: Paiement, anomalie: str) -> None:
    """À un agent de voir."""
    journal.error("Paiement %s : %s", paiement.uuid, anomalie)
    paiement.anomalie = anomalie[:200]
    paiement.save(update_fields=["anomalie", "resultat", "numauto"])


def _appliquer(paiement: Paiement, lecture: Lecture, maintenant: datetime) -> None:
    """Un succès l'emporte sur tout ce qui n'en est pas un, si tard qu'il arrive ; le reste libère la facture."""
    vers = DE_RESULTAT.get(lecture.resultat)
    if vers is None:
        _retenir(paiement, lecture, maintenant)
    elif paiement.etat in DITS_PAYES:
        _rejouer(paiement, lecture, maintenant)
    else:
        _passer(paiement, _selon_la_saisie(paiement, vers), lecture, maintenant)


def _retenir(paiement: Paiement, lecture: Lecture, maintenant: datetime) -> None:
    """Un code inconnu est peut-être un moyen de paiement nouveau : rien n'expire, ce qui était rendu se retient encore.

    Infirmé par un agent, le même posté de nouveau ne l'inquiète plus.
    """
    dit = (lecture.resultat[:8], lecture.numauto[:64])
    if paiement.etat == EtatPaiement.INFIRME and dit == (paiement.resultat, paiement.numauto):
        return
    if paiement.etat == EtatPaiement.ENVOYE:
        paiement.resultat, paiement.numauto = dit
    elif paiement.encaisse and paiement.etat in ECHECS | {EtatPaiement.INFIRME}:
        _passer(paiement, EtatPaiement.DECLARE, lecture, maintenant, cause="code inconnu posté")
    _signaler(paiement, code_inconnu(lecture))


def _rejouer(paiement: Paiement, lecture: Lecture, maintenant: datetime) -> None:
    """Le même succès posté encore, ou un refus d'avant lui : rien. Une autre autorisation : un second paiement.

    PayFiP n'en garde pas une régie (payfip.md §1) : à l'agent de le rendre. S'il avait infirmé le premier, celui-ci
    est à confirmer.
    """
    autorisation = lecture.numauto[:64]
    if DE_RESULTAT[lecture.resultat] not in SUCCES or _deja_dit(paiement, lecture):
        return
    if paiement.etat == EtatPaiement.INFIRME:
        _passer(paiement, EtatPaiement.DECLARE, lecture, maintenant)
    elif paiement.numauto and autorisation:
        _signaler(paiement, f"PayFiP déclare un second paiement, d'autorisation {autorisation}.")
    else:
        paiement.numauto = paiement.numauto or autorisation
        paiement.save(update_fields=["numauto"])


def _selon_la_saisie(paiement: Paiement, vers: EtatPaiement) -> EtatPaiement:
    if vers not in SUCCES:
        return vers
    return EtatPaiement.DECLARE if paiement.encaisse else EtatPaiement.ESSAI_REUSSI


def _passer(
    paiement: Paiement, vers: EtatPaiement, lecture: Lecture, maintenant: datetime, *, cause: str = "résultat posté"
) -> None:
    if passer(paiement, vers=vers, cause=cause, maintenant=maintenant):
        paiement.resultat, paiement.numauto = lecture.resultat[:8], lecture.numauto[:64]
        paiement.date_payfip, paiement.anomalie = lecture.date, ""
        paiement.save(update_fields=["resultat", "numauto", "date_payfip", "anomalie"])


def expirer_sans_retour(maintenant: datetime) -> None:
    """La facture est rendue quand plus personne ne peut être sur la page ; un POST plus tardif l'emporte encore."""
    partis = Paiement.objects.par_url().filter(etat=EtatPaiement.ENVOYE, envoye_le__lte=maintenant - SANS_RETOUR)
    for paiement in partis.filter(resultat=""):
        passer(paiement, vers=EtatPaiement.EXPIRE, cause="sans retour", maintenant=maintenant)
