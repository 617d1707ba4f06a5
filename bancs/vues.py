"""La « page nue », à laquelle on compare la liste, et de quoi savoir quel processus a répondu."""

import os

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from comptes.requete import RequeteUsager
from factures.models import Facture
from factures.views import PAR_PAGE


def page_nue(request: RequeteUsager) -> HttpResponse:
    """Les mêmes factures que la première page de la liste : une requête, une boucle, un petit gabarit."""
    factures = Facture.objects.de(request.user, chez=request.collectivite).order_by("-date_emission", "-pk")
    return render(request, "bancs/page_nue.html", {"factures": factures[:PAR_PAGE]})


@login_not_required
def ouvrier(request: HttpRequest) -> HttpResponse:
    """Le numéro du processus au bout de cette connexion."""
    return HttpResponse(str(os.getpid()))
