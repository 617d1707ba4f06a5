"""La déconnexion, qui ne laisse rien derrière elle."""

from typing import Any

from allauth.account.views import LogoutView
from django.http import HttpRequest, HttpResponse


class Deconnexion(LogoutView):  # type: ignore[misc]  # allauth ne publie pas ses types
    """Le navigateur oublie aussi ce qu'il a gardé : « Précédent » ne montre plus aucune facture."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ferme la session, ici et dans le navigateur."""
        reponse: HttpResponse = super().post(request, *args, **kwargs)
        return oublier(reponse)


def oublier(reponse: HttpResponse) -> HttpResponse:
    """Le navigateur, en recevant cette réponse, vide ce qu'il a gardé du site."""
    reponse["Clear-Site-Data"] = '"cache", "storage"'
    return reponse
