"""Le justificatif d'un paiement : sa page et son PDF, à la seule personne qui a payé."""

from io import BytesIO
from uuid import UUID

from csp.decorators import csp_update
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from comptes.requete import RequeteUsager
from paiement_tipi import services
from paiement_tipi.models import Paiement
from paiement_tipi.models.tentatives import PaiementQuerySet
from portail import limites
from portail.reponses import taire_l_adresse
from portail.requete import RequeteCollectivite, des_avant_l_ouverture, sans_hote, usager_chez


@require_safe
def justificatif(request: RequeteUsager, uuid: UUID, facture: UUID | None = None) -> HttpResponse:
    """Ce qui a été payé, quand, comment, et sous quel numéro ; de tout le paiement, ou d'une de ses factures."""
    return _montrer(request, _trouver(_siens(request), facture, uuid=uuid))


@require_safe
@csp_update({"sandbox": []})  # type: ignore[arg-type]  # django-csp ne type que les vues sans argument
def justificatif_pdf(request: RequeteUsager, uuid: UUID, facture: UUID | None = None) -> FileResponse:
    """Le même, à garder ; jamais en cache, jamais exécuté."""
    limites.compter("documents", limites.demandeur(request))
    return _composer(_trouver(_siens(request), facture, uuid=uuid))


@des_avant_l_ouverture
@sans_hote
@login_not_required
@require_safe
def justificatif_du_papier(request: RequeteCollectivite, jeton: str) -> HttpResponse:
    """Celui de qui a payé sans compte : le jeton du retour l'ouvre, et ne montre que ce que montrait le papier."""
    trouve = _trouver(Paiement.objects.depuis_le_papier(), jeton=jeton)
    request.collectivite = trouve.paiement.collectivite
    request.user = usager_chez(request, request.collectivite)  # type: ignore[assignment]  # Usager ou anonyme
    return taire_l_adresse(_montrer(request, trouve))


@des_avant_l_ouverture
@sans_hote
@login_not_required
@require_safe
@csp_update({"sandbox": []})  # type: ignore[arg-type]  # django-csp ne type que les vues sans argument
def justificatif_du_papier_pdf(request: RequeteCollectivite, jeton: str) -> FileResponse:
    """Le même, à garder."""
    trouve = _trouver(Paiement.objects.depuis_le_papier(), jeton=jeton)
    limites.compter("justificatifs-du-papier", trouve.paiement.pk)
    return _composer(trouve)


def _siens(request: RequeteUsager) -> PaiementQuerySet:
    return Paiement.objects.de(request.user, chez=request.collectivite)


def _trouver(parmi: PaiementQuerySet, facture: UUID | None = None, **repere: object) -> services.Justificatif:
    """Introuvable tant que rien n'a abouti, comme l'est celui d'un autre."""
    siens = parmi.justifiables().select_related("contrat__regie", "collectivite", "usager")
    trouve = services.justificatif_de(get_object_or_404(siens, **repere), facture=facture)
    if trouve is None:
        raise Http404
    return trouve


def _montrer(request: RequeteCollectivite, trouve: services.Justificatif) -> HttpResponse:
    return render(request, "paiement_tipi/justificatif.html", {"justificatif": trouve, "pdf": f"{request.path}pdf/"})


def _composer(trouve: services.Justificatif) -> FileResponse:
    reponse = FileResponse(
        BytesIO(services.composer_justificatif(trouve)),
        as_attachment=True,
        filename=services.nom_du_justificatif(trouve),
        content_type="application/pdf",
    )
    reponse["Cross-Origin-Resource-Policy"] = "same-origin"
    return reponse
