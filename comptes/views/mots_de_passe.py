"""« Oublié ? » : demander un lien, puis choisir un nouveau mot de passe."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from comptes import services
from comptes.forms import NouveauMotDePasseForm, OubliForm
from comptes.mots_de_passe import solidite
from comptes.services.mots_de_passe import USAGE
from comptes.views.liens import jeton_recu, lien_mort, oublier_le_jeton
from portail import limites
from portail.reponses import VoirAilleurs
from portail.requete import RequeteCollectivite, des_avant_l_ouverture


@des_avant_l_ouverture
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def oublie(request: RequeteCollectivite) -> HttpResponse:
    """La même réponse pour toutes les adresses : rien ici ne cherche à qui elles sont."""
    form = OubliForm(request.POST or None)
    if not form.is_valid():
        return render(request, "comptes/oublie.html", {"form": form})
    limites.compter("oublis-par-adresse-ip", limites.adresse_ip(request))
    courriel = form.cleaned_data["courriel"]
    services.demander_un_lien(courriel=courriel, collectivite=request.collectivite)
    messages.info(request, _("Adresse indiquée : %(courriel)s") % {"courriel": courriel})
    return VoirAilleurs(reverse("mot_de_passe_envoye"))


@des_avant_l_ouverture
@login_not_required
@require_safe
def envoye(request: RequeteCollectivite) -> HttpResponse:
    """Quoi faire en attendant le message."""
    return render(request, "comptes/oublie_envoye.html")


@des_avant_l_ouverture
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def nouveau(request: RequeteCollectivite) -> HttpResponse:
    """Le nouveau mot de passe ; la personne se connecte ensuite avec lui."""
    jeton, chez = jeton_recu(request), request.collectivite
    usager = services.usager_du_lien(jeton, chez=chez)
    if usager is None:
        return lien_mort(request, USAGE)
    form = NouveauMotDePasseForm(request.POST or None, usager=usager, collectivite=chez)
    if not form.is_valid():
        return render(request, "comptes/nouveau_mot_de_passe.html", {"form": form, "usager": usager})
    mot_de_passe = form.cleaned_data["nouveau"]
    if not services.reinitialiser(
        jeton=jeton, mot_de_passe=mot_de_passe, collectivite=chez, reseau=limites.reseau(request)
    ):
        return lien_mort(request, USAGE)
    texte = _("Votre mot de passe est changé : il est %(solidite)s. Connectez-vous avec lui.")
    messages.success(request, texte % {"solidite": solidite(mot_de_passe)})
    return oublier_le_jeton(request, redirect("account_login"))
