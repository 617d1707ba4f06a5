"""Le contrat d'un service avec PayFiP : chaque changement a un motif, et le journal en garde l'avant et l'après."""

from django.db import transaction

from paiement_tipi.models import ContratTipi
from portail.journal import noter
from portail.models import Regie


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
