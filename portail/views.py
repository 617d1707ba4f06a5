"""La charte de chaque commune, les pages que la loi demande et les pages d'erreur."""

import re
import sys
from datetime import UTC, datetime, time, timedelta
from http import HTTPStatus

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from portail import sante
from portail.charte import empreinte as empreinte_de
from portail.charte import feuille
from portail.correlation import reference
from portail.models import Collectivite
from portail.requete import RequeteCollectivite, des_avant_l_ouverture

SECURITE_VALABLE = timedelta(days=180)  # moins d'un an (RFC 9116 §2.5.5)
UN_AN = 365 * 24 * 3600


@des_avant_l_ouverture
@login_not_required
@require_safe
@cache_control(public=True, max_age=UN_AN, immutable=True)
def charte(request: HttpRequest, lien: str, empreinte: str) -> HttpResponse:
    """La couleur de la commune en feuille de style ; l'empreinte change avec elle."""
    collectivite = get_object_or_404(Collectivite, lien=lien)
    if empreinte != empreinte_de(collectivite):
        raise Http404
    return HttpResponse(feuille(collectivite), content_type="text/css; charset=utf-8")


@des_avant_l_ouverture
@login_not_required
@require_safe
@cache_control(public=True, max_age=3600)
def logo(request: HttpRequest, lien: str) -> FileResponse:
    """Le logo de la commune, rangé parmi les fichiers privés mais montré à tous."""
    collectivite = get_object_or_404(Collectivite.objects.exclude(logo=""), lien=lien)
    return FileResponse(collectivite.logo.open())


@des_avant_l_ouverture
@login_not_required
@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Les navigateurs demandent cette adresse fixe ; le fichier a un nom qui change avec lui."""
    return HttpResponseRedirect(static("img/favicon.svg"))


@des_avant_l_ouverture
@login_not_required
@require_safe
def page(request: HttpRequest, gabarit: str) -> HttpResponse:
    """Une page d'information, ouverte à tous ; la commune y met ses mentions."""
    return render(request, gabarit)


@des_avant_l_ouverture
@login_not_required
@require_safe
def securite(request: RequeteCollectivite) -> HttpResponse:
    """À qui signaler une faille (RFC 9116) ; calculé, et donc jamais périmé."""
    commune = request.collectivite
    fin = datetime.combine(datetime.now(UTC).date() + SECURITE_VALABLE, time(), UTC)
    lignes = (
        f"Contact: {settings.SECURITE_CONTACT or _telephone(commune)}",
        f"Expires: {fin:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: fr",
        f"Canonical: {commune.adresse}{request.path}",
    )
    return HttpResponse("".join(f"{ligne}\n" for ligne in lignes), content_type="text/plain; charset=utf-8")


def _telephone(commune: Collectivite) -> str:
    """Un numéro comme il se compose en France."""
    chiffres = re.sub(r"[^0-9+]", "", commune.telephone)
    return f"tel:{chiffres}" if chiffres.startswith("+") else f"tel:{chiffres};phone-context=+33"


@des_avant_l_ouverture
@login_not_required
@require_safe
def donnees_personnelles(request: HttpRequest) -> HttpResponse:
    """La notice du RGPD, avec les cookies sous le nom que le navigateur leur voit."""
    cookies = {
        "session": settings.SESSION_COOKIE_NAME,
        "jeton": settings.CSRF_COOKIE_NAME,
        "commune": settings.COLLECTIVITE_COOKIE_NAME,
        "lien": settings.LIEN_COOKIE_NAME,
        "message": settings.MESSAGES_COOKIE_NAME,
    }
    return render(request, "portail/donnees_personnelles.html", {"cookies": cookies})


@des_avant_l_ouverture
@login_not_required
@require_safe
def changer_de_mot_de_passe(request: HttpRequest) -> HttpResponse:
    """Où les gestionnaires de mots de passe envoient leur propriétaire."""
    return HttpResponseRedirect(f"{reverse('mes_informations')}#mot-de-passe")


@des_avant_l_ouverture
@login_not_required
@require_safe
def vivant(request: HttpRequest) -> HttpResponse:
    """Le processus répond ; rien d'autre n'est touché."""
    return HttpResponse("vivant", content_type="text/plain; charset=utf-8")


@des_avant_l_ouverture
@login_not_required
@require_safe
def pret(request: HttpRequest) -> JsonResponse:
    """200 si tout est en état de servir, 503 sinon, avec le nom de ce qui ne va pas et rien de plus."""
    etat = sante.etat()
    return JsonResponse(etat, status=HTTPStatus.OK if all(etat.values()) else HTTPStatus.SERVICE_UNAVAILABLE)


def requete_incorrecte(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 : hôte inconnu, envoi trop gros ou illisible."""
    return _erreur(request, "400.html", HTTPStatus.BAD_REQUEST)


def acces_refuse(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403 : la personne est connue, mais n'a pas ce droit."""
    return _erreur(request, "403.html", HTTPStatus.FORBIDDEN)


def csrf_refuse(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 : le jeton du formulaire manque ou a expiré, le plus souvent parce que la page a trop attendu."""
    return _erreur(request, "403_csrf.html", HTTPStatus.FORBIDDEN)


def page_introuvable(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404 : rien ici, ou rien qui soit à cette personne."""
    return _erreur(request, "404.html", HTTPStatus.NOT_FOUND)


def erreur_interne(request: HttpRequest) -> HttpResponse:
    """500, ou 503 si c'est la base qui ne répond pas ; la page se passe d'elle."""
    de_la_base = isinstance(sys.exception(), OperationalError | InterfaceError)
    statut = HTTPStatus.SERVICE_UNAVAILABLE if de_la_base else HTTPStatus.INTERNAL_SERVER_ERROR
    return render(None, "500.html", {"reference": reference()}, status=statut)


def _erreur(request: HttpRequest, gabarit: str, statut: HTTPStatus) -> HttpResponse:
    return render(request, gabarit, status=statut)
