"""Les réponses que Django n'a pas sous un nom."""

from http import HTTPStatus

from django.http import HttpResponseRedirect


class VoirAilleurs(HttpResponseRedirect):
    """303 : après un POST, la suite se lit par un GET, quel que soit le navigateur."""

    status_code = HTTPStatus.SEE_OTHER
