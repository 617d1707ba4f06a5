"""Changer d'adresse mail, la valider par la nouvelle, l'annuler par l'ancienne."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from comptes import services
from comptes.forms import AdresseForm
from comptes.models import DemandeAdresse
from comptes.requete import RequeteUsager
from comptes.services.adresses import ANNULATION, VALIDATION
from comptes.views.liens import jeton_recu, lien_mort, oublier_le_jeton
from comptes.views.mot_de_passe_redemande import essayer
from portail.requete import RequeteCollectivite, des_avant_l_ouverture


@require_http_methods(["GET", "HEAD", "POST"])
def changer(request: RequeteUsager) -> HttpResponse:
    """Demande l'adresse et le mot de passe ; la réponse ne dit pas si l'adresse a déjà un compte."""
    form = AdresseForm(request.POST or None, usager=request.user)
    if form.is_valid() and essayer(form, "mot_de_passe", lambda: _demander(request, form)):
        return redirect("mes_informations")
    return render(request, "comptes/changer_adresse.html", {"form": form})


def _demander(request: RequeteUsager, form: AdresseForm) -> None:
    nouvelle = form.cleaned_data["courriel"]
    services.demander_une_adresse(
        usager=request.user,
        nouvelle=nouvelle,
        mot_de_passe=form.cleaned_data["mot_de_passe"],
        collectivite=request.collectivite,
    )
    request.session.cycle_key()  # comme à chaque fois que le mot de passe vient d'être redonné
    _annoncer_le_message(request, nouvelle)


@require_POST
def confirmer(request: RequeteUsager) -> HttpResponse:
    """Envoie de quoi prouver l'adresse actuelle."""
    services.confirmer_l_adresse(usager=request.user, collectivite=request.collectivite)
    _annoncer_le_message(request, request.user.email)
    return redirect("mes_informations")


def _annoncer_le_message(request: RequeteUsager, adresse: str) -> None:
    texte = _("Un message part à %(adresse)s. Ouvrez-le et suivez son lien : il vaut 24 heures.")
    messages.info(request, texte % {"adresse": adresse})


@des_avant_l_ouverture
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def valider(request: RequeteCollectivite) -> HttpResponse:
    """La page du lien reçu à la nouvelle adresse ; seul l'envoi change quelque chose."""
    jeton, chez = jeton_recu(request), request.collectivite
    demande = services.demande_a_valider(jeton, chez=chez)
    if demande is None:
        return lien_mort(request, VALIDATION)
    if request.method != "POST":
        return render(request, "comptes/valider_adresse.html", {"demande": demande})
    session = request.session.session_key
    try:
        validee = services.valider_l_adresse(jeton=jeton, session=session, collectivite=chez)
    except services.AdressePrise:
        return lien_mort(request, VALIDATION, prise=demande.nouvelle)
    return _validee(request, demande) if validee else lien_mort(request, VALIDATION)


def _validee(request: RequeteCollectivite, demande: DemandeAdresse) -> HttpResponse:
    texte = _("Votre adresse mail est confirmée. Vous vous connectez désormais avec %(adresse)s.")
    messages.success(request, texte % {"adresse": demande.nouvelle})
    suite = "mes_informations" if request.user == demande.usager else "account_login"
    return oublier_le_jeton(request, redirect(suite))


@des_avant_l_ouverture
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def annuler(request: RequeteCollectivite) -> HttpResponse:
    """La page du lien reçu à l'ancienne adresse ; l'envoi rend le compte à qui la lit."""
    jeton, chez = jeton_recu(request), request.collectivite
    demande = services.demande_a_annuler(jeton, chez=chez)
    if demande is None:
        return lien_mort(request, ANNULATION)
    if request.method != "POST":
        return render(request, "comptes/annuler_adresse.html", {"demande": demande})
    try:
        annulee = services.annuler_le_changement(jeton=jeton, collectivite=chez)
    except services.AdressePrise:
        return lien_mort(request, ANNULATION, prise=demande.ancienne)
    if not annulee:
        return lien_mort(request, ANNULATION)
    return oublier_le_jeton(request, render(request, "comptes/adresse_annulee.html", {"demande": demande}))
