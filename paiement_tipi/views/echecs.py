"""Un départ manqué, PayFiP muet ou qui refuse : le dire, et ce que la personne peut faire à la place."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from paiement_tipi.client import GuichetIndisponible, GuichetRefuse
from paiement_tipi.protocole import ChampInvalide
from portail.moyens import Autrement

ECHECS = (GuichetIndisponible, GuichetRefuse, ChampInvalide)


def mel_refuse(erreur: Exception) -> bool:
    """Vrai si c'est l'adresse mail que PayFiP n'accepte pas : avec une autre, le paiement partira (payfip.md §3.6)."""
    if isinstance(erreur, ChampInvalide):
        return erreur.champ == "mel"
    return isinstance(erreur, GuichetRefuse) and erreur.code == "A2"


def depart_manque(
    request: HttpRequest,
    erreur: Exception,
    *,
    moyens: tuple[Autrement, ...],
    revenir: str,
    reessayer: str,
    ensemble: bool = False,
) -> HttpResponse:
    """La page d'un départ qui n'a rien commencé ; ``moyens`` : comment payer ce service sans internet."""
    contexte = {"moyens": moyens, "revenir": revenir, "reessayer": reessayer, "ensemble": ensemble}
    if isinstance(erreur, GuichetIndisponible):
        statut = HTTPStatus.SERVICE_UNAVAILABLE
        return render(request, "paiement_tipi/guichet_indisponible.html", contexte, status=statut)
    contexte["mel_refuse"] = mel_refuse(erreur)
    return render(request, "paiement_tipi/guichet_refuse.html", contexte, status=HTTPStatus.BAD_GATEWAY)
