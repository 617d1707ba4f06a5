"""Les liens reçus par courriel : le jeton quitte l'adresse dès la première page, et seul un envoi s'en sert."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from comptes import jetons
from comptes.services.adresses import ANNULATION, VALIDATION
from comptes.services.invitations import USAGE as INVITATION
from comptes.services.mots_de_passe import USAGE
from portail.requete import des_avant_l_ouverture, est_a_son_adresse, retenir_collectivite, sans_hote

# La page de chaque usage d'un lien.
PAGES = {
    USAGE: "mot_de_passe_nouveau",
    VALIDATION: "adresse_valider",
    ANNULATION: "adresse_annuler",
    INVITATION: "agent_accepter",
}
DUREE_DU_COOKIE = 3600


@des_avant_l_ouverture
@sans_hote
@login_not_required
@require_safe
def suivre(request: HttpRequest, usage: str, jeton: str) -> HttpResponse:
    """Retire le jeton de l'adresse, sans le consommer : un antivirus qui suit le lien ne change rien.

    Le lien choisit aussi sa commune, sur un hôte partagé ; sur celui d'une autre, il ne vaut rien.
    """
    if usage not in PAGES:
        raise Http404
    commune = jetons.commune(usage, jeton)
    if commune is None or not est_a_son_adresse(request, commune):
        return lien_mort(request, usage)
    reponse = redirect(PAGES[usage])
    retenir_collectivite(reponse, commune)
    secure = settings.SESSION_COOKIE_SECURE
    reponse.set_cookie(
        settings.LIEN_COOKIE_NAME, jeton, max_age=DUREE_DU_COOKIE, httponly=True, samesite="Lax", secure=secure
    )
    # Ici seulement : un formulaire sous no-referrer enverrait « Origin: null », que CSRF refuse.
    reponse["Referrer-Policy"] = "no-referrer"
    return reponse


def jeton_recu(request: HttpRequest) -> str:
    """Celui que le lien a laissé."""
    return request.COOKIES.get(settings.LIEN_COOKIE_NAME, "")


def oublier_le_jeton(request: HttpRequest, reponse: HttpResponse) -> HttpResponse:
    """Il a servi."""
    reponse.delete_cookie(settings.LIEN_COOKIE_NAME, samesite="Lax")
    return reponse


def lien_mort(request: HttpRequest, usage: str, **contexte: Any) -> HttpResponse:
    """Une page qui dit quoi faire d'un lien périmé, déjà employé, recopié de travers ou d'une autre commune."""
    return render(request, "comptes/lien_mort.html", {"usage": usage, **contexte}, status=HTTPStatus.GONE)
