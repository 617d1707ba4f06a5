"""L'invitation d'un agent, suivie depuis son courriel."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from comptes import services
from comptes.forms import AcceptationForm, NouveauMotDePasseForm
from comptes.models import Usager
from comptes.services.invitations import USAGE
from comptes.views.liens import jeton_recu, lien_mort, oublier_le_jeton
from portail.requete import RequeteCollectivite, des_avant_l_ouverture


@des_avant_l_ouverture
@sensitive_post_parameters()
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def accepter(request: RequeteCollectivite) -> HttpResponse:
    """Qui n'a pas de compte choisit son mot de passe ; qui en a un garde le sien. La personne se connecte ensuite."""
    jeton, chez = jeton_recu(request), request.collectivite
    invitation = services.invitation_du_lien(jeton, chez=chez)
    if invitation is None:
        return lien_mort(request, USAGE)
    usager = services.compte_invite(invitation)
    form = _formulaire(request, usager)
    if not form.is_valid():
        contexte = {"form": form, "invitation": invitation, "a_un_compte": usager.has_usable_password()}
        return render(request, "comptes/accepter_invitation.html", contexte)
    mot_de_passe = form.cleaned_data.get("nouveau", "")
    if services.accepter_l_invitation(jeton=jeton, mot_de_passe=mot_de_passe, collectivite=chez) is None:
        return lien_mort(request, USAGE)
    messages.success(request, _("Votre accès à la gestion est ouvert. Connectez-vous avec votre mot de passe."))
    return oublier_le_jeton(request, redirect(f"{reverse('account_login')}?next={reverse('gestion:index')}"))


def _formulaire(request: RequeteCollectivite, usager: Usager) -> AcceptationForm | NouveauMotDePasseForm:
    envoi = request.POST if request.method == "POST" else None
    if usager.has_usable_password():
        return AcceptationForm(envoi)
    return NouveauMotDePasseForm(envoi, usager=usager, collectivite=request.collectivite)
