"""Un acte sur plusieurs objets cochés dans leur liste : d'abord ce qui va leur arriver, puis on confirme."""

from collections import defaultdict
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portail.gestion import registre
from portail.gestion.pages import PagesDUnObjet
from portail.reponses import VoirAilleurs

MAXIMUM = 2000
CHIFFRES_D_UNE_CLE = 18
CITES = 10


@dataclass(frozen=True)
class Tri:
    """Les objets que l'acte prendra, et les autres rangés par raison de les laisser."""

    retenus: list[Any]
    ecartes: dict[str, list[Any]]

    @property
    def raisons(self) -> list[tuple[str, int, list[Any], int]]:
        """Chaque raison, combien d'objets, les premiers, et combien d'autres."""
        return [(str(r), len(o), o[:CITES], max(0, len(o) - CITES)) for r, o in self.ecartes.items()]


class PagesEnNombre(PagesDUnObjet):
    """Ce que ``AdminParCommune`` sert pour plusieurs objets, qui passent tous par ``get_queryset``."""

    def actes_en_nombre_permis(self, request: HttpRequest) -> list[registre.Acte]:
        """Ceux que permet le rôle de la personne."""
        return [acte for acte in registre.actes_en_nombre(self.opts.label_lower) if self.peut(request, acte)]

    def get_list_display(self, request: HttpRequest) -> Any:
        """Une case par ligne, pour qui peut en faire quelque chose."""
        colonnes = super().get_list_display(request)
        return ("coche", *colonnes) if self.actes_en_nombre_permis(request) else colonnes

    def get_list_display_links(self, request: HttpRequest, list_display: Any) -> Any:
        return [nom for nom in list_display if nom != "coche"][:1]

    @admin.display(description=gettext_lazy("choix"))
    def coche(self, objet: Model) -> SafeString:
        """Sa case."""
        libelle = _("Choisir %(objet)s") % {"objet": objet}
        gabarit = '<input type="checkbox" name="_selected_action" value="{}" aria-label="{}">'
        return format_html(gabarit, objet.pk, libelle)

    def acte_en_nombre_view(self, request: HttpRequest, acte: registre.Acte) -> HttpResponseBase:
        """POST de la liste : ce qui va se passer ; POST de cette page : le faire. Un GET n'a rien coché."""
        if not self.peut(request, acte):
            raise PermissionDenied
        if request.method != "POST":
            return VoirAilleurs(self._liste(request))
        tri = self._trier(acte, self._cochees(request))
        if not (tri.retenus or tri.ecartes):
            messages.warning(
                request, _("Cochez d'abord des lignes de la liste, %(maximum)d au plus.") % {"maximum": MAXIMUM}
            )
            return VoirAilleurs(self._liste(request))
        confirme = "confirmer" in request.POST
        formulaire = acte.remplir(tri.retenus, *((request.POST, request.FILES) if confirme else ()))
        if confirme and tri.retenus and formulaire.is_valid():
            messages.success(request, str(acte.faire(tri.retenus, **formulaire.cleaned_data)))
            return VoirAilleurs(self._liste(request))
        contexte = {
            "title": acte.libelle,
            "acte": acte,
            "form": formulaire,
            "tri": tri,
            "nombre": len(tri.retenus),
            "apercu": acte.apercu(tri.retenus) if acte.apercu and tri.retenus else "",
            "cles": ",".join(f"{objet.pk}-{_version(acte, objet)}" for objet in tri.retenus),
            "retour": self._liste(request),
        }
        statut = HTTPStatus.OK if tri.retenus else HTTPStatus.CONFLICT
        return self._rendre(request, "gestion/nombre.html", None, contexte, statut)

    def _liste(self, request: HttpRequest) -> str:
        """La liste d'où l'on vient, avec ses filtres."""
        suite = f"?{request.GET.urlencode()}" if request.GET else ""
        return f"{self.adresse_de_la_liste}{suite}"

    def _cochees(self, request: HttpRequest) -> list[tuple[Any, str]]:
        """Les objets choisis, chacun avec la version qu'en a vue la personne ; d'une autre commune, aucun."""
        if "toutes" in request.POST:
            return [(objet, "") for objet in self._toutes(request)]
        paires = [cle.partition("-") for cle in request.POST.get("cles", "").split(",")]
        vues = {cle: version for cle, _tiret, version in paires}
        vues |= dict.fromkeys(request.POST.getlist("_selected_action"), "")
        sures = [int(cle) for cle in vues if cle.isdecimal() and len(cle) <= CHIFFRES_D_UNE_CLE]
        if len(sures) > MAXIMUM:
            return []
        return [(objet, vues[str(objet.pk)]) for objet in self.get_queryset(request).filter(pk__in=sures)]

    def _toutes(self, request: Any) -> list[Any]:
        """Celles que montre la liste, filtres et recherche compris ; aucune s'il y en a trop."""
        try:
            lignes: QuerySet[Any] = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return []
        objets = list(lignes[: MAXIMUM + 1])
        return objets if len(objets) <= MAXIMUM else []

    def _trier(self, acte: registre.Acte, cochees: list[tuple[Any, str]]) -> Tri:
        retenus: list[Any] = []
        ecartes: dict[str, list[Any]] = defaultdict(list)
        for objet, vue in cochees:
            perime = vue and vue != str(_version(acte, objet))
            raison = _("Quelqu'un d'autre vient de la changer.") if perime else acte.refus(objet)
            (ecartes[str(raison)] if raison else retenus).append(objet)
        return Tri(retenus, dict(ecartes))


def _version(acte: registre.Acte, objet: Any) -> int:
    return acte.version(objet) if acte.version else 0
