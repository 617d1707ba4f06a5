"""Les mots que la commune met dans ses courriels : la liste, la page de chacun, son aperçu, un essai."""

from typing import Any

from csp.decorators import csp_replace, csp_update
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portail import courriels, limites
from portail.admin.communes import ENREGISTRE, REGLAGES, RIEN
from portail.admin.formulaires import TexteForm
from portail.admin.reglages import TEXTES
from portail.courriels import textes as mots
from portail.courriels.redaction import EMPLACEMENTS, SIGNATURE
from portail.gestion import registre
from portail.gestion.registre import Page, declarer_page
from portail.models import Role
from portail.registre import SorteDeCourriel, sortes_de_courriel
from portail.reponses import VoirAilleurs
from portail.versions import DejaModifie, empreinte

LIRE_OU_ECRIRE = require_http_methods(["GET", "HEAD", "POST"])


def _sorte(nom: str) -> SorteDeCourriel:
    """404 pour celle que la commune ne peut pas changer."""
    for sorte in sortes_de_courriel():
        if sorte.nom == nom and sorte.exemple is not None:
            return sorte
    raise Http404


@require_safe
def liste(request: Any) -> HttpResponse:
    """Chaque courriel, et si la commune y a mis ses mots."""
    commune = request.collectivite
    changes = mots.sortes_changees(commune)
    lignes = [(sorte, sorte.nom in changes) for sorte in sortes_de_courriel() if sorte.exemple is not None]
    return _rendre(request, "gestion/textes.html", {"title": _("Textes des courriels"), "lignes": lignes})


@LIRE_OU_ECRIRE
@csp_update({"frame-src": ["'self'"]})  # type: ignore[arg-type]  # django-csp ne type que les vues sans argument
def texte(request: Any, sorte: str) -> HttpResponse:
    """GET : les mots de la commune et l'aperçu du courriel ; POST : les enregistrer."""
    choisie = _sorte(sorte)
    actuels = mots.mots_de(request.collectivite, choisie)
    envoi = request.POST if request.method == "POST" else None
    formulaire = TexteForm(envoi, initial=actuels | {"lu": empreinte(actuels)}, sorte=choisie)
    if formulaire.is_valid() and _enregistrer(request, choisie, formulaire):
        return VoirAilleurs(reverse("gestion:texte", args=[choisie.nom]))
    contexte = {
        "title": choisie.libelle,
        "sorte": choisie,
        "form": formulaire,
        "actuels": actuels,
        "modifie": any(actuels.values()),
        "emplacements": {**EMPLACEMENTS, **choisie.emplacements}.items(),
        "signature": SIGNATURE,
        "adresse_essai": request.user.get_username(),
    }
    return _rendre(request, "gestion/texte.html", contexte)


def _enregistrer(request: Any, sorte: SorteDeCourriel, formulaire: TexteForm) -> bool:
    """Faux si quelqu'un vient d'écrire autre chose : ses mots s'affichent, ceux-ci ne sont pas perdus."""
    try:
        change = courriels.changer_les_mots(
            collectivite=request.collectivite, sorte=sorte, mots=formulaire.mots(), lu=formulaire.cleaned_data["lu"]
        )
    except DejaModifie as conflit:
        formulaire.signaler(conflit)
        return False
    messages.success(request, str(ENREGISTRE if change else RIEN))
    return True


@LIRE_OU_ECRIRE
@xframe_options_sameorigin
@csp_update({"sandbox": []})
@csp_replace({"frame-ancestors": ["'self'"]})  # type: ignore[arg-type]
def apercu(request: Any, sorte: str) -> HttpResponse:
    """Le courriel tel qu'il partirait, enregistré (GET) ou en cours d'écriture (POST), sans rien pouvoir exécuter."""
    choisie = _sorte(sorte)
    ecrits = mots.mots_de(request.collectivite, choisie)
    if request.method == "POST":
        formulaire = TexteForm(request.POST, sorte=choisie)
        if not formulaire.is_valid():
            return TemplateResponse(request, "gestion/apercu_refuse.html", {"form": formulaire})
        ecrits = formulaire.mots()
    message = mots.apercu(request.collectivite, choisie, ecrits)
    if "texte" in {request.GET.get("partie"), request.POST.get("partie")}:
        return HttpResponse(message["texte"], content_type="text/plain; charset=utf-8")
    return HttpResponse(message["html"])


@require_POST
def origine(request: Any, sorte: str) -> HttpResponse:
    """Les mots de la commune disparaissent."""
    choisie = _sorte(sorte)
    vides = dict.fromkeys(mots.CHAMPS, "")
    courriels.changer_les_mots(collectivite=request.collectivite, sorte=choisie, mots=vides)
    messages.success(request, str(_("Ce courriel est revenu à son texte d'origine.")))
    return VoirAilleurs(reverse("gestion:texte", args=[choisie.nom]))


@require_POST
def essai(request: Any, sorte: str) -> HttpResponse:
    """Un exemplaire, à l'adresse de qui le demande et à aucune autre."""
    choisie = _sorte(sorte)
    limites.compter("essais-de-courriel", limites.demandeur(request))
    adresse = request.user.get_username()
    courriels.essayer(collectivite=request.collectivite, sorte=choisie, destinataire=adresse)
    messages.success(request, str(_("Un essai part à l'adresse %(adresse)s.") % {"adresse": adresse}))
    return VoirAilleurs(reverse("gestion:texte", args=[choisie.nom]))


def _rendre(request: HttpRequest, gabarit: str, contexte: dict[str, Any]) -> HttpResponse:
    commun = {**admin.site.each_context(request), "reglages": registre.page(REGLAGES).libelle}
    return TemplateResponse(request, gabarit, commun | contexte)


LECTEURS = frozenset({Role.ADMINISTRATION})
RACINE = "reglages/courriels/"
for nom, chemin, vue in (
    ("textes", RACINE, liste),
    ("texte", f"{RACINE}<str:sorte>/", texte),
    ("texte_apercu", f"{RACINE}<str:sorte>/apercu/", apercu),
    ("texte_origine", f"{RACINE}<str:sorte>/origine/", origine),
    ("texte_essai", f"{RACINE}<str:sorte>/essai/", essai),
):
    declarer_page(Page(nom, chemin, vue, LECTEURS, confidentiel=False, acte=TEXTES))
