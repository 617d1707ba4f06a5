"""« Voir comme l'habitant » : commencer, noter ce qui est vu, finir. Au journal, l'auteur est toujours l'agent."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from comptes.etats import FinDeVisite
from comptes.models import Rattachement, Usager, Visite
from portail.journal import noter
from portail.models import Collectivite

DUREE = timedelta(minutes=15)


class VisiteImpossible(Exception):
    """Ce compte n'est pas celui d'un habitant d'ici, il est fermé, ou c'est celui de l'agent."""


@transaction.atomic
def commencer_une_visite(*, agent: Usager, usager: Usager, chez: Collectivite, motif: str) -> Visite:
    """Une visite d'un quart d'heure, notée avec son motif ; VisiteImpossible."""
    d_ici = Rattachement.objects.filter(usager=usager, collectivite=chez).exists()
    if not d_ici or not usager.is_active or usager.pk == agent.pk:
        raise VisiteImpossible
    maintenant = timezone.now()
    visite = Visite.objects.create(
        collectivite=chez, agent=agent, usager=usager, motif=motif, commencee_le=maintenant, jusqu_a=maintenant + DUREE
    )
    apres = {"usager": usager.pk, "motif": motif, "au_plus_tard": visite.jusqu_a.isoformat()}
    noter("visite.commencee", sur=visite, acteur=agent.pk, apres=apres)
    return visite


def noter_une_page(*, visite: Visite, page: str, facture: str) -> None:
    """L'agent a lu cette facture, à l'écran ou en PDF."""
    noter("visite.facture", sur=visite, acteur=visite.agent_id, apres={"page": page, "facture": facture})


@transaction.atomic
def finir_une_visite(*, visite: Visite, fin: FinDeVisite) -> bool:
    """Vrai pour l'unique appel qui la finit, et qui seul est au journal."""
    finie = Visite.objects.filter(pk=visite.pk, finie_le=None).update(finie_le=timezone.now(), fin=fin)
    if finie:
        noter("visite.finie", sur=visite, acteur=visite.agent_id, apres={"fin": fin})
    return bool(finie)


def finir_ses_visites(*, agent: Usager, chez: Collectivite) -> None:
    """Son accès vient de changer : ce qu'il voyait se ferme."""
    for visite in Visite.objects.filter(agent=agent, collectivite=chez, finie_le=None):
        finir_une_visite(visite=visite, fin=FinDeVisite.DROIT)


def finir_les_visites_echues() -> None:
    """Celles que personne n'a quittées."""
    for visite in Visite.objects.echues(timezone.now()):
        finir_une_visite(visite=visite, fin=FinDeVisite.DUREE)
