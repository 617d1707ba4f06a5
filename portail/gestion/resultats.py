"""Les pages de la recherche. Le terme, un nom peut-être, vient par POST et ne va dans aucune adresse.

La session le garde sous une clé tirée au hasard, que l'adresse porte : « Précédent », les pages et les filtres d'une
liste restent ceux d'un site ordinaire, et tout s'oublie avec la session.
"""

import secrets
from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from portail import limites
from portail.gestion import registre
from portail.gestion.recherche import chercher, est_ferme_au_contenu, seul_resultat
from portail.gestion.termes import Terme
from portail.models import Journal, Role
from portail.reponses import VoirAilleurs

RETENUES = 20  # les dernières de la session
_SESSION = "recherches"


def retenir(request: HttpRequest, terme: Terme) -> str:
    """La clé qui rendra ce terme à la personne qui l'a tapé, tant que dure sa session."""
    cle = secrets.token_urlsafe(9)
    anciennes = list(request.session.get(_SESSION, {}).items())[1 - RETENUES :]
    request.session[_SESSION] = dict([*anciennes, (cle, terme.brut)])
    return cle


def retrouver(request: HttpRequest, cle: str) -> Terme | None:
    """Le terme de cette clé, si cette session l'a encore."""
    brut = request.session.get(_SESSION, {}).get(cle)
    return None if brut is None else Terme(brut)


@sensitive_post_parameters("terme")
def _page(request: Any) -> HttpResponse:
    """GET : quoi chercher et comment ; POST : vers les résultats."""
    terme = Terme.lire(request.POST.get("terme", ""))
    if not terme.brut:
        return _rendre(request, {"title": _("Recherche")})
    limites.compter("recherches", limites.demandeur(request))
    return VoirAilleurs(reverse("gestion:recherche_resultats", args=[retenir(request, terme)]))


def _resultats(request: Any, cle: str) -> HttpResponse:
    """Les groupes de résultats, ou droit à la seule fiche que le terme désigne en entier."""
    terme = retrouver(request, cle)
    if terme is None:
        return _rendre(request, {"title": _("Recherche oubliée"), "oubliee": True}, HTTPStatus.GONE)
    groupes = chercher(request, terme)
    if fiche := seul_resultat(groupes):
        return HttpResponseRedirect(fiche)
    trouve = {"terme": terme.brut, "groupes": groupes, "cle": cle, "journal": _lit_le_journal(request)}
    return _rendre(request, {"title": _("Résultats de la recherche"), **trouve})


def _lit_le_journal(request: HttpRequest) -> bool:
    return admin.site._registry[Journal].has_view_permission(request)


def _rendre(request: HttpRequest, contexte: dict[str, Any], statut: int = HTTPStatus.OK) -> HttpResponse:
    defauts = {
        "terme": "",
        "groupes": [],
        "cle": "",
        "oubliee": False,
        "journal": False,
        "ferme": est_ferme_au_contenu(request),
    }
    commun = {**admin.site.each_context(request), **defauts}
    return TemplateResponse(request, "gestion/recherche.html", commun | contexte, status=statut)


registre.declarer_page(
    registre.Page(
        "recherche",
        "recherche/",
        require_http_methods(["GET", "HEAD", "POST"])(_page),
        frozenset(Role),
        confidentiel=False,
    )
)
registre.declarer_page(
    registre.Page(
        "recherche_resultats", "recherche/<str:cle>/", require_safe(_resultats), frozenset(Role), confidentiel=False
    )
)


class FiltreRecherche(admin.SimpleListFilter):
    """Une liste réduite à ce qu'a trouvé la recherche : on y filtre et on y tourne les pages comme dans les autres."""

    title, parameter_name = _("recherche"), "recherche"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Le terme en cours, et rien quand il n'y en a pas."""
        cle = self.value()
        if not cle:
            return []
        terme = retrouver(request, cle)
        return [(cle, f"« {terme.brut} »" if terme else _("oubliée, recommencez"))]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        terme = retrouver(request, self.value() or "")
        modele: Any = admin.site._registry[queryset.model]
        return queryset.none() if terme is None else modele.trouves(request, queryset, terme)
