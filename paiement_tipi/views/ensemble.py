"""Plusieurs factures : ensemble quand leur service le permet, sinon l'une après l'autre."""

from http import HTTPStatus
from uuid import UUID, uuid4

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from comptes.requete import RequeteUsager
from factures.models import Facture
from paiement_tipi import services
from paiement_tipi.forms import EnsembleForm
from paiement_tipi.views.echecs import ECHECS, depart_manque
from portail import limites
from portail.reponses import VoirAilleurs


@require_http_methods(["GET", "HEAD", "POST"])
def payer_ensemble(request: RequeteUsager) -> HttpResponse:
    """GET : les factures cochées, leur total, celles qui n'en sont pas et pourquoi ; POST : partir chez PayFiP."""
    factures = _choisies(request)
    if request.method == "POST":
        return _partir(request, factures)
    return _montrer(request, services.composer(factures), HTTPStatus.OK)


@require_safe
def tout_payer(request: RequeteUsager) -> HttpResponse:
    """Les paiements à faire l'un après l'autre ; la page de retour de chacun mène au suivant."""
    file = services.file_de(request.user, chez=request.collectivite, maintenant=timezone.now())
    return render(request, "paiement_tipi/tout_payer.html", {"file": file})


def _choisies(request: RequeteUsager) -> list[Facture]:
    """Les factures cochées que cette personne voit ; introuvable s'il n'y en a aucune."""
    cochees = request.POST if request.method == "POST" else request.GET
    uuids = {uuid for uuid in map(_uuid, cochees.getlist("facture")) if uuid}
    if not cochees.getlist("facture"):
        return []
    choisies = list(services.a_composer(request.user, request.collectivite).filter(uuid__in=uuids))
    if not choisies:
        raise Http404
    return choisies


def _uuid(texte: str) -> UUID | None:
    try:
        return UUID(texte)
    except ValueError:
        return None


def _partir(request: RequeteUsager, factures: list[Facture]) -> HttpResponse:
    if not factures:
        return _montrer(request, services.composer([]), HTTPStatus.CONFLICT)
    limites.compter("departs", limites.demandeur(request))
    envoi = EnsembleForm(request.POST)
    try:
        adresse = services.demarrer_groupe(
            factures=factures,
            usager=request.user,
            formulaire=envoi.numero(),
            vu=envoi.somme_vue(),
            guichet=services.guichet(personne=True),
        )
    except services.GroupeChange as change:
        return _montrer(request, change.groupe, HTTPStatus.CONFLICT)
    except ECHECS as erreur:
        return _manque(request, factures, erreur)
    return VoirAilleurs(adresse)


def _montrer(request: RequeteUsager, groupe: services.Groupe, statut: HTTPStatus) -> HttpResponse:
    contexte = {
        "groupe": groupe,
        "revient": groupe.regie is None or services.revient(groupe.regie),
        "change": statut == HTTPStatus.CONFLICT,
        "form": EnsembleForm(initial={"formulaire": uuid4(), "vu": groupe.total}),
    }
    return render(request, "paiement_tipi/payer_ensemble.html", contexte, status=statut)


def _manque(request: RequeteUsager, factures: list[Facture], erreur: Exception) -> HttpResponse:
    """La sélection est dans l'adresse : réessayer la retrouve."""
    choix = request.POST.copy()
    for nom in set(choix) - {"facture"}:
        del choix[nom]
    reessayer = f"{reverse('paiement_tipi:payer_ensemble')}?{choix.urlencode()}"
    moyens = factures[0].regie.moyens()
    liste = reverse("factures:liste")
    return depart_manque(request, erreur, moyens=moyens, revenir=liste, reessayer=reessayer, ensemble=True)
