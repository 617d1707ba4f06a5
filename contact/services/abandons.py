"""Les demandes d'un agent qui ne peut plus répondre : elles ne sont plus à personne, et se voient « à prendre »."""

from django.db import transaction

from comptes.models import Usager
from contact.models import Demande
from contact.models.demandes import DemandeQuerySet, repondants
from portail.journal import noter
from portail.models import Collectivite


def retenir(agent: Usager, demande: Demande) -> bool:
    """Vrai s'il peut répondre ici, et le pourra jusqu'à la fin de la transaction ; à appeler avant ``tenir``."""
    ici = repondants(usager=agent, collectivite=demande.collectivite_id)
    return bool(ici.select_for_update(of=("self",), no_key=True))


def liberer_celles_de(agent: Usager, chez: Collectivite) -> None:
    """L'accès de cet agent vient de se réduire."""
    _liberer(Demande.objects.abandonnees().filter(assignee=agent, collectivite=chez))


def liberer_les_abandonnees() -> None:
    """Chaque jour, partout : un compte fermé hors du site n'a prévenu personne."""
    _liberer(Demande.objects.abandonnees())


@transaction.atomic
def _liberer(abandonnees: DemandeQuerySet) -> None:
    liberees = list(abandonnees.select_for_update(of=("self",), no_key=True).order_by("pk"))
    for demande in liberees:
        noter("demande.liberee", sur=demande, avant={"assignee": demande.assignee_id}, apres={"assignee": None})
    Demande.objects.filter(pk__in=[demande.pk for demande in liberees]).update(assignee=None)
