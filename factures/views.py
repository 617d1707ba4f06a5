"""L'accueil, la liste, la facture et son document. Tout y est lecture, sauf la marque personnelle."""

from typing import Any
from uuid import UUID

from csp.decorators import csp_update
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db.models import Count, Sum
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from comptes.requete import RequeteUsager
from factures import registre, services
from factures.etats import Empechement
from factures.etats.explications import EXPLICATIONS
from factures.forms import FiltreForm, MarqueForm
from factures.models import (
    A_REGLER,
    Facture,
    FactureQuerySet,
    ListeDeFactures,
    Reglement,
    annonces_de,
    annonces_des_services,
    par_compte_client,
    resume_par_service,
)
from portail import limites
from portail.lecture import ecrit_en_lecture
from portail.reponses import VoirAilleurs
from portail.services import lire_les_annonces

PAR_PAGE = 24


def _factures(request: RequeteUsager) -> FactureQuerySet:
    """Ce que cette personne a le droit de voir ici, avec l'état du jour."""
    factures = Facture.objects.de(request.user, chez=request.collectivite)
    return factures.avec_etat(request.collectivite.aujourd_hui(), pour=request.user)


@require_safe
def accueil(request: RequeteUsager) -> HttpResponse:
    """La page de bienvenue du guide ; d'abord ce que le service veut qu'on lise.

    Un agent qui regarde ne lit pas à la place de la personne : il le voit en tête de la page, qui reste ouverte.
    """
    annonces = annonces_de(request.user, chez=request.collectivite, maintenant=timezone.now())
    a_lire = [affichee.annonce for affichee in annonces if affichee.a_lire]
    if a_lire and request.visite is None:
        return render(request, "factures/annonces.html", {"annonces": a_lire})
    factures = Facture.objects.de(request.user, chez=request.collectivite).filter(A_REGLER)
    contexte = factures.aggregate(nombre=Count("pk"), total=Sum("reste_du"))
    contexte |= {"a_lire": a_lire, "annonces": [a.annonce for a in annonces if not a.a_lire]}
    return render(request, "factures/accueil.html", contexte)


@require_POST
def annonces_lues(request: RequeteUsager) -> HttpResponse:
    """« Accéder à mon espace » : est lu ce qui était à l'écran, et pas ce qui a paru ou changé depuis."""
    vues = request.POST.getlist("annonce")
    annonces = annonces_de(request.user, chez=request.collectivite, maintenant=timezone.now())
    lues = [affichee.annonce for affichee in annonces if affichee.a_lire and affichee.annonce.cle in vues]
    lire_les_annonces(annonces=lues, usager=request.user)
    return VoirAilleurs(reverse("factures:accueil"))


@require_safe
def liste(request: RequeteUsager) -> HttpResponse:
    """À payer d'abord, puis l'historique ; le total dû ne dépend pas des filtres."""
    groupes = resume_par_service(request.user, chez=request.collectivite)
    comptes = par_compte_client(groupes)
    filtre = FiltreForm(
        request.GET or None,
        annees=sorted({g["annee"] for g in groupes}, reverse=True),
        services={g["code"]: g["service"] for g in groupes},
        comptes={str(compte["uuid"]): compte["nom"] for compte in comptes.values()},
    )
    en_tout = sum(g["nombre"] for g in groupes)
    factures: Any = ListeDeFactures(request.user, request.collectivite, filtre.criteres(), en_tout)
    page = Paginator(factures, PAR_PAGE).get_page(request.GET.get("page"))
    total_du = sum(g["du"] for g in groupes)
    contexte = {"page": page, "filtre": filtre, "total_du": total_du, "comptes": comptes, "vide": not groupes}
    if any(facture.empechement == Empechement.GUICHET_EN_PANNE for facture in page):
        contexte["panne"] = EXPLICATIONS[Empechement.GUICHET_EN_PANNE]
    payables = [facture for facture in page if not facture.empechement]
    contexte |= {"payables": len(payables), "groupables": sum(facture.groupable for facture in payables)}
    siens = {g["regie_id"] for g in groupes}
    contexte["annonces"] = annonces_des_services(siens, chez=request.collectivite, maintenant=timezone.now())
    return render(request, "factures/liste.html", contexte)


@ecrit_en_lecture
@require_safe
def detail(request: RequeteUsager, uuid: UUID) -> HttpResponse:
    """Tout ce que dit la facture, ce qu'on peut en faire, et pourquoi on ne peut pas."""
    facture = get_object_or_404(_factures(request).select_related("redevable", "remplace"), uuid=uuid)
    if request.visite is None:  # un agent qui regarde n'a pas lu à la place de la personne
        services.consulter(facture=facture, usager=request.user)
    reglements = list(facture.reglements.all())
    contexte = {
        "facture": facture,
        "explication": services.expliquer(facture),
        "moyens": () if facture.empechement else services.moyens_de(facture) + facture.regie.adoption(),
        "lignes": facture.lignes.all(),
        "reglements": reglements,
        "justificatifs": _justificatifs(request, facture, reglements),
        "declaration": facture.declarations.filter(usager=request.user).first() if facture.a_regler else None,
    }
    return render(request, "factures/detail.html", contexte)


def _justificatifs(request: RequeteUsager, facture: Facture, reglements: list[Reglement]) -> list[str]:
    """Ceux de la personne elle-même, cherchés seulement s'il y a eu un paiement en ligne."""
    debuts = tuple(registre.origines_en_ligne())
    en_ligne = request.visite is None and any(reglement.origine.startswith(debuts) for reglement in reglements)
    return registre.justificatifs(facture, request.user) if en_ligne else []


@require_safe
@csp_update({"sandbox": []})  # type: ignore[arg-type]  # django-csp ne type que les vues sans argument
def pdf(request: RequeteUsager, uuid: UUID) -> FileResponse:
    """Le document déposé par le service, sinon celui que nous composons ; jamais en cache, jamais exécuté."""
    limites.compter("documents", limites.demandeur(request))
    facture = get_object_or_404(_factures(request).select_related("redevable", "collectivite"), uuid=uuid)
    reponse = FileResponse(
        services.ouvrir_document(facture),
        as_attachment=True,
        filename=services.nom_du_document(facture),
        content_type="application/pdf",
    )
    reponse["Cross-Origin-Resource-Policy"] = "same-origin"
    return reponse


@require_POST
def reglee(request: RequeteUsager, uuid: UUID) -> HttpResponse:
    """« J'ai déjà payé » : la marque se pose ou se retire autant de fois qu'on veut."""
    facture = get_object_or_404(_factures(request), uuid=uuid)
    marque = MarqueForm(request.POST)
    if not marque.is_valid():
        raise BadRequest("etat=reglee ou etat=non_reglee")
    services.marquer(facture=facture, usager=request.user, reglee=marque.reglee())
    messages.success(request, _("C'est noté. Cette marque n'est pas un paiement : le service vérifie ce qu'il a reçu."))
    return VoirAilleurs(facture.get_absolute_url())
