"""Une commune en préparation : les habitants lisent qu'elle ouvrira bientôt, ses agents y entrent."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portail.requete import entre


class AvantOuverture:
    """Avant que la connexion soit exigée : c'est l'ouverture qui manque aux habitants, pas un mot de passe."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: Any, vue: Callable[..., Any], *_: Any) -> HttpResponse | None:
        """La page d'attente, sauf aux vues qui répondent dès avant l'ouverture et à la gestion, qui a ses droits."""
        commune = getattr(request, "collectivite", None)
        if commune is None or commune.est_ouverte or getattr(vue, "des_avant_l_ouverture", False):
            return None
        if "gestion" in request.resolver_match.namespaces or entre(request.user, commune):
            return None
        lit = request.method in {"GET", "HEAD"}
        return render(request, "portail/bientot.html", status=HTTPStatus.OK if lit else HTTPStatus.FORBIDDEN)
