"""Le justificatif d'un paiement : sa page et son PDF, à la seule personne qui a payé."""

from io import BytesIO
from uuid import UUID

from csp.decorators import csp_update
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from comptes.requete import RequeteUsager
from paiement_tipi import services
from paiement_tipi.models import Paiement
from portail import limites


def _trouver(request: RequeteUsager, uuid: UUID) -> services.Justificatif:
    """Introuvable tant que rien n'a abouti, comme l'est celui d'un autre."""
    siens = Paiement.objects.de(request.user, chez=request.collectivite).justifiables()
    return services.justificatif_de(
        get_object_or_404(siens.select_related("contrat__regie", "collectivite"), uuid=uuid)
    )


@require_safe
def justificatif(request: RequeteUsager, uuid: UUID) -> HttpResponse:
    """Ce qui a été payé, quand, comment, et sous quel numéro."""
    return render(request, "paiement_tipi/justificatif.html", {"justificatif": _trouver(request, uuid)})


@require_safe
@csp_update({"sandbox": []})  # type: ignore[arg-type]  # django-csp ne type que les vues sans argument
def justificatif_pdf(request: RequeteUsager, uuid: UUID) -> FileResponse:
    """Le même, à garder ; jamais en cache, jamais exécuté."""
    limites.compter("documents", limites.demandeur(request))
    trouve = _trouver(request, uuid)
    reponse = FileResponse(
        BytesIO(services.composer_justificatif(trouve)),
        as_attachment=True,
        filename=services.nom_du_justificatif(trouve.paiement),
        content_type="application/pdf",
    )
    reponse["Cross-Origin-Resource-Policy"] = "same-origin"
    return reponse
