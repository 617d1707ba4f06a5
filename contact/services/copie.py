"""Les demandes au service dans la copie qu'une personne demande de ses données : son fil, tel qu'elle le lit."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from comptes.models import Usager
from comptes.registre import Piece, Rubrique
from contact.etats import Genre
from contact.models import Demande, Message, PieceJointe
from portail.models import Collectivite

PAR_PAQUET = 100


def _demandes(usager: Usager, chez: Collectivite) -> Iterator[dict[str, Any]]:
    fil = Prefetch("messages", Message.objects.pour_la_personne())
    siennes = Demande.objects.de(usager, chez=chez).select_related("regie", "facture", "collectivite")
    for demande in siennes.prefetch_related(fil).order_by("pk").iterator(chunk_size=PAR_PAQUET):
        yield {
            "numero": demande.numero,
            "service": demande.service,
            "facture": demande.facture.numero if demande.facture else None,
            "objet": demande.objet,
            "etat": demande.etat_pour_la_personne,
            "recue_le": demande.cree_le,
            "close_le": demande.clos_le,
            "messages": [_message(message, demande) for message in demande.messages.all()],
        }


def _message(message: Message, demande: Demande) -> dict[str, Any]:
    """Une réponse est du service, quel que soit l'agent qui l'a écrite."""
    return {
        "le": message.cree_le,
        "de": demande.service if message.genre == Genre.SERVICE else _("vous"),
        "texte": message.texte,
        "fichiers": [_nom(piece, demande) for piece in message.pieces.all()],
    }


def _pieces(usager: Usager, chez: Collectivite, apres: int) -> Iterator[Piece]:
    siennes = PieceJointe.objects.de(usager, chez=chez).filter(pk__gt=apres)
    for piece in siennes.select_related("message__demande").order_by("pk").iterator(chunk_size=PAR_PAQUET):
        yield Piece(piece.pk, _nom(piece, piece.message.demande), piece.fichier.open)


def _nom(piece: PieceJointe, demande: Demande) -> str:
    return f"pieces-jointes/{demande.numero}-{piece.uuid.hex[:8]}-{piece.nom}"


DEMANDES = Rubrique("demandes", gettext_lazy("vos demandes au service et ses réponses"), _demandes, _pieces)
