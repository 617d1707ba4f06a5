"""L'envoi, par l'ouvrier : réserver, composer, garder, envoyer, clore ; chaque pas est sa propre transaction."""

import contextlib
import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPResponseException
from typing import Any

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.mail import get_connection
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from portail.courriels.redaction import preparer, rediger
from portail.etats import EtatCourriel, sources
from portail.journal import noter
from portail.models import Courriel
from portail.taches import progresser

journal = logging.getLogger(__name__)

PAR_PASSE, PASSE_SECONDES = 100, 20.0  # les autres tâches attendent pendant une passe
BAIL = timedelta(minutes=5)  # plus long que le plus lent des envois : un ouvrier mort rend ainsi son courriel
# Avec un recul qui plafonne à une heure, vingt-six heures d'essais : un serveur qui dit « plus tard » a le temps.
ESSAIS = 31
RECUL, RECUL_MAXIMUM = timedelta(minutes=1), timedelta(hours=1)
# Serveur injoignable : les passes suivantes ne perdent pas dix secondes chacune à le redécouvrir.
PAUSE_CLE, PAUSE_SECONDES = "courriels:serveur-injoignable", 30
PERMANENT = 500


class BailPerdu(RuntimeError):
    """Composer a duré plus que le bail : un autre ouvrier a pris ce courriel, le nôtre ne doit pas partir."""


def envoyer() -> bool:
    """Envoie ce qui est dû, sans durer ; vrai s'il reste de quoi faire tout de suite.

    La connexion s'ouvre avant tout le reste : une panne du serveur, si longue soit-elle, ne coûte ni un essai à un
    courriel, ni l'ordre de la file, ni un texte composé trop tôt.
    """
    dus = list(Courriel.objects.a_envoyer(timezone.now()).select_related("collectivite")[:PAR_PASSE])
    if not dus or cache.get(PAUSE_CLE):
        return False
    connexion = get_connection()
    try:
        connexion.open()
    except OSError as panne:  # SMTPException en est une
        journal.warning("Serveur de courriel injoignable, %d courriels attendent : %s", len(dus), _nommer(panne))
        cache.set(PAUSE_CLE, True, PAUSE_SECONDES)
        return False
    with contextlib.closing(connexion):
        return _distribuer(dus, connexion)


def _distribuer(dus: list[Courriel], connexion: Any) -> bool:
    """Chacun à son tour, tant que la connexion tient."""
    for courriel in _un_moment(dus):
        if _reserver(courriel) and not _traiter(courriel, connexion):
            return False
    return Courriel.objects.a_envoyer(timezone.now()).exists()


def _un_moment(dus: list[Courriel]) -> Iterator[Courriel]:
    fin = time.monotonic() + PASSE_SECONDES
    for courriel in dus:
        if time.monotonic() > fin:
            return
        progresser()
        yield courriel


def _reserver(courriel: Courriel) -> bool:
    """Vrai pour le seul ouvrier qui l'enverra ; s'il meurt, le courriel redevient libre à la fin du bail.

    ``essais`` sert de numéro de version : contrairement à une heure, il ne recule jamais.
    """
    pris = _a_nous(courriel).update(essais=F("essais") + 1, prochain_essai=timezone.now() + BAIL)
    courriel.essais += 1
    return bool(pris)


def _a_nous(courriel: Courriel) -> QuerySet[Courriel]:
    """Sa ligne, tant que personne d'autre ne l'a réservée depuis."""
    return Courriel.objects.filter(pk=courriel.pk, essais=courriel.essais, etat=EtatCourriel.A_ENVOYER)


def _traiter(courriel: Courriel, connexion: Any) -> bool:
    """Compose au besoin, envoie, et note le sort ; faux si la connexion ne vaut plus rien."""
    if courriel.essais > ESSAIS:  # chaque essai a tué son ouvrier, sans rien pouvoir noter
        clore(courriel, vers=EtatCourriel.ABANDONNE, erreur="Ouvrier mort")
        return True
    try:
        if courriel.message is None and not _composer(courriel):
            clore(courriel, vers=EtatCourriel.SANS_OBJET)
            return True
    except Exception as erreur:  # noqa: BLE001  # une sorte de courriel fautive n'arrête pas les autres
        journal.exception("Courriel %s : rédaction impossible.", courriel.pk)
        _echouer(courriel, erreur)
        return True
    try:
        preparer(courriel, connexion).send()
    except Exception as erreur:  # noqa: BLE001  # chaque prestataire a ses exceptions
        _echouer(courriel, erreur)
        return isinstance(erreur, SMTPRecipientsRefused | SMTPResponseException)  # le serveur parle encore
    clore(courriel, vers=EtatCourriel.ENVOYE)
    return True


def _composer(courriel: Courriel) -> bool:
    """Garde le message avant le premier envoi : coupé, il repartira le même, jetons compris. Faux si sans objet."""
    with transaction.atomic(durable=True):
        courriel.message = rediger(courriel)
        if not _a_nous(courriel).update(message=courriel.message):
            raise BailPerdu
    return courriel.message is not None


def _echouer(courriel: Courriel, erreur: Exception) -> None:
    """Un refus définitif ou l'essai de trop l'enterre ; sinon il attend, de plus en plus."""
    if _est_definitif(erreur):
        clore(courriel, vers=EtatCourriel.REFUSE, erreur=_nommer(erreur))
    elif courriel.essais >= ESSAIS:
        clore(courriel, vers=EtatCourriel.ABANDONNE, erreur=_nommer(erreur))
    else:
        attente = min(RECUL * 2 ** min(courriel.essais - 1, 10), RECUL_MAXIMUM)
        _a_nous(courriel).update(prochain_essai=timezone.now() + attente, erreur=_nommer(erreur))


@transaction.atomic
def clore(courriel: Courriel, *, vers: EtatCourriel, erreur: str = "") -> bool:
    """Le seul endroit où un courriel finit ; vrai pour l'unique appel qui l'emporte. Le texte disparaît avec."""
    clos = Courriel.objects.filter(pk=courriel.pk, etat__in=sources(vers)).update(
        etat=vers, clos_le=timezone.now(), prochain_essai=None, message=None, erreur=erreur
    )
    if clos:
        faits = {"etat": vers, "sorte": courriel.sorte, "essais": courriel.essais}
        noter(f"courriel.{vers}", sur=courriel, apres=faits)
    return bool(clos)


def _est_definitif(erreur: Exception) -> bool:
    """5xx sur l'adresse ou sur le message, ou une adresse qui n'en est pas une. L'authentification, elle, se répare."""
    if isinstance(erreur, SMTPRecipientsRefused):
        return all(code >= PERMANENT for code, _texte in erreur.recipients.values())
    return isinstance(erreur, ValidationError) or (isinstance(erreur, SMTPDataError) and erreur.smtp_code >= PERMANENT)


def _nommer(erreur: Exception) -> str:
    """La classe et le code, jamais le texte : les serveurs y répètent l'adresse."""
    codes = [code for code, _ in erreur.recipients.values()] if isinstance(erreur, SMTPRecipientsRefused) else []
    code = codes[0] if codes else getattr(erreur, "smtp_code", "")
    return f"{type(erreur).__name__} {code}".strip()[:80]
