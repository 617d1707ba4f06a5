"""« Réglages de la commune » : tout ce qu'un administrateur règle, en une page, et la mise en service."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portail import services
from portail.admin import formulaires
from portail.admin.communes import REGLAGES
from portail.charte import feuille
from portail.gestion import registre
from portail.gestion.champs import ENCADREMENT
from portail.gestion.droits import acces
from portail.gestion.registre import Acte, Carte, Chiffre, Page, declarer_carte, declarer_page
from portail.models import Collectivite, TexteDeCourriel
from portail.models.mentions import OBLIGATOIRES
from portail.registre import exigences, sortes_de_courriel

MISE_EN_SERVICE = "mise_en_service"
TEXTES = "portail.collectivite.textes"


@dataclass(frozen=True)
class Ligne:
    """Un réglage et sa valeur ; ``manque`` : vide alors que la loi le demande."""

    libelle: Any
    valeur: Any
    manque: bool = False


@require_safe
def reglages(request: Any) -> HttpResponse:
    """Chaque rubrique, ce qu'elle dit aujourd'hui, et de quoi le changer."""
    commune = request.collectivite
    contexte = {
        "title": _("Réglages de la commune"),
        "commune": commune,
        "identite": [_mention(commune, nom, champ) for nom, champ in formulaires.IdentiteForm.base_fields.items()],
        "accessibilite": _accessibilite(commune),
        "adresse": _adresse(commune),
        "services": commune.regies.all(),
        "textes": _peut(request, TEXTES) and _textes(commune),
        "manquantes": [] if commune.est_ouverte else services.manquantes(commune),
        "actes": {nom: _boutons(request, noms) for nom, noms in BOUTONS.items()},
        "ajouter": _peut(request, "portail.regie.ajouter"),
    }
    return TemplateResponse(request, "gestion/reglages.html", admin.site.each_context(request) | contexte)


# Les actes de chaque rubrique.
BOUTONS = {
    "identite": ("identite",),
    "apparence": ("couleur", "logo", "retirer_le_logo"),
    "accessibilite": ("accessibilite",),
    "adresse": ("adresse",),
}


def _peut(request: HttpRequest, acte: str) -> bool:
    droit = acces(request)
    return droit is not None and droit.peut(acte)


def _boutons(request: Any, noms: Iterable[str]) -> list[tuple[Acte, str]]:
    """Les actes permis qui ont lieu d'être, et leur adresse."""
    commune = request.collectivite
    actes = {acte.nom: acte for acte in registre.actes("portail.collectivite")}
    return [
        (actes[nom], reverse(f"gestion:portail_collectivite_{nom}", args=[commune.pk]))
        for nom in noms
        if _peut(request, f"portail.collectivite.{nom}") and not actes[nom].refus(commune)
    ]


def _mention(commune: Collectivite, nom: str, champ: Any) -> Ligne:
    valeur = getattr(commune, nom)
    return Ligne(champ.label, valeur, manque=nom in OBLIGATOIRES and not valeur)


def _accessibilite(commune: Collectivite) -> list[Ligne]:
    """Le mot d'abord : c'est lui que lisent les habitants."""
    lignes = [Ligne(_("Le site se dit"), commune.conformite.label)]
    if commune.accessibilite_auditee_le is None:
        return [*lignes, Ligne(_("Audit"), _("aucun"))]
    champs = formulaires.AccessibiliteForm.base_fields.items()
    lignes += [Ligne(champ.label, getattr(commune, nom)) for nom, champ in champs]
    return [*lignes, Ligne(_("Valable jusqu'au"), commune.audit_perime_le or _("périmé"))]


def _adresse(commune: Collectivite) -> list[Ligne]:
    ou = services.Adresse.de(commune)
    hotes = ", ".join(ou.hotes)
    return [Ligne(_("Adresse publique"), ou.adresse), Ligne(_("Code LIEN"), ou.lien), Ligne(_("Noms d'hôte"), hotes)]


def _textes(commune: Collectivite) -> dict[str, int]:
    changes = TexteDeCourriel.objects.filter(collectivite=commune).count()
    return {"changes": changes, "tous": sum(sorte.exemple is not None for sorte in sortes_de_courriel())}


@require_safe
def mise_en_service(request: Any) -> HttpResponse:
    """Ce qu'il faut pour ouvrir, ce qui est fait, et où faire le reste."""
    commune = request.collectivite
    lignes = [(e, e.remplie(commune), e.ou(commune)) for e in exigences()]
    contexte = {
        "title": _("Mise en service"),
        "commune": commune,
        "exigences": lignes,
        "complete": all(remplie for _exigence, remplie, _ou in lignes),
        "peut_ouvrir": _peut(request, "portail.collectivite.ouvrir"),
        "reglages": registre.page(REGLAGES).libelle,
    }
    return TemplateResponse(request, "gestion/mise_en_service.html", admin.site.each_context(request) | contexte)


@require_safe
def couleur(request: HttpRequest, couleur: str) -> HttpResponse:
    """La feuille de style qu'aurait la commune dans cette couleur, pour le seul aperçu qui en porte le nom."""
    try:
        regles = feuille(Collectivite(couleur=f"#{couleur}"))
    except ValidationError as refus:
        raise Http404 from refus
    return HttpResponse(regles.replace(":root", ".apercu-couleur"), content_type="text/css; charset=utf-8")


def _a_preparer(commune: Collectivite) -> list[Chiffre]:
    """Rien à dire d'une commune ouverte, sauf d'un audit qui se périme."""
    if not commune.est_ouverte:
        pret = Chiffre(_("Tout est prêt"), _("ouvrir le portail"), reverse(f"gestion:{MISE_EN_SERVICE}"))
        manques = services.manquantes(commune)
        return [Chiffre(m.libelle, _("à remplir"), m.ou(commune), alerte=True) for m in manques] or [pret]
    if commune.audit_perime_bientot:
        adresse = f"{reverse(f'gestion:{REGLAGES}')}#accessibilite"
        return [Chiffre(_("L'audit d'accessibilité ne vaudra plus le"), commune.audit_perime_le, adresse, alerte=True)]
    return []


for page in (
    Page(REGLAGES, "reglages/", reglages, ENCADREMENT, confidentiel=False, libelle=_("Réglages de la commune")),
    Page(MISE_EN_SERVICE, "reglages/mise-en-service/", mise_en_service, ENCADREMENT, confidentiel=False),
    Page("reglages_couleur", "reglages/couleur/<slug:couleur>.css", couleur, ENCADREMENT, confidentiel=False),
):
    declarer_page(page)
declarer_carte(Carte(_("Mise en service"), "portail.collectivite", _a_preparer, lecteurs=ENCADREMENT, rang=0))
