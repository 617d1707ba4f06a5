"""À quelle commune s'adresse une requête, et qui y est connecté."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.urls import Resolver404, resolve

from portail.models import Collectivite

Vue = TypeVar("Vue", bound=Callable[..., Any])

CLE_SESSION = "collectivite"
_LIEN = re.compile(r"[A-Z][0-9]{9}")  # PostgreSQL refuserait un octet nul par une erreur


class CollectiviteIntrouvable(Exception):
    """L'adresse est bonne, mais aucune commune n'y répond."""


class RequeteCollectivite(HttpRequest):
    """Une requête après nos intergiciels (pour le typage seulement)."""

    collectivite: Collectivite


def hote(request: HttpRequest) -> str:
    """Nom d'hôte de la requête, sans port, en minuscules."""
    return split_domain_port(request.get_host())[0]


def trouver_collectivite(request: HttpRequest) -> Collectivite:
    """La commune à qui cet hôte est réservé ; sur un hôte partagé, celle du cookie signé, sinon celle par défaut.

    DisallowedHost (400) pour un hôte inconnu, CollectiviteIntrouvable si l'installation n'a pas encore de commune.
    """
    nom = hote(request)
    if nom in settings.HOTES_PARTAGES:
        return _partagee(request.get_signed_cookie(settings.COLLECTIVITE_COOKIE_NAME, default=""))
    collectivite = Collectivite.objects.filter(hotes__nom=nom).first()
    if collectivite is None:
        raise DisallowedHost(f"Hôte inconnu : {nom!r}")
    return collectivite


def sans_hote(vue: Vue) -> Vue:
    """Marque une vue qui ne tient pas sa commune de l'hôte : elle la trouve dans son adresse, ou n'en a pas besoin."""
    vue.sans_hote = True  # type: ignore[attr-defined]  # une marque, lue par trouve_sa_collectivite
    return vue


def trouve_sa_collectivite(request: HttpRequest) -> bool:
    """Vrai si la vue de cette adresse est marquée ``sans_hote``."""
    try:
        return getattr(resolve(request.path_info).func, "sans_hote", False)
    except Resolver404:
        return False


def des_avant_l_ouverture(vue: Vue) -> Vue:
    """Marque une vue qui répond à tous dans une commune encore en préparation."""
    vue.des_avant_l_ouverture = True  # type: ignore[attr-defined]  # une marque, lue par AvantOuverture
    return vue


def entre(usager: Any, collectivite: Collectivite) -> bool:
    """Vrai si cette personne entre chez cette commune : avant l'ouverture, ses agents et l'exploitant seulement."""
    if collectivite.est_ouverte or usager.is_superuser:
        return True
    return bool(usager.is_staff and collectivite.affectations.actives().filter(usager_id=usager.pk).exists())


def collectivite_du_lien(lien: str) -> Collectivite | None:
    """La commune de ce code LIEN ; aucune pour un texte qui n'est pas exactement un code."""
    return Collectivite.objects.filter(lien=lien).first() if _LIEN.fullmatch(lien) else None


def _partagee(lien: str | None) -> Collectivite:
    collectivite = collectivite_du_lien(lien or "") or Collectivite.objects.filter(par_defaut=True).first()
    if collectivite is None:
        raise CollectiviteIntrouvable
    return collectivite


def est_a_son_adresse(request: HttpRequest, collectivite: Collectivite) -> bool:
    """Vrai si cet hôte parle pour cette commune : c'est la sienne, ou l'adresse partagée où elle est enregistrée."""
    if getattr(request, "collectivite", None) == collectivite:
        return True
    nom = hote(request)
    return nom in settings.HOTES_PARTAGES and nom == urlsplit(collectivite.adresse).hostname


def retenir_collectivite(reponse: HttpResponse, collectivite: Collectivite) -> None:
    """Le navigateur retient la commune choisie sur un hôte partagé."""
    secure = settings.SESSION_COOKIE_SECURE
    reponse.set_signed_cookie(
        settings.COLLECTIVITE_COOKIE_NAME, collectivite.lien, httponly=True, samesite="Lax", secure=secure
    )


def perimee(session: Mapping[str, Any], *, instant: int) -> bool:
    """Trente minutes d'inactivité ou douze heures en tout ; « Se souvenir de moi » s'en tient au cookie."""
    if session.get("souvenir"):
        return False
    inactivite, duree = instant - session["vu"], instant - session["debut"]
    return bool(inactivite > settings.SESSION_INACTIVITE_SECONDES or duree > settings.SESSION_DUREE_SECONDES)


def usager_chez(request: HttpRequest, collectivite: Collectivite) -> AbstractBaseUser | AnonymousUser:
    """La personne connectée, si sa session appartient à cette commune ; sinon un anonyme, sans rien écrire."""
    if request.session.get(CLE_SESSION) != collectivite.pk:
        return AnonymousUser()
    # AuthenticationMiddleware a posé cette valeur avant que nous ne remplacions request.user.
    return cast(AbstractBaseUser | AnonymousUser, cast(Any, request).usager_de_session)
