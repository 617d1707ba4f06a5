"""Payer depuis le papier : la page qu'ouvre le code d'une facture, sans compte et sans rien de personnel."""

from http import HTTPStatus
from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from comptes import codes
from factures.models import Facture
from factures.services import expliquer, moyens_de
from paiement_tipi import services
from paiement_tipi.forms import DepartForm, PapierForm
from paiement_tipi.views.echecs import ECHECS, depart_manque, mel_refuse
from paiement_tipi.views.en_cours import CAUSE, attente
from portail import limites
from portail.reponses import VoirAilleurs, taire_l_adresse
from portail.requete import RequeteCollectivite, entre, est_a_son_adresse, sans_hote, usager_chez


@sans_hote
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def papier(request: RequeteCollectivite, code: str) -> HttpResponse:
    """GET : référence, somme, échéance, service ; POST : partir chez PayFiP, ou lui redemander ce qu'il en est."""
    limites.compter("papier-par-adresse-ip", limites.adresse_ip(request))
    limites.compter("papier-par-code", codes.relire(code))
    facture = _trouver(request, code)
    if request.method != "POST":
        reponse = _montrer(request, facture, PapierForm(), HTTPStatus.OK)
    elif "verifier" in request.POST:
        reponse = _verifier(request, facture)
    else:
        reponse = _partir(request, facture, code)
    return taire_l_adresse(reponse)


def _trouver(request: RequeteCollectivite, code: str) -> Facture:
    """Introuvable de la même façon pour un code faux, révoqué, d'un brouillon ou d'une autre commune."""
    facture = services.facture_du_papier(code)
    if facture is None or not est_a_son_adresse(request, facture.collectivite):
        raise Http404
    qui = usager_chez(request, facture.collectivite)
    if not entre(qui, facture.collectivite):
        raise Http404
    request.collectivite, request.user = facture.collectivite, qui  # type: ignore[assignment]  # Usager ou anonyme
    return facture


def _montrer(request: RequeteCollectivite, facture: Facture, form: PapierForm, statut: HTTPStatus) -> HttpResponse:
    operation = facture.operation
    limite = operation.jusqu_a if operation else None
    contexte = {
        "facture": facture,
        "explication": expliquer(facture),
        "form": form,
        "depart": DepartForm(initial={"formulaire": uuid4()}),
        "attend": operation is not None,
        "jusqu_a": limite if limite and limite > timezone.now() else None,
        "muette": operation is not None and operation.muette,
    }
    return render(request, "paiement_tipi/papier.html", contexte, status=statut)


def _partir(request: RequeteCollectivite, facture: Facture, code: str) -> HttpResponse:
    form = PapierForm(request.POST)
    if not form.is_valid():
        return _montrer(request, facture, form, HTTPStatus.OK)
    limites.compter("departs-du-papier", facture.pk)
    try:
        adresse = services.demarrer_paiement(
            facture=facture,
            usager=None,
            mel=form.cleaned_data["mel"],
            formulaire=DepartForm(request.POST).numero(),
            guichet=services.guichet(personne=True),
        )
    except services.PaiementImpossible:
        return _montrer(request, _trouver(request, code), form, HTTPStatus.CONFLICT)
    except ECHECS as erreur:
        return _manque(request, facture, form, erreur)
    return VoirAilleurs(adresse)


def _manque(request: RequeteCollectivite, facture: Facture, form: PapierForm, erreur: Exception) -> HttpResponse:
    """Une autre adresse mail suffit si c'est elle que PayFiP refuse ; sinon, de quoi payer autrement."""
    if mel_refuse(erreur):
        form.add_error("mel", _("PayFiP refuse cette adresse mail : écrivez-en une autre."))
        return _montrer(request, facture, form, HTTPStatus.OK)
    moyens, ici = moyens_de(facture), request.path
    return depart_manque(request, erreur, moyens=moyens, revenir=ici, reessayer=ici)


def _verifier(request: RequeteCollectivite, facture: Facture) -> HttpResponse:
    """Redemande à PayFiP ; la page dit ensuite ce qui a changé, ou pourquoi il faut attendre encore."""
    paiement = services.tentative_ouverte(facture)
    if paiement is not None:
        maintenant = timezone.now()
        guichet = services.guichet(personne=True)
        issue = services.interroger(paiement=paiement, guichet=guichet, cause=CAUSE, maintenant=maintenant)
        if issue.ouverte:
            messages.warning(request, attente(issue, maintenant))
    return VoirAilleurs(request.path)
