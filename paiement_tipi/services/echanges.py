"""Parler à PayFiP et garder ce qu'il répond, pour le jour où une commune demande ce qui s'est passé."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from paiement_tipi.client import Guichet, GuichetIndisponible, GuichetRefuse, QuestionEcartee
from paiement_tipi.models import EchangePayfip, Operation, Paiement
from paiement_tipi.protocole import Demande, Lecture

T = TypeVar("T")

CONTENU_MAXIMAL = 20_000  # octets gardés d'une réponse
_ADRESSE = re.compile("(<mel>|\\bmel=)[^<&\\s]*", re.IGNORECASE)


def creer(paiement: Paiement, guichet: Guichet, demande: Demande) -> UUID:
    """``Guichet.creer``, gardé."""
    maintenant = timezone.now()
    idop = _demander(paiement, Operation.CREER, lambda: guichet.creer(demande), maintenant)
    _garder(paiement, Operation.CREER, code="idop", maintenant=maintenant)
    return idop


def lire(paiement: Paiement, guichet: Guichet, idop: UUID, *, maintenant: datetime) -> tuple[Lecture, bytes]:
    """``Guichet.lire``, gardé sans l'adresse mail."""
    lecture, xml = _demander(paiement, Operation.LIRE, lambda: guichet.lire(idop), maintenant)
    _garder(paiement, Operation.LIRE, code=lecture.resultat, contenu=masquer(xml), maintenant=maintenant)
    return lecture, xml


def masquer(recu: bytes) -> str:
    """Le texte reçu, XML ou formulaire, sans l'adresse mail de la personne ; PostgreSQL ne garde pas d'octet nul."""
    return _ADRESSE.sub(r"\1…", recu[:CONTENU_MAXIMAL].decode("utf-8", "replace").replace("\0", ""))


def _demander(paiement: Paiement, operation: Operation, question: Callable[[], T], maintenant: datetime) -> T:
    try:
        return question()
    except GuichetRefuse as refus:
        _garder(paiement, operation, code=refus.code, texte=refus.libelle, maintenant=maintenant)
        raise
    except QuestionEcartee:  # rien ne lui a été demandé
        raise
    except GuichetIndisponible as panne:
        _garder(paiement, operation, texte=str(panne), maintenant=maintenant)
        raise


def _garder(paiement: Paiement, operation: Operation, *, maintenant: datetime, **reponse: str) -> None:
    """Deux heures d'attente à un relevé par minute font une ligne, pas cent vingt."""
    bornes = {"code": 12, "texte": 200, "contenu": CONTENU_MAXIMAL}
    valeurs = {"operation": operation, **{nom: reponse.get(nom, "")[:borne] for nom, borne in bornes.items()}}
    dernier = paiement.echanges.last()
    if dernier is not None and all(getattr(dernier, nom) == valeur for nom, valeur in valeurs.items()):
        EchangePayfip.objects.filter(pk=dernier.pk).update(fois=F("fois") + 1, dernier_le=maintenant)
        return
    EchangePayfip.objects.create(
        paiement=paiement, collectivite_id=paiement.collectivite_id, le=maintenant, dernier_le=maintenant, **valeurs
    )
