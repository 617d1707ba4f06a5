"""La confirmation, le départ, la notification et le retour."""

from http import HTTPStatus
from uuid import UUID, uuid4

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from comptes.models import Usager
from comptes.requete import RequeteUsager
from factures.models import Facture
from factures.services import expliquer, moyens_de
from paiement_tipi import protocole, services
from paiement_tipi.etats import ENCAISSES
from paiement_tipi.forms import DepartForm
from paiement_tipi.models import Paiement
from paiement_tipi.views.echecs import ECHECS, depart_manque
from portail import limites
from portail.lecture import ecrit_en_lecture
from portail.reponses import VoirAilleurs
from portail.requete import RequeteCollectivite, des_avant_l_ouverture, sans_hote, usager_chez


@require_http_methods(["GET", "HEAD", "POST"])
def payer(request: RequeteUsager, uuid: UUID) -> HttpResponse:
    """GET : relire avant de payer ; POST : partir chez PayFiP."""
    factures = Facture.objects.de(request.user, chez=request.collectivite)
    factures = factures.avec_etat(request.collectivite.aujourd_hui(), pour=request.user)
    facture = get_object_or_404(factures.select_related("regie__contrat_tipi"), uuid=uuid)
    if request.method == "POST":
        return _partir(request, facture)
    return _confirmer(request, facture, empechement=facture.empechement, statut=HTTPStatus.OK)


def _partir(request: RequeteUsager, facture: Facture) -> HttpResponse:
    limites.compter("departs", limites.demandeur(request))
    try:
        adresse = services.demarrer_paiement(
            facture=facture,
            usager=request.user,
            formulaire=DepartForm(request.POST).numero(),
            guichet=services.guichet(personne=True),
        )
    except services.PaiementImpossible as refus:
        return _confirmer(request, facture, empechement=refus.empechement, statut=HTTPStatus.CONFLICT)
    except ECHECS as erreur:
        return depart_manque(
            request,
            erreur,
            moyens=moyens_de(facture),
            revenir=facture.get_absolute_url(),
            reessayer=reverse("paiement_tipi:payer", args=[facture.uuid]),
        )
    return VoirAilleurs(adresse)


def _confirmer(request: RequeteUsager, facture: Facture, *, empechement: str, statut: HTTPStatus) -> HttpResponse:
    contexte = {
        "facture": facture,
        "explication": expliquer(facture, empechement),
        "revient": services.revient(facture.regie),
        "form": DepartForm(initial={"formulaire": uuid4()}),
    }
    return render(request, "paiement_tipi/payer.html", contexte, status=statut)


@des_avant_l_ouverture
@sans_hote
@csrf_exempt
@login_not_required
@require_POST
def notification(request: HttpRequest) -> HttpResponse:
    """La sonnette de PayFiP : 200 vide, la vérification se fait ensuite (payfip.md §3.9). Trop souvent tirée : 429."""
    # Lu avant le formulaire, qui le consommerait ; PostgreSQL ne garde pas d'octet nul.
    corps = request.body.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    idop = protocole.idop_de_notification({**request.GET.dict(), **request.POST.dict()})
    if idop is None or not services.recevoir_notification(idop=idop, corps=corps):
        limites.compter("notifications-inconnues", limites.adresse_ip(request))
    return HttpResponse(status=HTTPStatus.OK)


@des_avant_l_ouverture
@sans_hote
@ecrit_en_lecture
@csrf_exempt
@login_not_required
@require_http_methods(["GET", "POST"])
def resultat(request: HttpRequest, jeton: str) -> HttpResponse:
    """Le résultat d'un paiement par URL : 200 vide, quoi qu'il dise. Certains sites le reçoivent par GET."""
    recu = services.recevoir_resultat(jeton=jeton, requete=request.META["QUERY_STRING"], corps=request.body)
    if not recu:
        limites.compter("notifications-inconnues", limites.adresse_ip(request))
    return HttpResponse(status=HTTPStatus.OK)


@des_avant_l_ouverture
@sans_hote
@ecrit_en_lecture
@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def retour(request: RequeteCollectivite, jeton: str) -> HttpResponse:
    """Le retour de PayFiP, et « Vérifier maintenant » : le jeton seul désigne la tentative, rien d'autre n'est cru.

    Sans la session de la personne, la page dit l'issue sans rien montrer d'elle.
    """
    paiement = get_object_or_404(Paiement.objects.select_related("collectivite"), jeton=jeton)
    request.collectivite = paiement.collectivite
    limites.compter("retours", paiement.pk)  # chacun peut attendre PayFiP cinq secondes
    maintenant = timezone.now()
    services.constater(
        paiement=paiement, guichet=services.guichet(personne=True), cause="retour", maintenant=maintenant
    )
    paiement.refresh_from_db(fields=("etat", "resultat", "date_payfip", "anomalie"))
    request.user = usager_chez(request, paiement.collectivite)  # type: ignore[assignment]  # Usager ou anonyme
    limite = services.limite_de(paiement, maintenant)
    contexte = {"paiement": paiement, "retour": services.retour_de(paiement, limite), "jusqu_a": limite}
    contexte |= {"factures": [], "file": None}
    contexte["justificatif"] = _justificatif(paiement, request.user)
    if paiement.usager is not None and request.user == paiement.usager:
        factures = _factures(paiement, paiement.usager)
        contexte |= {
            "factures": factures,
            "file": _file(paiement, paiement.usager),
            "choix": services.Groupe(factures, []).choix,
        }
    return render(request, "paiement_tipi/retour.html", contexte)


def _justificatif(paiement: Paiement, qui: object) -> str:
    """Son adresse, à qui a payé : la personne connectée, ou celle qui n'a que ce jeton."""
    sien = paiement.du_papier or qui == paiement.usager
    return services.adresse_du_justificatif(paiement) if sien and paiement.justifiable else ""


def _file(paiement: Paiement, usager: Usager) -> services.File | None:
    """Après un succès, ce qu'il reste à payer."""
    if paiement.etat not in ENCAISSES:
        return None
    return services.file_de(usager, chez=paiement.collectivite, maintenant=timezone.now())


def _factures(paiement: Paiement, usager: Usager) -> list[Facture]:
    """Les factures de la tentative, avec l'état que verra leur propriétaire."""
    chez = paiement.collectivite
    factures = Facture.objects.de(usager, chez=chez).avec_etat(chez.aujourd_hui(), pour=usager)
    return list(factures.filter(parts__paiement=paiement).order_by("pk"))
