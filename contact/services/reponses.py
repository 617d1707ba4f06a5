"""Les réponses toutes prêtes d'une commune."""

from django.db import IntegrityError, transaction

from contact.models import ReponseType
from portail.journal import noter
from portail.models import Collectivite


class TitrePris(Exception):
    """Une autre réponse de la commune a déjà ce titre."""


def ajouter_reponse(*, collectivite: Collectivite, titre: str, texte: str) -> ReponseType:
    """Une réponse de plus ; TitrePris si son titre sert déjà."""
    return _ecrire(ReponseType(collectivite=collectivite, titre=titre, texte=texte), "reponse_type.ajoutee")


def modifier_reponse(*, reponse: ReponseType, titre: str, texte: str) -> None:
    """Change ce qu'elle dira ; ce qui est déjà parti ne change pas. TitrePris si le titre sert déjà."""
    reponse.titre, reponse.texte = titre, texte
    _ecrire(reponse, "reponse_type.modifiee")


def _ecrire(reponse: ReponseType, fait: str) -> ReponseType:
    try:
        with transaction.atomic():
            reponse.save()
            noter(fait, sur=reponse)
    except IntegrityError as refus:
        raise TitrePris from refus
    return reponse


@transaction.atomic
def retirer_reponse(*, reponse: ReponseType) -> None:
    """Elle ne sera plus proposée."""
    noter("reponse_type.retiree", sur=reponse)
    reponse.delete()
