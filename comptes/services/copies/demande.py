"""Demander une copie de ses données, savoir où elle en est, l'emporter."""

from datetime import datetime
from typing import IO

from django.db import transaction
from django.utils import timezone

from comptes.models import Copie, Redevable, Usager
from comptes.services.mots_de_passe import verifier
from portail import limites
from portail.documents import DocumentImpossible
from portail.journal import noter
from portail.models import Collectivite
from portail.taches import lancer

PREPARATION = "comptes.tasks.preparer_une_copie"


def redevables_lus(usager: Usager, chez: Collectivite) -> list[int]:
    """Les comptes clients qu'elle lit en ce moment."""
    return list(Redevable.objects.de(usager, chez=chez).order_by("pk").values_list("pk", flat=True))


def copie_de(usager: Usager, *, chez: Collectivite) -> Copie | None:
    """Celle qu'elle a demandée ; None si elle a fait son temps, ou parle d'un compte client qu'on ne lui ouvre plus."""
    copie = Copie.objects.de(usager, chez=chez).first()
    if copie is None or copie.prete_le is None:
        return copie
    lit_encore_tout = set(copie.redevables) <= set(redevables_lus(usager, chez))
    return copie if copie.vaut(timezone.now()) and lit_encore_tout else None


def demander_une_copie(*, usager: Usager, mot_de_passe: str, collectivite: Collectivite) -> bool:
    """Vrai si cet appel met une copie en route ; redemandée, elle ne se double pas. MotDePasseRefuse, TropDEssais."""
    verifier(usager=usager, mot_de_passe=mot_de_passe)
    maintenant, copie = timezone.now(), copie_de(usager, chez=collectivite)
    if copie is not None and not copie.tarde(maintenant):
        return False
    limites.compter("copies", usager.pk)
    return _demander(usager, collectivite, maintenant)


@transaction.atomic
def _demander(usager: Usager, collectivite: Collectivite, maintenant: datetime) -> bool:
    """Une copie neuve à la place de celle qui ne vaut plus rien ; celle qui tarde reprend où elle en est."""
    copie = Copie.objects.de(usager, chez=collectivite).select_for_update().first()
    if copie is not None and copie.prete_le is not None and copie_de(usager, chez=collectivite) is None:
        copie.delete()  # son dossier, que plus rien ne nomme, part au prochain ménage
    copie, neuve = Copie.objects.get_or_create(usager=usager, collectivite=collectivite)
    if not neuve and not copie.tarde(maintenant):
        return False  # une autre demande, au même instant
    Copie.objects.filter(pk=copie.pk).update(avance_le=maintenant)
    noter("copie.demandee", sur=usager, collectivite=collectivite.pk)
    lancer(PREPARATION, copie=copie.pk)
    return True


def emporter(*, copie: Copie) -> IO[bytes]:
    """L'archive, de ``copie_de`` ; qu'elle parte est au journal."""
    try:
        archive = copie.fichier.open()
    except OSError as erreur:
        raise DocumentImpossible(f"L'archive de la copie {copie.uuid} est perdue.") from erreur
    noter("copie.emportee", sur=copie.usager, collectivite=copie.collectivite_id)
    return archive
