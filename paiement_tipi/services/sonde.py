"""Relire chaque jour ce que PayFiP dit de nos contrats : un numéro perdu se voit avant les habitants."""

import logging

from django.utils.translation import gettext as _

from paiement_tipi.client import Guichet, GuichetIndisponible, GuichetRefuse
from paiement_tipi.models import ContratTipi, Transport
from portail.taches import progresser

journal = logging.getLogger(__name__)


def sonder(*, guichet: Guichet) -> int:
    """Le nombre de contrats dont PayFiP dit autre chose que ce qu'un agent avait vérifié : leur ``alerte`` le garde.

    S'arrête à la première panne, et la dit : une réponse d'une autre forme en est une.
    """
    changes = 0
    for contrat in ContratTipi.objects.filter(transport=Transport.SERVICE_WEB).order_by("pk"):
        progresser()
        try:
            changement = _changement(contrat, guichet)
        except GuichetIndisponible as panne:
            journal.error("Contrats : PayFiP n'a pas répondu ce que nous savons lire (%s).", panne)
            break
        # Sauf si un agent l'a changé, ou vérifié, pendant que nous demandions.
        meme = ContratTipi.objects.filter(pk=contrat.pk, numcli=contrat.numcli, verifie_le=contrat.verifie_le)
        meme.update(alerte=changement)
        if changement:
            changes += 1
            journal.error("Contrat %s : %s", contrat.pk, changement)
    return changes


def _changement(contrat: ContratTipi, guichet: Guichet) -> str:
    try:
        detail = guichet.detail_client(contrat.numcli)
    except GuichetRefuse as refus:
        return _("PayFiP refuse ce numéro de client (%(code)s).") % {"code": refus.code}
    if contrat.libelles and "\n".join(detail.libelles) != contrat.libelles:
        return _("PayFiP ne nomme plus ce numéro de client comme à sa vérification.")
    return ""
