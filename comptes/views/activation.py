"""J'active mon compte : la demande, le lien reçu, le mot de passe. Aucune de ces pages ne dit qui a un compte."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from comptes import services
from comptes.codes import lire_client
from comptes.forms import ActivationForm, OuvertureForm
from comptes.models import Ouverture
from portail import limites
from portail.reponses import VoirAilleurs
from portail.requete import RequeteCollectivite, est_a_son_adresse, retenir_collectivite, sans_hote

CLE_SESSION = "activation"


@login_not_required
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def demander(request: RequeteCollectivite) -> HttpResponse:
    """L'adresse mail, et les codes du courrier si l'on en a un ; la réponse est toujours la même."""
    form = ActivationForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "comptes/activation.html", {"form": form})
    saisie = form.cleaned_data
    _compter(request, saisie["courriel"], saisie["client"])
    services.demander(chez=request.collectivite, **saisie)
    messages.info(request, _("Un message part à l'adresse %(courriel)s.") % {"courriel": saisie["courriel"]})
    return VoirAilleurs("/activation/envoyee/")


def _compter(request: RequeteCollectivite, courriel: str, client: str) -> None:
    """Avant tout hachage."""
    limites.compter("activations-par-adresse-mail", courriel)
    if client:
        compter_codes(request, client)
    else:
        limites.compter("activations-par-reseau", limites.reseau(request))


def compter_codes(request: RequeteCollectivite, client: str) -> None:
    """Un essai compte pour ce code client, pour le réseau d'où il vient et pour toute l'installation."""
    limites.compter("codes-par-client", f"{request.collectivite.pk} {lire_client(client)}")
    limites.compter("activations-par-reseau", limites.reseau(request))
    limites.compter("codes-en-tout", "")


@login_not_required
@require_safe
def envoyee(request: RequeteCollectivite) -> HttpResponse:
    """Ce qu'il faut faire maintenant."""
    return render(request, "comptes/activation_envoyee.html")


@sans_hote
@login_not_required
@require_safe
def lien(request: RequeteCollectivite, uuid: UUID, jeton: str) -> HttpResponse:
    """Le lien du courriel : il ne change rien, un antivirus peut le suivre. Le jeton quitte aussitôt l'adresse."""
    activation = services.retrouver(uuid=uuid, jeton=jeton)
    if activation is None or not est_a_son_adresse(request, activation.collectivite):
        return _perime(request)
    request.session[CLE_SESSION] = str(activation.uuid)
    reponse = redirect("activation_finir")
    retenir_collectivite(reponse, activation.collectivite)  # un hôte partagé n'en sait rien encore
    reponse["Referrer-Policy"] = "no-referrer"
    return reponse


@login_not_required
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def finir(request: RequeteCollectivite) -> HttpResponse:
    """Choisir son mot de passe, et rien n'est ouvert avant l'envoi de cette page."""
    ouverture = services.ouvrir(request.session.get(CLE_SESSION, ""), chez=request.collectivite)
    if ouverture is None:
        return _perime(request)
    form = OuvertureForm(request.POST if request.method == "POST" else None, ouverture=ouverture)
    if not _est_valide(form, ouverture):
        return render(request, "comptes/activation_finir.html", {"form": form, "ouverture": ouverture})
    mot_de_passe = form.cleaned_data.get("mot_de_passe")
    if not services.activer(ouverture=ouverture, redevables=form.redevables, mot_de_passe=mot_de_passe):
        return _perime(request)
    del request.session[CLE_SESSION]
    messages.success(request, _("C'est fait. Connectez-vous avec votre adresse mail et votre mot de passe."))
    return VoirAilleurs("/connexion/")


def _est_valide(form: OuvertureForm, ouverture: Ouverture) -> bool:
    """Un code client se devine : derrière un lien, on n'en essaie que quelques-uns de faux."""
    if not form.is_bound or not ouverture.plusieurs_personnes:
        return form.is_valid()
    limites.compter("codes-par-lien", ouverture.activation.pk)
    valide = form.is_valid()
    if "client" not in form.errors:
        limites.rendre("codes-par-lien", ouverture.activation.pk)
    return valide


def _perime(request: RequeteCollectivite) -> HttpResponse:
    return render(request, "comptes/activation_perimee.html", status=HTTPStatus.NOT_FOUND)
