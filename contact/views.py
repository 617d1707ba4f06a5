"""« Contact » : écrire au service, lire ses réponses, y répondre."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID

from csp.decorators import csp_update
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from comptes.models import Rattachement
from comptes.requete import RequeteUsager
from contact import services
from contact.delais import REPONSE_JOURS
from contact.etats import EtatDemande
from contact.forms import DemandeForm, MessageForm
from contact.models import Demande, PieceJointe
from factures.models import Facture, FactureQuerySet
from portail import limites
from portail.bornes import OCTETS_PAR_MESSAGE
from portail.documents import DocumentImpossible
from portail.refus import recoit_des_fichiers
from portail.reponses import VoirAilleurs

LIRE_OU_ECRIRE = require_http_methods(["GET", "HEAD", "POST"])
DEMANDES_MONTREES = 100


def _siennes(request: RequeteUsager) -> Any:
    return Demande.objects.de(request.user, chez=request.collectivite).select_related("regie", "collectivite")


def _factures(request: RequeteUsager) -> FactureQuerySet:
    return Facture.objects.de(request.user, chez=request.collectivite)


@recoit_des_fichiers(OCTETS_PAR_MESSAGE)
@LIRE_OU_ECRIRE
def accueil(request: RequeteUsager) -> HttpResponse:
    """Le formulaire du guide, les informations générales, et les demandes de la personne."""
    factures = _factures(request)

    def remplir(*envoi: Any, choisie: UUID | None = None) -> DemandeForm:
        return DemandeForm(*envoi, factures=factures, collectivite=request.collectivite, choisie=choisie)

    def enregistrer(form: DemandeForm) -> str:
        neuve = Demande(collectivite=request.collectivite, usager=request.user, **form.sujet())
        demande = services.ouvrir(demande=neuve, envoi=form.envoi())
        return reverse("contact:enregistree", args=[demande.uuid])

    def montrer(form: DemandeForm) -> HttpResponse:
        demandes = list(_siennes(request).order_by("-change_le", "-pk")[:DEMANDES_MONTREES])
        contexte = {
            "form": form,
            "adresses": _adresses(request),
            "demandes": demandes,
            "repondues": [demande for demande in demandes if demande.etat == EtatDemande.REPONDUE],
        }
        return render(request, "contact/accueil.html", contexte)

    if request.method == "POST":
        return _traiter(request, remplir, enregistrer, montrer)
    return montrer(remplir(choisie=_facture_choisie(request, factures)))


def _facture_choisie(request: RequeteUsager, factures: FactureQuerySet) -> UUID | None:
    """Celle d'où vient la personne (« Une question sur cette facture ? ») ; 404 si ce n'est pas la sienne."""
    demandee = request.GET.get("facture")
    if not demandee:
        return None
    try:
        return get_object_or_404(factures, uuid=UUID(demandee)).uuid
    except ValueError as erreur:
        raise Http404 from erreur


def _adresses(request: RequeteUsager) -> list[tuple[str, str, str]]:
    """Où la poste trouve cette personne, d'après le service."""
    siens = Rattachement.objects.de(request.user, chez=request.collectivite)
    lues = ((r.redevable.adresse, r.redevable.code_postal, r.redevable.ville) for r in siens)
    return list(dict.fromkeys(adresse for adresse in lues if any(adresse)))


def _traiter(
    request: RequeteUsager,
    remplir: Callable[..., Any],
    enregistrer: Callable[[Any], str],
    montrer: Callable[[Any], HttpResponse],
) -> HttpResponse:
    """Un envoi, compté, vérifié, enregistré ; à défaut la même page, le texte gardé, avec ce qui ne va pas."""
    try:
        limites.compter("messages", limites.demandeur(request))
        form = remplir(request.POST, request.FILES)
        if not form.is_valid():
            return montrer(form)
        limites.compter("messages-par-commune", request.collectivite.pk)
        return VoirAilleurs(enregistrer(form))
    except limites.TropDeDemandes as refus:
        form = remplir(request.POST)
        form.add_error(None, _attendre(refus))
        page = montrer(form)
        page.status_code, page["Retry-After"] = HTTPStatus.TOO_MANY_REQUESTS, str(refus.attente)
        request.depassement = refus  # type: ignore[attr-defined]  # portail.refus le note au journal
        return page


def _attendre(refus: limites.TropDeDemandes) -> str:
    minutes = -(-refus.attente // 60)
    phrase = ngettext(
        "Trop de messages en peu de temps. Votre texte est gardé sur cette page : renvoyez-le dans une minute.",
        "Trop de messages en peu de temps. Votre texte est gardé sur cette page : renvoyez-le dans %(n)d minutes.",
        minutes,
    )
    return phrase % {"n": minutes}


@require_safe
def enregistree(request: RequeteUsager, uuid: UUID) -> HttpResponse:
    """L'enregistrement immédiat de la demande, qui se garde et s'imprime (CRPA, R. 112-9-1)."""
    demande = get_object_or_404(_siennes(request), uuid=uuid)
    contexte = {"demande": demande, "adresses": _adresses(request), "jours": REPONSE_JOURS}
    return render(request, "contact/enregistree.html", contexte)


@recoit_des_fichiers(OCTETS_PAR_MESSAGE)
@LIRE_OU_ECRIRE
def demande(request: RequeteUsager, uuid: UUID) -> HttpResponse:
    """Le fil, et de quoi écrire à la suite."""
    demande = get_object_or_404(_siennes(request), uuid=uuid)

    def enregistrer(form: MessageForm) -> str:
        services.ecrire(demande=demande, envoi=form.envoi())
        messages.success(request, _("Votre message est envoyé au service."))
        return request.path

    def montrer(form: MessageForm) -> HttpResponse:
        contexte = {
            "form": form,
            "demande": demande,
            "fil": demande.messages.pour_la_personne(),
            "facture": _factures(request).filter(pk=demande.facture_id).first(),
        }
        return render(request, "contact/demande.html", contexte)

    if request.method == "POST":
        return _traiter(request, MessageForm, enregistrer, montrer)
    return montrer(MessageForm())


@require_safe
@csp_update({"sandbox": []})  # type: ignore[arg-type]  # django-csp ne type que les vues sans argument
def piece(request: RequeteUsager, uuid: UUID) -> FileResponse:
    """Une pièce de son propre fil."""
    siennes = PieceJointe.objects.de(request.user, chez=request.collectivite)
    return servir(request, get_object_or_404(siennes, uuid=uuid))


def servir(request: HttpRequest, piece: PieceJointe) -> FileResponse:
    """Le fichier, à enregistrer ; l'appelant en a vérifié le droit, et défend de l'exécuter (CSP sandbox)."""
    limites.compter("documents", limites.demandeur(request))
    try:
        fichier = piece.fichier.open()
    except OSError as erreur:
        raise DocumentImpossible(f"Le fichier de la pièce jointe {piece.uuid} est perdu.") from erreur
    reponse = FileResponse(fichier, as_attachment=True, filename=piece.nom, content_type=piece.genre)
    reponse["Cross-Origin-Resource-Policy"] = "same-origin"
    return reponse
