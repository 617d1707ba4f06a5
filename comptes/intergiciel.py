"""« Voir comme l'habitant » : ce que l'agent voit, et tout ce qu'il ne peut pas faire.

Sûr par défaut : une adresse qui n'est pas nommée ici est refusée (tests/comptes/test_visites.py les classe toutes).
"""

from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils import timezone

from comptes.etats import FinDeVisite
from comptes.models import Visite
from comptes.services import visites
from portail.gestion.droits import acces
from portail.middleware import Reponse

CLE = "visite"  # dans la session de l'agent : ``Visite.pk``
ACTE = "comptes.usager.voir"
LECTURES = frozenset({"GET", "HEAD"})

# Ce qui n'est à personne : la visite n'y change rien, et son terme ne s'y apprend pas.
SANS_PERSONNE = frozenset({"charte", "favicon", "logo", "pret", "securite", "vivant"})
# Les pages où l'agent est l'habitant, en lecture.
COMME_L_HABITANT = frozenset({
    "accessibilite", "aide", "contact:accueil", "donnees_personnelles", "factures:accueil", "factures:detail",
    "factures:liste", "factures:pdf", "mentions_legales", "mes_informations", "plan_du_site", "rattachements",
})  # fmt: skip
# Celles où il reste l'agent : la gestion en lecture, et les deux seuls envois.
ENVOIS = frozenset({"account_logout", "visite_quitter"})
GESTION = "gestion:"
NOTEES = frozenset({"factures:detail", "factures:pdf"})


class Visites:
    """Pose ``request.visite`` et, sur les pages de l'habitant, ``request.user`` ; l'agent reste ``request.agent``."""

    def __init__(self, get_response: Reponse) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.visite = None
        nom = _nom(request)
        if nom in SANS_PERSONNE or not hasattr(request, "collectivite") or CLE not in request.session:
            return self.get_response(request)
        if not request.user.is_authenticated:
            return self.get_response(request)
        request.visite = en_cours(request)
        return self._visiter(request, nom) if request.visite else _finie(request)

    def _visiter(self, request: Any, nom: str) -> HttpResponse:
        if nom.startswith(GESTION) and request.method in LECTURES:
            return self.get_response(request)
        if nom in ENVOIS and request.method == "POST":
            return self._envoyer(request)
        request.agent, request.user = request.user, request.visite.usager
        del request.acces_gestion  # celui de l'agent : une page de l'habitant n'en hérite pas
        if nom and (nom not in COMME_L_HABITANT or request.method not in LECTURES):
            return render(request, "comptes/visite_refusee.html", status=HTTPStatus.FORBIDDEN)
        reponse = self.get_response(request)
        if nom in NOTEES and reponse.status_code == HTTPStatus.OK:
            facture = str(request.resolver_match.kwargs["uuid"])
            visites.noter_une_page(visite=request.visite, page=nom.partition(":")[2], facture=facture)
        return reponse

    def _envoyer(self, request: Any) -> HttpResponse:
        """Quitter, ou se déconnecter, ce qui finit aussi la visite."""
        reponse = self.get_response(request)
        if not request.user.is_authenticated:
            visites.finir_une_visite(visite=request.visite, fin=FinDeVisite.DECONNEXION)
        return reponse


def en_cours(request: Any) -> Visite | None:
    """Celle de cette session, tant que l'agent a le droit qu'il avait en la commençant."""
    visite = (
        Visite.objects.en_cours(timezone.now())
        .select_related("usager", "collectivite")
        .filter(pk=request.session[CLE], agent=request.user.pk, collectivite=request.collectivite)
        .first()
    )
    droit = acces(request)
    if visite is None or droit is None or not (droit.contenu and droit.peut(ACTE)):
        return None
    return visite if droit.depuis is None or droit.depuis <= visite.commencee_le else None


def _finie(request: Any) -> HttpResponse:
    """Dit que c'est fini, plutôt que de montrer à l'agent ses propres pages à la place de celles qu'il regardait."""
    visite = Visite.objects.filter(pk=request.session.pop(CLE), agent=request.user.pk).first()
    if visite is not None:
        fin = FinDeVisite.DUREE if visite.jusqu_a <= timezone.now() else FinDeVisite.DROIT
        visites.finir_une_visite(visite=visite, fin=fin)
    request.session.cycle_key()
    return render(request, "comptes/visite_finie.html", status=HTTPStatus.FORBIDDEN)


def _nom(request: Any) -> str:
    """Le nom complet de l'adresse demandée ; vide si elle n'existe pas."""
    try:
        return resolve(request.path_info).view_name
    except Resolver404:
        return ""
