"""Le contrat d'un service avec PayFiP : chaque changement a un motif, et le journal en garde l'avant et l'après."""

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from paiement_tipi.models import ContratTipi
from paiement_tipi.protocole import Saisie
from portail.journal import noter
from portail.models import Collectivite, Regie
from portail.registre import Exigence


def _a_un_contrat(collectivite: Collectivite) -> bool:
    """Un portail où rien ne se paie en ligne n'est pas prêt."""
    services = Regie.objects.ouvertes().filter(collectivite=collectivite)
    return ContratTipi.objects.filter(regie__in=services, saisie=Saisie.PRODUCTION).exists()


EN_PRODUCTION = Exigence(
    "contrat",
    _("un service dont le contrat PayFiP est en production"),
    _a_un_contrat,
    lambda _collectivite: reverse("gestion:portail_regie_changelist"),
)


@transaction.atomic
def regler_contrat(*, regie: Regie, numcli: str, saisie: str, motif: str) -> bool:
    """Crée le contrat du service, ou le modifie ; faux si rien ne change. Les tentatives en cours gardent le leur."""
    Regie.objects.select_for_update().get(pk=regie.pk)
    actuel = ContratTipi.objects.filter(regie=regie).first()
    avant = {"numcli": actuel.numcli, "saisie": actuel.saisie} if actuel else None
    apres = {"numcli": numcli, "saisie": saisie}
    if avant == apres:
        return False
    contrat, cree = ContratTipi.objects.update_or_create(
        regie=regie, defaults={**apres, "collectivite_id": regie.collectivite_id}
    )
    noter("contrat.cree" if cree else "contrat.modifie", sur=contrat, avant=avant, apres={**apres, "motif": motif})
    return True
