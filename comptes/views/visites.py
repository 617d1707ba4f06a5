"""« Quitter » : l'agent redevient lui-même."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from comptes.etats import FinDeVisite
from comptes.intergiciel import CLE
from comptes.services import visites
from portail.reponses import VoirAilleurs


@require_POST
def quitter(request: Any) -> HttpResponse:
    """Finit la visite de cette session, et rend une session neuve ; sans visite, il n'y a rien à quitter."""
    visite = request.visite
    if visite is None:
        return VoirAilleurs("/")
    visites.finir_une_visite(visite=visite, fin=FinDeVisite.QUITTEE)
    del request.session[CLE]
    request.session.cycle_key()
    messages.success(request, _("Vous ne voyez plus le portail comme cette personne."))
    return VoirAilleurs(reverse("gestion:comptes_usager_change", args=[visite.usager_id]))
