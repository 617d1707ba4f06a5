"""« Ne pas recevoir les factures au format papier », et y revenir."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from comptes import papier, services
from comptes.forms import EnvoiForm
from comptes.models import ModeEnvoi, Redevable
from comptes.requete import RequeteUsager


@require_http_methods(["GET", "HEAD", "POST"])
def envoi(request: RequeteUsager, uuid: UUID) -> HttpResponse:
    """Renoncer au papier se confirme ; y revenir se fait en un clic, depuis « Mes informations »."""
    redevable = get_object_or_404(
        Redevable.objects.de(request.user, chez=request.collectivite).select_related("collectivite"), uuid=uuid
    )
    if request.method != "POST":
        contexte = {"redevable": redevable, "texte": papier.TEXTES[papier.VERSION], "papier": ModeEnvoi.PAPIER}
        return render(request, "comptes/papier.html", contexte)
    form = EnvoiForm(request.POST)
    if not form.is_valid():
        raise BadRequest("mode=papier ou mode=electronique")
    _choisir(request, redevable, form.cleaned_data["mode"])
    return redirect("mes_informations")


def _choisir(request: RequeteUsager, redevable: Redevable, mode: str) -> None:
    if mode == ModeEnvoi.PAPIER:
        services.revenir_au_papier(redevable=redevable, usager=request.user)
        messages.success(request, _("C'est noté : vos prochaines factures seront envoyées au format papier."))
        return
    try:
        services.recevoir_par_mail(usager=request.user, redevable=redevable)
    except services.AdresseNonConfirmee:
        messages.error(request, _("Confirmez d'abord votre adresse mail : le papier continue jusque-là."))
    else:
        messages.success(request, _("C'est noté : plus de papier. Le service est prévenu par un message."))
