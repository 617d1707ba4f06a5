"""Le site de la gestion : son accueil, qui y entre, et comment l'exploitant s'ouvre le contenu d'une commune."""

from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, include, path, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portail import ouvertures
from portail.gestion import droits, perimetre, registre
from portail.gestion.modele import AdminParCommune, Rubrique
from portail.models import Role
from portail.reponses import VoirAilleurs


class MotifForm(forms.Form):
    """Pourquoi l'exploitant ouvre le contenu, et où il allait."""

    motif = forms.CharField(
        label=_("Motif"),
        min_length=10,
        max_length=200,
        help_text=_("Par exemple : « ticket 1234, facture introuvable ». N'y écrivez le nom de personne."),
    )
    suite = forms.CharField(required=False, widget=forms.HiddenInput)


class SiteGestion(admin.AdminSite):
    """Une seule commune : celle de la requête, à qui appartient la session."""

    empty_value_display = "–"

    def __init__(self, name: str = "gestion") -> None:
        super().__init__(name)

    def register(
        self, model_or_iterable: Any, admin_class: type[ModelAdmin[Any]] | None = None, **options: Any
    ) -> None:
        """Une app tierce qui s'inscrit d'elle-même (allauth, Django) n'entre pas : elle ne connaît pas les communes."""
        if admin_class is not None and issubclass(admin_class, AdminParCommune):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return droits.acces(request) is not None

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """403 à une personne connectée qui n'est pas de la maison ; la connexion est exigée avant nous."""

        def vue(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not self.has_permission(request):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return vue

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Nos pages ; de celles de Django, ni connexion, ni mot de passe, ni autocomplétion, ni « voir sur site »."""
        modeles: list[URLPattern | URLResolver] = [
            path(f"{m._meta.app_label}/{m._meta.model_name}/", include(a.get_urls())) for m, a in self._registry.items()
        ]
        return [
            path("", self.admin_view(require_safe(self.index)), name="index"),
            path(
                "contenu/", self.admin_view(require_http_methods(["GET", "HEAD", "POST"])(self.contenu)), name="contenu"
            ),
            path("contenu/fermer/", self.admin_view(require_POST(self.fermer)), name="contenu_fermer"),
            *(
                path(page.chemin, self.admin_view(partial(self._page, page)), name=page.nom)
                for page in registre.pages()
            ),
            *modeles,
        ]

    def _page(self, page: registre.Page, request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        """403 à qui n'a pas le rôle ; à l'exploitant, comment s'ouvrir l'accès au contenu."""
        if _est_ouverte(page, request):
            return page.vue(request, **arguments)
        droit = droits.acces(request)
        if droit is not None and droit.role in page.lecteurs:
            return self.contenu_ferme(request)
        raise PermissionDenied

    def each_context(self, request: Any) -> dict[str, Any]:
        """Ce que toute page de la gestion dit de plus que le site."""
        fin = droits.contenu_jusqu_a(request)
        return {"contenu_jusqu_a": datetime.fromtimestamp(fin, UTC) if fin else None}

    def index(self, request: Any, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Les cartes de ce que la personne peut voir, puis tous les modèles, par rubrique."""
        visibles: list[Any] = [a for a in self._registry.values() if a.has_view_permission(request)]
        formulaire, choisi = perimetre.lire(request, request.collectivite)
        cartes = _cartes(request, visibles, choisi)
        contexte = {
            **self.each_context(request),
            "title": _("Accueil"),
            "form": formulaire,
            "raccourcis": perimetre.raccourcis(choisi),
            "maintenant": [carte for carte in cartes if not carte["par_periode"]],
            "par_periode": [carte for carte in cartes if carte["par_periode"]],
            "rubriques": _par_rubrique(visibles),
            "pages": [page for page in registre.pages() if page.libelle and _est_ouverte(page, request)],
            **(extra_context or {}),
        }
        return TemplateResponse(request, "gestion/accueil.html", contexte)

    def contenu_ferme(self, request: HttpRequest) -> HttpResponse:
        """403, avec de quoi ouvrir l'accès et revenir."""
        return self._demander(request, MotifForm(initial={"suite": request.get_full_path()}), HTTPStatus.FORBIDDEN)

    def contenu(self, request: Any) -> HttpResponse:
        """L'exploitant ouvre pour une heure, motif à l'appui, les factures de cette commune, qui en est prévenue.

        Ouvert, l'accès ne se prolonge pas : il se ferme, et se rouvre avec un motif, un fait et un message de plus.
        """
        droit = self._exiger_l_exploitant(request)
        if droit.contenu:
            messages.info(request, str(_("Cet accès est déjà ouvert : il ne se prolonge pas.")))
            return VoirAilleurs(reverse("gestion:index"))
        if request.method != "POST":
            return self._demander(request, MotifForm(), HTTPStatus.OK)
        formulaire = MotifForm(request.POST)
        if not formulaire.is_valid():
            return self._demander(request, formulaire, HTTPStatus.OK)
        motif, suite = formulaire.cleaned_data["motif"], formulaire.cleaned_data["suite"]
        jusqu_a = timezone.now() + timedelta(seconds=droits.CONTENU_SECONDES)
        ouvertures.ouvrir(collectivite=request.collectivite, exploitant=request.user.pk, motif=motif, jusqu_a=jusqu_a)
        droits.ouvrir_le_contenu(request, droit, jusqu_a=jusqu_a)
        return VoirAilleurs(suite if url_has_allowed_host_and_scheme(suite, None) else reverse("gestion:index"))

    def fermer(self, request: Any) -> HttpResponse:
        """Avant l'heure."""
        self._exiger_l_exploitant(request)
        if droits.contenu_jusqu_a(request) is not None:
            ouvertures.fermer(collectivite=request.collectivite)
            droits.fermer_le_contenu(request)
            messages.success(request, str(_("Vous n'avez plus accès aux factures de cette commune.")))
        return VoirAilleurs(reverse("gestion:index"))

    def _exiger_l_exploitant(self, request: HttpRequest) -> droits.Acces:
        droit = droits.acces(request)
        if droit is None or droit.role != Role.EXPLOITANT:
            raise PermissionDenied
        return droit

    def _demander(self, request: HttpRequest, formulaire: MotifForm, statut: int) -> HttpResponse:
        contexte = {
            **self.each_context(request),
            "title": _("Ouvrir l'accès aux factures de cette commune"),
            "form": formulaire,
            "minutes": droits.CONTENU_SECONDES // 60,
        }
        return TemplateResponse(request, "gestion/contenu.html", contexte, status=statut)


def _est_ouverte(page: registre.Page, request: HttpRequest) -> bool:
    droit = droits.acces(request)
    if droit is None or droit.role not in page.lecteurs or (page.acte and not droit.peut(page.acte)):
        return False
    return droit.contenu or not page.confidentiel


def _cartes(request: Any, visibles: list[Any], choisi: perimetre.Perimetre) -> list[dict[str, Any]]:
    """Celles qui ont quelque chose à dire à cette personne."""
    modeles = {a.opts.label_lower: a for a in visibles}
    cartes: list[dict[str, Any]] = []
    for carte in registre.cartes():
        modele = modeles.get(carte.modele)
        lue = modele is not None and request.acces_gestion.role in carte.lecteurs
        if modele is not None and lue and (contenu := _contenu(carte, choisi)).chiffres:
            cartes.append(
                {
                    "nom": f"carte-{len(cartes)}",
                    "titre": carte.titre,
                    "par_periode": carte.par_periode,
                    "note": contenu.note,
                    "chiffres": [(chiffre, modele.boutons(request, chiffre)) for chiffre in contenu.chiffres],
                    "graphiques": [(g, modele._tableau(request, g.tableau)) for g in contenu.graphiques],
                }
            )
    return cartes


def _contenu(carte: registre.Carte, choisi: perimetre.Perimetre) -> registre.Contenu:
    rendu = carte.chiffres(choisi if carte.par_periode else choisi.collectivite)
    return rendu if isinstance(rendu, registre.Contenu) else registre.Contenu(rendu)


def _par_rubrique(visibles: list[Any]) -> list[tuple[Rubrique, list[tuple[Any, str]]]]:
    """Les listes de chaque rubrique, dans l'ordre de celles-ci."""
    par_rubrique: dict[Rubrique, list[tuple[Any, str]]] = {rubrique: [] for rubrique in Rubrique}
    for modele in visibles:
        adresse = reverse(f"gestion:{modele.opts.app_label}_{modele.opts.model_name}_changelist")
        par_rubrique[modele.rubrique].append((modele.pluriel, adresse))
    return [(rubrique, listes) for rubrique, listes in par_rubrique.items() if listes]
