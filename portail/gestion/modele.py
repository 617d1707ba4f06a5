"""Comment la gestion montre un modèle : une liste, une fiche, son historique, et les pages de ses actes."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ERROR_FLAG, SEARCH_VAR, ChangeList
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.db.models import Model, QuerySet
from django.forms import Media
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portail.gestion import exports, registre
from portail.gestion.droits import Acces, acces
from portail.gestion.listes import PLAFOND, Liste, PaginateurBorne
from portail.gestion.nombre import PagesEnNombre
from portail.gestion.recherche import chercheur_de, cles, pistes
from portail.gestion.resultats import FiltreRecherche
from portail.gestion.termes import Terme
from portail.models import Role
from portail.tableur import FORMATS

LIRE_OU_AGIR = require_http_methods(["GET", "HEAD", "POST"])
LECTEURS = frozenset(Role)


class Rubrique(models.TextChoices):
    """Où ranger chaque modèle sur l'accueil, dans cet ordre."""

    FACTURES = "factures", _("Factures")
    CONTACT = "contact", _("Contact")
    PAIEMENT = "paiement", _("Paiement en ligne")
    PERSONNES = "personnes", _("Personnes")
    COMMUNE = "commune", _("Commune")
    INSTALLATION = "installation", _("Installation")


class AdminParCommune(PagesEnNombre):
    """Un modèle, dans la commune de la requête. Rien ne s'y ajoute, ne s'y change ni ne s'y efface."""

    # Où est la commune depuis ce modèle (« collectivite »), ou vide si ``installation``.
    chemin_collectivite: ClassVar[str] = "collectivite"
    # ``installation`` : n'est à aucune commune, donc pour l'exploitant seul, et sans filtre.
    # Dit ce que doit ou paie quelqu'un : fermé à l'exploitant tant qu'il n'a pas ouvert l'accès, motif à l'appui.
    confidentiel: ClassVar[bool] = False
    rubrique: ClassVar[Rubrique] = Rubrique.COMMUNE
    lecteurs: ClassVar[frozenset[Role]] = LECTEURS
    # Les colonnes d'un export : champs, « redevable__code », méthodes, ``exports.Colonne`` ; vide, celles de la fiche.
    export: ClassVar[tuple[Any, ...]] = ()

    list_filter: ClassVar[tuple[Any, ...]] = ()
    sortable_by: ClassVar[Any] = ()  # trier un million de lignes prend trop de temps
    actions = None
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    preserve_filters = False  # ce qu'on a cherché, un nom peut-être, ne suit pas d'adresse en adresse
    show_facets = admin.ShowFacets.NEVER
    paginator = PaginateurBorne
    ordering: ClassVar[Any] = ("-pk",)
    change_list_template = "gestion/liste.html"

    @property
    def pluriel(self) -> Any:
        """Son nom sur l'accueil et en tête de sa liste."""
        return capfirst(str(self.opts.verbose_name_plural))

    # --- qui voit quoi

    def a_droit(self, droit: Acces | None) -> bool:
        """Vrai si cet accès ouvre ce modèle."""
        if droit is None or droit.role not in self.lecteurs:
            return False
        return (droit.contenu or not self.confidentiel) and (droit.installation or not self.installation)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.a_droit(acces(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False

    def get_queryset(self, request: Any) -> QuerySet[Any]:
        """Le seul passage vers la base : liste, recherche, filtres, fiche, historique et actes en partent."""
        droit, tous = acces(request), super().get_queryset(request)
        if droit is None or not self.a_droit(droit):
            return tous.none()
        return tous if self.installation else self.de_la_commune(tous, request.collectivite)

    def de_la_commune(self, tous: QuerySet[Any], collectivite: Any) -> QuerySet[Any]:
        """Ceux de cette commune."""
        return tous.filter(**{self.chemin_collectivite: collectivite})

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Les paramètres de nos filtres et d'eux seuls : Django laisserait sonder n'importe quel champ du modèle."""
        permis: set[str] = set()
        for filtre in (FiltreRecherche, *self.list_filter):
            if hasattr(filtre, "parametres"):
                permis |= set(filtre.parametres)
            elif hasattr(filtre, "parameter_name"):
                permis.add(filtre.parameter_name)
            else:
                champ = filtre if isinstance(filtre, str) else filtre[0]
                permis |= {f"{champ}__{suite}" for suite in ("exact", "id__exact", "isnull", "gte", "lt")}
        return lookup in permis

    @property
    def se_cherche(self) -> bool:
        """Vrai si sa liste peut se réduire à ce qu'a trouvé la recherche."""
        return chercheur_de(self.opts.label_lower) is not None

    def trouves(self, request: HttpRequest, objets: QuerySet[Any], terme: Terme) -> QuerySet[Any]:
        """Parmi ``objets``, ceux que désigne ce terme."""
        chercheur = chercheur_de(self.opts.label_lower)
        if chercheur is None:
            return objets.none()
        # Lues d'abord : en sous-requête, PostgreSQL parcourrait toutes les lignes de la commune.
        return objets.filter(pk__in=list(cles(objets, pistes(request, chercheur, terme), PLAFOND + 1)))

    def get_list_filter(self, request: HttpRequest) -> tuple[Any, ...]:
        """Ses filtres, précédés de la recherche en cours."""
        return (*((FiltreRecherche,) if self.se_cherche else ()), *self.list_filter)

    def get_changelist(self, request: HttpRequest, **_: Any) -> type[Liste]:
        return Liste

    # --- les pages

    @property
    def media(self) -> Media:
        """Aucun script : aucune de nos pages n'en a besoin."""
        return Media()

    def get_urls(self) -> list[URLPattern]:
        """Lire, et agir par un acte : ni ajout, ni modification, ni suppression, ni action groupée de Django."""
        nom = f"{self.opts.app_label}_{self.opts.model_name}"
        lectures: list[tuple[str, Any, str]] = [
            ("", self.changelist_view, f"{nom}_changelist"),
            ("<str:object_id>/change/", self.change_view, f"{nom}_change"),
            ("<str:object_id>/history/", self.history_view, f"{nom}_history"),
        ]
        pages = [path(route, self._page(require_safe(vue)), name=n) for route, vue, n in lectures]
        export = self._page(require_POST(partial(exports.exporter, self)))
        pages.append(path(f"{exports.NOM}/", export, name=f"{nom}_{exports.NOM}"))
        for acte in registre.actes_de_liste(self.opts.label_lower):
            vue = partial(self.acte_de_liste_view, acte=acte)
            pages.append(path(f"{acte.nom}/", self._page(LIRE_OU_AGIR(vue)), name=f"{nom}_{acte.nom}"))
        for acte in registre.actes_en_nombre(self.opts.label_lower):
            vue, page = partial(self.acte_en_nombre_view, acte=acte), f"{acte.nom}_en_nombre"
            pages.append(path(f"{acte.nom}/en-nombre/", self._page(LIRE_OU_AGIR(vue)), name=f"{nom}_{page}"))
        for acte in registre.actes(self.opts.label_lower):
            vue = partial(self.acte_view, acte=acte)
            pages.append(path(f"<str:object_id>/{acte.nom}/", self._page(LIRE_OU_AGIR(vue)), name=f"{nom}_{acte.nom}"))
        return pages

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """La liste ; après un paramètre impossible, la liste entière, là où Django dirait la base en panne.

        Une ancienne adresse où l'on cherchait (« ?q= ») y mène aussi : le nom en disparaît.
        """
        if {ERROR_FLAG, SEARCH_VAR} & request.GET.keys():
            return HttpResponseRedirect(request.path)
        contexte = {
            "title": self.pluriel,
            "actes": self.actes_de_liste_permis(request),
            "formats": FORMATS.values() if exports.peut_exporter(self, request) else (),
            "plafond": exports.PLAFOND,
            "en_nombre": self.actes_en_nombre_permis(request),
            "nom_racine": self.nom_racine,
        }
        return super().changelist_view(request, {**(extra_context or {}), **contexte})

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        liste = super().get_changelist_instance(request)
        liste.result_list = self.completer(request, list(liste.result_list))
        return liste

    def completer(self, request: HttpRequest, objets: list[Any]) -> list[Any]:
        """Ce qu'une page ou un paquet d'export lit d'un coup pour ses objets, quand une jointure n'y suffit pas."""
        return objets

    def get_export(self, request: HttpRequest) -> tuple[Any, ...]:
        """Les colonnes que cette personne peut emporter."""
        return self.champs_visibles(request, self.export or self.get_fiche(request))

    def _page(self, vue: Callable[..., HttpResponseBase]) -> Callable[..., Any]:
        return self.admin_site.admin_view(partial(self._ouvrir, vue))

    def _ouvrir(self, vue: Callable[..., HttpResponseBase], request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        """403 à qui ne voit pas ce modèle ; à l'exploitant, comment s'en ouvrir l'accès."""
        droit = acces(request)
        if self.a_droit(droit):
            return vue(request, **arguments)
        if self.confidentiel and droit is not None and not droit.contenu:
            return self.admin_site.contenu_ferme(request)  # type: ignore[attr-defined,no-any-return]  # SiteGestion
        raise PermissionDenied

    def objet(self, request: HttpRequest, cle: str) -> Any:
        """Celui de la commune, ou 404."""
        try:
            valeur = self.opts.pk.to_python(cle)
            return self.pour_la_fiche(self.get_queryset(request), request).get(pk=valeur)
        except (self.model.DoesNotExist, ValidationError, ValueError) as erreur:
            raise Http404 from erreur

    def pour_la_fiche(self, objets: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
        """Ce qu'il faut lire d'un coup pour montrer la fiche."""
        liens = self.list_select_related
        return objets.select_related(*liens) if isinstance(liens, tuple) else objets
