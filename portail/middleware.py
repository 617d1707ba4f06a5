"""Nos intergiciels, dans l'ordre où les réglages les appellent."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.backends.base import UpdateError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme

from portail import services
from portail.correlation import suivre
from portail.proxys import est_de_confiance, visiteur
from portail.requete import (
    CollectiviteIntrouvable,
    collectivite_du_lien,
    hote,
    perimee,
    retenir_collectivite,
    trouve_sa_collectivite,
    trouver_collectivite,
    usager_chez,
)

Reponse = Callable[[HttpRequest], HttpResponse]

# Ce que seul un mandataire a le droit de dire. L'hôte n'y est cru de personne : il doit garder celui de la requête.
ENTETES_DE_PROXY = tuple(
    f"HTTP_{nom}"
    for nom in ("FORWARDED", "X_REAL_IP", *(f"X_FORWARDED_{quoi}" for quoi in ("FOR", "PROTO", "HOST", "PORT", "SSL")))
)
PERMISSIONS = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
# Une écriture de session par minute au plus suffit à mesurer trente minutes d'inactivité.
RAFRAICHISSEMENT_SECONDES = 60


def proxys(get_response: Reponse) -> Reponse:
    """Pose l'adresse du visiteur et son protocole dits par un mandataire de confiance, puis oublie ces en-têtes."""

    def intergiciel(request: HttpRequest) -> HttpResponse:
        dits = {nom: request.META.pop(nom, "") for nom in ENTETES_DE_PROXY}
        pair = request.META.get("REMOTE_ADDR", "")
        if est_de_confiance(pair, settings.PROXYS_DE_CONFIANCE):
            adresse = visiteur(pair, dits["HTTP_X_FORWARDED_FOR"], settings.PROXYS_DE_CONFIANCE)
            protocole = dits["HTTP_X_FORWARDED_PROTO"].rpartition(",")[2].strip().lower()
            connu = {"wsgi.url_scheme": protocole} if protocole in {"http", "https"} else {}
            request.META.update(connu, REMOTE_ADDR=adresse)
        return get_response(request)

    return intergiciel


def entetes(get_response: Reponse) -> Reponse:
    """Ce qu'aucune page ne doit laisser faire au navigateur, et rien de privé dans aucun cache."""

    def intergiciel(request: HttpRequest) -> HttpResponse:
        reponse = get_response(request)
        reponse.headers.setdefault("Permissions-Policy", PERMISSIONS)
        reponse.headers.setdefault("Cache-Control", "no-store")
        return reponse

    return intergiciel


def origine(get_response: Reponse) -> Reponse:
    """Relie les faits que la requête écrira au journal, et leur donne leur auteur."""

    def intergiciel(request: HttpRequest) -> HttpResponse:
        with suivre(lambda: _auteur(request)):
            return get_response(request)

    return intergiciel


def _auteur(request: Any) -> int | None:
    """La personne connectée ; l'agent, et non l'habitant, quand il voit comme lui (comptes.intergiciel)."""
    return getattr(getattr(request, "agent", getattr(request, "user", None)), "pk", None)


def collectivite(get_response: Reponse) -> Reponse:
    """Pose ``request.collectivite`` et son heure, puis ne garde la personne que si sa session est de cette commune."""

    def intergiciel(request: Any) -> HttpResponse:
        if request.path.startswith("/sante/"):  # une sonde ne s'adresse à aucune commune, et pas par son nom
            return get_response(request)
        request.usager_de_session = request.user
        try:
            request.collectivite = trouver_collectivite(request)
        except CollectiviteIntrouvable:
            return _sans_collectivite(request, get_response)
        if _choisit_par_lien(request):
            return _suivre_lien(request)
        request.user = SimpleLazyObject(lambda: usager_chez(request, request.collectivite))
        with timezone.override(request.collectivite.fuseau):
            return get_response(request)

    return intergiciel


def _sans_collectivite(request: Any, get_response: Reponse) -> HttpResponse:
    """Un hôte partagé sans commune par défaut : seules répondent les vues qui savent la leur."""
    request.user = AnonymousUser()
    if _choisit_par_lien(request):
        return _suivre_lien(request)
    if trouve_sa_collectivite(request):
        return get_response(request)
    return render(request, "portail/sans_collectivite.html", status=404)


def _choisit_par_lien(request: HttpRequest) -> bool:
    return request.path == "/" and "LIEN" in request.GET


def _suivre_lien(request: Any) -> HttpResponse:
    """``/?LIEN=CODE`` choisit la commune puis disparaît ; sur l'hôte d'une autre, il mène à l'adresse de la sienne."""
    choix = collectivite_du_lien(request.GET["LIEN"])
    if choix is None:
        request.user = AnonymousUser()
        return render(request, "portail/lien_inconnu.html", status=404)
    if choix == getattr(request, "collectivite", None):
        return HttpResponseRedirect("/")
    if hote(request) not in settings.HOTES_PARTAGES:
        return HttpResponseRedirect(f"{choix.adresse}/?LIEN={choix.lien}")
    reponse = HttpResponseRedirect("/")
    retenir_collectivite(reponse, choix)
    return reponse


def duree_de_session(get_response: Reponse) -> Reponse:
    """Ferme la session dont la durée est passée, et retient que les autres servent encore."""

    def intergiciel(request: Any) -> HttpResponse:
        if request.session.get("debut") is not None and not request.session.get("souvenir"):
            _verifier_duree(request, instant=int(time.time()))
        return get_response(request)

    return intergiciel


def _verifier_duree(request: Any, *, instant: int) -> None:
    """Périmée, la session ne vaut plus rien ; les pages d'une autre commune ne la prolongent pas."""
    if perimee(request.session, instant=instant):
        _rendre_anonyme(request)
    elif instant - request.session["vu"] > RAFRAICHISSEMENT_SECONDES and not request.user.is_anonymous:
        _prolonger(request, instant)


def _prolonger(request: Any, instant: int) -> None:
    """Sans renvoyer le cookie : il finit avec le navigateur, et un document n'en porte aucun."""
    request.session["vu"] = instant
    if request.user.is_staff:
        services.retenir_l_activite(agent=request.user.pk, collectivite=request.collectivite)
    try:
        request.session.save()
    except UpdateError:  # déconnectée entre-temps, depuis un autre onglet
        _rendre_anonyme(request)
    request.session.modified = False


def _rendre_anonyme(request: Any) -> None:
    request.user = request.usager_de_session = AnonymousUser()


class ConnexionRequise(LoginRequiredMiddleware):
    """La connexion est exigée par défaut ; après elle, un envoi ramène à la page d'où il partait, et non à lui-même."""

    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., Any]) -> HttpResponseRedirect:
        depart = request.headers.get("Referer", "")
        if request.method in {"GET", "HEAD"} or not url_has_allowed_host_and_scheme(depart, request.get_host()):
            return super().handle_no_permission(request, view_func)
        adresse, champ = self.get_login_url(view_func), self.get_redirect_field_name(view_func)
        return redirect_to_login(urlsplit(depart).path, adresse, champ)
