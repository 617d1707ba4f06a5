"""« Une copie de mes données » : la demander, savoir où elle en est, l'emporter."""

from csp.decorators import csp_update
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from comptes.forms import MotDePasseForm
from comptes.requete import RequeteUsager
from comptes.services import copies
from comptes.views.mot_de_passe_redemande import essayer
from portail import limites
from portail.reponses import VoirAilleurs


@require_http_methods(["GET", "HEAD", "POST"])
def copie(request: RequeteUsager) -> HttpResponse:
    """Le mot de passe pour la demander ; ensuite, qu'elle se prépare, ou le bouton qui la télécharge."""
    form = MotDePasseForm(request.POST or None)
    if form.is_valid() and essayer(form, "mot_de_passe", lambda: _demander(request, form)):
        return VoirAilleurs(request.path)
    sienne = copies.copie_de(request.user, chez=request.collectivite)
    contexte = {"form": form, "copie": sienne, "tarde": sienne is not None and sienne.tarde(timezone.now())}
    return render(request, "comptes/copie.html", contexte)


def _demander(request: RequeteUsager, form: MotDePasseForm) -> None:
    mot_de_passe = form.cleaned_data["mot_de_passe"]
    copies.demander_une_copie(usager=request.user, mot_de_passe=mot_de_passe, collectivite=request.collectivite)
    request.session.cycle_key()  # comme à chaque fois que le mot de passe vient d'être redonné


@require_POST
@csp_update({"sandbox": []})  # type: ignore[arg-type]  # django-csp attend une HttpRequest
def emporter(request: RequeteUsager) -> FileResponse:
    """L'archive, à sa seule personne ; un envoi et non une lecture, parce que le journal le note."""
    limites.compter("documents", limites.demandeur(request))
    sienne = copies.copie_de(request.user, chez=request.collectivite)
    if sienne is None or sienne.prete_le is None:
        raise Http404
    reponse = FileResponse(
        copies.emporter(copie=sienne),
        as_attachment=True,
        filename=f"copie-de-mes-donnees-{timezone.localdate(sienne.prete_le)}.zip",
        content_type="application/zip",
    )
    reponse["Cross-Origin-Resource-Policy"] = "same-origin"
    return reponse
