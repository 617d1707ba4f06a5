"""« Fermer mon compte » : ce qui disparaît, ce qui reste et pourquoi, puis le mot de passe."""

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from comptes import services
from comptes.forms import MotDePasseForm
from comptes.models import ModeEnvoi, Rattachement
from comptes.requete import RequeteUsager
from comptes.views.deconnexion import oublier
from comptes.views.mot_de_passe_redemande import essayer
from portail.reponses import VoirAilleurs


@require_http_methods(["GET", "HEAD", "POST"])
def fermer(request: RequeteUsager) -> HttpResponse:
    """Le compte se ferme ici ; partout, s'il ne sert dans aucune autre commune."""
    form = MotDePasseForm(request.POST or None)
    if form.is_valid() and essayer(form, "mot_de_passe", lambda: _fermer(request, form)):
        return oublier(VoirAilleurs(reverse("account_login")))
    contexte = {
        "form": form,
        "depart": services.preparer_le_depart(usager=request.user, chez=request.collectivite),
        "rattachements": Rattachement.objects.de(request.user, chez=request.collectivite),
        "papier": ModeEnvoi.PAPIER,
    }
    return render(request, "comptes/fermer.html", contexte)


def _fermer(request: RequeteUsager, form: MotDePasseForm) -> None:
    usager, adresse = request.user, request.user.email
    services.verifier(usager=usager, mot_de_passe=form.cleaned_data["mot_de_passe"])
    services.quitter(usager=usager, chez=request.collectivite)
    logout(request)
    texte = _("Votre compte est fermé. Un message le confirme à %(adresse)s.")
    messages.success(request, texte % {"adresse": adresse})
