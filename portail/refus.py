"""Ce que le site refuse, en français et avec le bon statut."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve

from portail.bornes import OCTETS_ENVOI
from portail.correlation import reference
from portail.documents import DocumentImpossible
from portail.journal import noter
from portail.limites import TropDeDemandes

Vue = TypeVar("Vue", bound=Callable[..., Any])

journal = logging.getLogger(__name__)

ATTENTE_SECONDES = 300  # d'un 429 qui ne dit pas la sienne (allauth)


class Refus:
    """Ce que les vues refusent sans page : une autre méthode (405), trop de demandes (429), un document en panne (503).

    Au-dessus de la garde des lectures : le dépassement d'une limite se note même quand il vient d'un GET.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        if _est_demesure(request):
            return _trop_lourd(request)
        request.depassement = None
        reponse = self.get_response(request)
        if request.depassement is not None and request.depassement.premiere:
            _noter_le_depassement(request)
        if reponse.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            reponse.headers.setdefault("Retry-After", str(ATTENTE_SECONDES))
        if reponse.status_code == HTTPStatus.METHOD_NOT_ALLOWED and not reponse.content:
            return _methode_refusee(request, reponse)
        return reponse

    def process_exception(self, request: Any, exception: Exception) -> HttpResponse | None:
        """Une page en français, et dans nos traces de quoi comprendre."""
        if isinstance(exception, TropDeDemandes):
            request.depassement = exception
            return _trop_de_demandes(request, exception)
        if isinstance(exception, DocumentImpossible):
            journal.error("Document impossible", exc_info=exception)
            contexte = {"reference": reference()}
            return render(
                request, "portail/document_indisponible.html", contexte, status=HTTPStatus.SERVICE_UNAVAILABLE
            )
        return None


def recoit_des_fichiers(octets: int) -> Callable[[Vue], Vue]:
    """Marque une vue où une personne connectée joint des fichiers : jusqu'à ``octets`` en tout."""

    def marquer(vue: Vue) -> Vue:
        vue.octets_permis = octets  # type: ignore[attr-defined]  # une marque, lue par _octets_permis
        return vue

    return marquer


def _est_demesure(request: Any) -> bool:
    """Un envoi que nul ici n'a de raison de faire, refusé avant d'être lu : un fichier irait emplir le disque."""
    try:
        longueur = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:  # Django n'en lira rien
        return False
    if longueur <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        return False
    return longueur > _octets_permis(request)


def _octets_permis(request: Any) -> int:
    """Ce qu'un agent peut envoyer, ou ce que la vue demandée accepte d'une personne connectée."""
    if request.user.is_staff:
        return OCTETS_ENVOI
    if not request.user.is_authenticated:
        return 0
    try:
        return int(getattr(resolve(request.path_info).func, "octets_permis", 0))
    except Resolver404:
        return 0


def _trop_lourd(request: Any) -> HttpResponse:
    """Qui pouvait joindre des fichiers lit combien, et n'a rien perdu ; les autres n'ont rien à envoyer de si gros."""
    permis = _octets_permis(request)
    if not permis:
        raise RequestDataTooBig
    return render(request, "413.html", {"mo": permis >> 20}, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _trop_de_demandes(request: HttpRequest, refus: TropDeDemandes) -> HttpResponse:
    contexte = {"minutes": -(-refus.attente // 60)}
    page = render(request, "429.html", contexte, status=HTTPStatus.TOO_MANY_REQUESTS)
    page["Retry-After"] = str(refus.attente)
    return page


def _noter_le_depassement(request: Any) -> None:
    """Une fois par série de refus : c'est peut-être quelqu'un qui emporte tout."""
    qui, commune = getattr(request, "agent", request.user), getattr(request, "collectivite", None)
    nom = request.depassement.nom
    journal.warning("Limite « %s » dépassée (compte %s)", nom, qui.pk)
    if commune is not None:
        sur = qui if qui.is_authenticated else commune
        noter("limite.depassee", sur=sur, collectivite=commune.pk, apres={"limite": nom})


def _methode_refusee(request: HttpRequest, refus: HttpResponse) -> HttpResponse:
    page = render(request, "405.html", status=HTTPStatus.METHOD_NOT_ALLOWED)
    page["Allow"] = refus["Allow"]
    return page
