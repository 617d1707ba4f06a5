"""Mettre un courriel en file, le faire repartir, oublier à qui il était."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from portail.etats import EtatCourriel, sources
from portail.journal import noter
from portail.models import Collectivite, Courriel
from portail.registre import sorte_de_courriel
from portail.taches import lancer

ENVOI = "portail.tasks.envoyer_les_courriels"
DE_PERSONNE = ".invalid"  # RFC 2606 : aucune boîte n'y sera jamais


class Lettre(NamedTuple):
    """Un courriel parmi d'autres de la même sorte."""

    cle: str
    destinataire: str
    contexte: dict[str, Any]


@transaction.atomic
def deposer(*, sorte: str, cle: str, collectivite: Collectivite, destinataire: str, contexte: dict[str, Any]) -> bool:
    """Met un courriel en file avec la transaction de l'acte ; faux si cette clé a déjà le sien.

    ``contexte`` est du JSON sans secret. Une adresse impossible ne fait pas échouer l'acte : elle sera refusée à
    l'envoi. Sans adresse, ou avec celle d'un compte fermé, il n'y a rien à déposer.
    """
    valeurs = {
        "sorte": sorte_de_courriel(sorte).nom,
        "destinataire": destinataire,
        "contexte": contexte,
        "message_id": nouveau_message_id(),
    }
    if not destinataire or destinataire.endswith(DE_PERSONNE):
        return False
    _courriel, depose = Courriel.objects.get_or_create(collectivite=collectivite, cle=cle, defaults=valeurs)
    if depose:
        lancer(ENVOI)
    return depose


@transaction.atomic
def deposer_tous(*, sorte: str, collectivite: Collectivite, lettres: Iterable[Lettre]) -> int:
    """Comme ``deposer``, pour beaucoup de destinataires à la fois ; rend combien sont nouveaux."""
    par_cle = {lettre.cle: lettre for lettre in lettres}
    deja = Courriel.objects.filter(collectivite=collectivite, cle__in=par_cle).values_list("cle", flat=True)
    for cle in deja:
        del par_cle[cle]
    nom = sorte_de_courriel(sorte).nom
    Courriel.objects.bulk_create(
        (
            Courriel(
                collectivite=collectivite,
                sorte=nom,
                cle=cle,
                destinataire=lettre.destinataire,
                contexte=lettre.contexte,
                message_id=nouveau_message_id(),
            )
            for cle, lettre in par_cle.items()
        ),
        ignore_conflicts=True,  # la base, qui n'en veut qu'un par clé, tranche les courses
    )
    if par_cle:
        lancer(ENVOI)
    return len(par_cle)


@transaction.atomic
def relancer(courriel: Courriel) -> bool:
    """Fait repartir un courriel mort ; vrai si cet appel l'a fait.

    C'est un nouveau message, sous un nouveau Message-ID : le texte sera recomposé, et le premier a pu être reçu.
    """
    depart = Courriel.objects.filter(pk=courriel.pk, etat__in=sources(EtatCourriel.A_ENVOYER)).exclude(destinataire="")
    relance = depart.update(
        etat=EtatCourriel.A_ENVOYER,
        message_id=nouveau_message_id(),
        essais=0,
        prochain_essai=timezone.now(),
        clos_le=None,
    )
    if relance:
        noter("courriel.relance", sur=courriel, avant={"etat": courriel.etat})
        lancer(ENVOI)
    return bool(relance)


def oublier(maintenant: datetime) -> int:
    """Efface l'adresse et le contexte des courriels clos depuis assez longtemps ; en rend le nombre."""
    return Courriel.objects.a_oublier(maintenant).update(destinataire="", contexte={})


def nouveau_message_id() -> str:
    """Tiré au dépôt et gardé : un serveur qui reçoit deux fois le même message le reconnaît."""
    return f"<{uuid4()}@{settings.COURRIEL_EXPEDITEUR.rpartition('@')[2]}>"
