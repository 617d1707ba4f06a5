"""Qui lit les factures de qui : rattacher, nommer, détacher, suspendre."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from comptes.etats import EtatRattachement, sources
from comptes.models import Rattachement, Redevable, Usager
from comptes.services.codes import consommer, reconnaitre
from comptes.services.envoi import revenir_au_papier
from portail.journal import noter
from portail.models import Collectivite


@transaction.atomic
def rattacher(*, usager: Usager, redevables: Iterable[Redevable]) -> list[Rattachement]:
    """Ouvre ces comptes clients à cette personne ; rend tous ses rattachements à eux.

    Une suspension tient : seul le service la lève.
    """
    return [_rattacher(usager, redevable) for redevable in redevables]


def _rattacher(usager: Usager, redevable: Redevable) -> Rattachement:
    rattachement, cree = Rattachement.objects.get_or_create(
        usager=usager, redevable=redevable, defaults={"collectivite_id": redevable.collectivite_id}
    )
    if cree:
        noter("rattachement.actif", sur=rattachement, apres={"redevable": str(redevable.uuid), "usager": usager.pk})
    else:
        _passer(rattachement, vers=EtatRattachement.ACTIF, depuis=[EtatRattachement.DETACHE])
    return rattachement


@transaction.atomic
def rattacher_par_code(*, usager: Usager, chez: Collectivite, client: str, code: str) -> Rattachement | None:
    """Ouvre le compte client que désignent ces codes, qui ne serviront plus ; None s'ils ne sont pas les bons.

    None aussi si le compte vient de se fermer : un code ne se perd pas dans un compte que plus personne n'ouvre.
    """
    if not Usager.objects.filter(pk=usager.pk, is_active=True).select_for_update(no_key=True):
        return None
    reconnu = reconnaitre(client=client, code=code, chez=chez)
    if reconnu is None or not consommer(reconnu):
        return None
    return rattacher(usager=usager, redevables=[reconnu.redevable])[0]


@transaction.atomic
def nommer(*, rattachement: Rattachement, nom: str) -> None:
    """Le nom que la personne lit à la place de celui du service ; vide, celui du service revient."""
    Rattachement.objects.filter(pk=rattachement.pk).update(nom_donne=nom)


@transaction.atomic
def detacher(*, rattachement: Rattachement) -> bool:
    """La personne ne verra plus ces factures ; vrai pour l'appel qui l'a fait."""
    return _passer(rattachement, vers=EtatRattachement.DETACHE)


@transaction.atomic
def suspendre_rattachement(*, rattachement: Rattachement, motif: str) -> bool:
    """Le service ferme cet accès, pour un motif qu'il écrit ; vrai pour l'appel qui l'a fait."""
    if not motif.strip():
        raise ValueError("Une suspension a un motif.")
    return _passer(rattachement, vers=EtatRattachement.SUSPENDU, motif=motif.strip())


@transaction.atomic
def retablir_rattachement(*, rattachement: Rattachement) -> bool:
    """Le service rouvre un accès suspendu ; vrai pour l'appel qui l'a fait."""
    return _passer(rattachement, vers=EtatRattachement.ACTIF, depuis=[EtatRattachement.SUSPENDU])


def _passer(
    rattachement: Rattachement,
    *,
    vers: EtatRattachement,
    depuis: list[EtatRattachement] | None = None,
    motif: str = "",
) -> bool:
    """Le seul endroit où l'état change ; vrai pour l'unique appel qui l'emporte, qui seul est au journal."""
    possibles = sources(vers) if depuis is None else depuis
    a_changer = Rattachement.objects.filter(pk=rattachement.pk, etat__in=possibles)
    if not a_changer.update(etat=vers, motif=motif, depuis=timezone.now()):
        return False
    if vers != EtatRattachement.ACTIF:
        _assurer_le_papier(rattachement.redevable)
    noter(f"rattachement.{vers}", sur=rattachement, avant={"etat": rattachement.etat}, apres={"etat": vers})
    rattachement.etat, rattachement.motif = vers, motif
    return True


def _assurer_le_papier(redevable: Redevable) -> None:
    """Une facture électronique que plus personne ne reçoit redevient une lettre."""
    lecteurs = Rattachement.objects.filter(redevable=redevable, etat=EtatRattachement.ACTIF)
    if not lecteurs.exclude(usager__courriel_confirme_le=None).exists():
        revenir_au_papier(redevable=redevable, raison=_("Plus aucun compte ne les reçoit en ligne."))
