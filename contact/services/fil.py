"""Le fil d'une demande : tenir la demande, changer son état, y ajouter un message."""

from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from comptes.models import Usager
from contact.etats import ATTENDENT, TRANSITIONS, EtatDemande, Genre
from contact.models import Demande, Message, PieceJointe
from contact.pieces import Envoi


def tenir(demande: Demande) -> Demande:
    """La demande telle qu'elle est maintenant ; personne d'autre n'y écrit jusqu'à la fin de la transaction."""
    return Demande.objects.select_for_update(of=("self",)).select_related("collectivite").get(pk=demande.pk)


def passer(demande: Demande, *, vers: EtatDemande, **champs: Any) -> bool:
    """Le seul endroit où l'état change ; vrai s'il le pouvait depuis celui qui a été lu. L'attente en découle."""
    if vers not in TRANSITIONS[EtatDemande(demande.etat)]:
        return False
    maintenant = timezone.now()
    attend = (demande.attend_depuis or maintenant) if vers in ATTENDENT else None
    clos = maintenant if vers == EtatDemande.CLOSE else None
    changee = Demande.objects.filter(pk=demande.pk, etat=demande.etat).update(
        etat=vers, change_le=maintenant, attend_depuis=attend, clos_le=clos, **champs
    )
    return bool(changee)


def ajouter(demande: Demande, *, genre: Genre, par: Usager, envoi: Envoi) -> Message:
    """Un message de plus au bout du fil, avec ses pièces."""
    message = Message.objects.create(
        demande=demande,
        collectivite_id=demande.collectivite_id,
        genre=genre,
        par=par,
        texte=envoi.texte,
        formulaire=envoi.formulaire,
    )
    for piece in envoi.pieces:
        PieceJointe.objects.create(
            message=message,
            collectivite_id=demande.collectivite_id,
            nom=piece.nom,
            genre=piece.genre,
            taille=len(piece.contenu),
            fichier=ContentFile(piece.contenu, name=piece.nom),
        )
    return message


def dernier(demande: Demande) -> int:
    """La clé du dernier message du fil, notes comprises : qui a lu jusque-là a tout lu."""
    return Message.objects.filter(demande=demande).order_by("-pk").values_list("pk", flat=True).first() or 0
