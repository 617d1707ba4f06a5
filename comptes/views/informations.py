"""« Mes informations » : qui je suis pour le service, mon mot de passe, mes appareils."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from comptes import services
from comptes.forms import ChangementForm, MotDePasseForm
from comptes.models import ModeEnvoi, Rattachement
from comptes.mots_de_passe import solidite
from comptes.requete import RequeteUsager
from comptes.views.mot_de_passe_redemande import essayer
from portail.reponses import VoirAilleurs


@require_http_methods(["GET", "HEAD", "POST"])
def mes_informations(request: RequeteUsager) -> HttpResponse:
    """Ce que le service sait de cette personne, et ce qu'elle peut en changer ; un envoi change le mot de passe."""
    form = ChangementForm(request.POST or None, usager=request.user, collectivite=request.collectivite)
    if form.is_valid() and essayer(form, "ancien", lambda: _changer(request, form)):
        return VoirAilleurs(request.path)
    contexte = {
        "form": form,
        "rattachements": Rattachement.objects.de(request.user, chez=request.collectivite),
        "papier": ModeEnvoi.PAPIER,
    }
    return render(request, "comptes/mes_informations.html", contexte)


def _changer(request: RequeteUsager, form: ChangementForm) -> None:
    nouveau = form.cleaned_data["nouveau"]
    services.changer_le_mot_de_passe(
        usager=request.user,
        ancien=form.cleaned_data["ancien"],
        nouveau=nouveau,
        session=request.session.session_key,
        collectivite=request.collectivite,
    )
    update_session_auth_hash(request, request.user)
    texte = _("Votre mot de passe est changé : il est %(solidite)s. Vos autres appareils sont déconnectés.")
    messages.success(request, texte % {"solidite": solidite(nouveau)})


@require_http_methods(["GET", "HEAD", "POST"])
def appareils(request: RequeteUsager) -> HttpResponse:
    """Où cette personne est connectée ; elle peut tout fermer, sauf ici."""
    form, chez, courante = MotDePasseForm(request.POST or None), request.collectivite, request.session.session_key
    if form.is_valid() and essayer(form, "mot_de_passe", lambda: _fermer(request, form)):
        return redirect("mes_informations")
    ouvertes = services.sessions_ouvertes(usager=request.user, chez=chez, courante=courante)
    return render(request, "comptes/appareils.html", {"form": form, "ouvertes": ouvertes})


def _fermer(request: RequeteUsager, form: MotDePasseForm) -> None:
    services.verifier(usager=request.user, mot_de_passe=form.cleaned_data["mot_de_passe"])
    fermees = services.fermer_les_sessions(
        usager=request.user, sauf=request.session.session_key, collectivite=request.collectivite
    )
    request.session.cycle_key()
    texte = ngettext("%(n)d autre appareil est déconnecté.", "%(n)d autres appareils sont déconnectés.", fermees)
    messages.success(request, texte % {"n": fermees} if fermees else _("Aucun autre appareil n'était connecté."))
