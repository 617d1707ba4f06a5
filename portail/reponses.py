"""Les réponses que Django n'a pas sous un nom."""

from http import HTTPStatus

from django.http import HttpResponse, HttpResponseRedirect


class VoirAilleurs(HttpResponseRedirect):
    """303 : après un POST, la suite se lit par un GET, quel que soit le navigateur."""

    status_code = HTTPStatus.SEE_OTHER


def taire_l_adresse(reponse: HttpResponse) -> HttpResponse:
    """Aucune page, ni même notre feuille de style, ne reçoit le secret d'une adresse ; aucun moteur ne la retient.

    « no-referrer » ferait refuser les envois de la page (CSRF).
    """
    reponse["Referrer-Policy"] = "strict-origin"
    reponse["X-Robots-Tag"] = "noindex, nofollow"
    return reponse
