"""Le journal, lu par la commune : qui a fait quoi, à quoi et quand."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from portail.gestion import faits
from portail.gestion.champs import ENCADREMENT
from portail.gestion.filtres import periode
from portail.gestion.modele import AdminParCommune
from portail.gestion.recherche import cles, pistes, visibles
from portail.gestion.termes import Terme
from portail.models import Affectation, Collectivite, Journal

Choix = list[tuple[str, Any]]
CHERCHES = 100  # de chaque genre : au-delà, la recherche n'est pas assez précise
SITE = "site"


class FiltreGenre(admin.SimpleListFilter):
    """Les actions, rangées par ce dont elles parlent."""

    title, parameter_name = _("genre"), "genre"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choix:
        return [(nom, genre.libelle) for nom, genre in faits.genres().items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        genre = faits.genres().get(self.value() or "")
        return queryset.filter(action__in=genre.phrases) if genre else queryset


class FiltreObjet(admin.SimpleListFilter):
    """Le genre d'objet, ou un objet : « factures.facture:<identifiant> », comme y mène sa frise."""

    title, parameter_name = _("objet"), "objet"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choix:
        lus = [a for a in model_admin.admin_site._registry.values() if a.has_view_permission(request)]
        genres = sorted((str(a.opts.verbose_name), a.opts.label_lower) for a in lus)
        choisi = self.value() or ""
        return [*([(choisi, _("un seul objet"))] if ":" in choisi else ()), *((nom, mot) for mot, nom in genres)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        objet, _separateur, identifiant = (self.value() or "").partition(":")
        queryset = queryset.filter(objet=objet) if objet else queryset
        return queryset.filter(identifiant=identifiant) if identifiant else queryset


class FiltrePersonne(admin.SimpleListFilter):
    """Les agents de la commune, le site quand il agit seul, ou le compte dont le numéro est dans l'adresse."""

    title, parameter_name = _("personne"), "par"

    def lookups(self, request: Any, model_admin: Any) -> Choix:
        affectations = Affectation.objects.filter(collectivite=request.collectivite).select_related("usager")
        agents = {str(a.usager.pk): str(a.usager) for a in affectations if a.usager}
        choisi = self.value() or ""
        if choisi.isdecimal() and choisi not in agents:
            noms = faits.auteurs(model_admin.admin_site, request, [int(choisi)])
            agents[choisi] = faits.nommer(noms, int(choisi))
        return [*agents.items(), (SITE, _("le site, seul"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        choisi = self.value() or ""
        if choisi == SITE:
            return queryset.filter(acteur=None)
        return queryset.filter(acteur=int(choisi)) if choisi.isdecimal() else queryset


@admin.register(Journal)
class JournalAdmin(AdminParCommune):
    """Ce qui s'est passé dans la commune."""

    lecteurs = ENCADREMENT
    se_cherche = True  # par ce dont parlent les faits
    list_display = ("le", "fait", "objet_concerne", "auteur")
    list_filter = (periode("le", _("dates")), FiltreGenre, FiltreObjet, FiltrePersonne)
    fiche = ("le", "fait", "objet_concerne", "auteur", "changements", "action", "identifiant", "correlation")
    export = ("le", "fait", "genre_d_objet", "objet_en_clair", "identifiant", "auteur", "changements", "action")
    champs_reserves = {"changements": ENCADREMENT}  # les montants d'un fait sont du contenu

    @admin.display(description=_("fait"))
    def fait(self, entree: Journal) -> str:
        """En une phrase."""
        return faits.phrase(entree.action)

    @admin.display(description=_("objet"))
    def objet_concerne(self, entree: Any) -> Any:
        """« Facture 2026-1 », qui mène à sa fiche si elle se voit."""
        if entree.quoi is None:
            return self.genre_d_objet(entree)
        opts = entree.quoi._meta
        adresse = reverse(f"gestion:{opts.app_label}_{opts.model_name}_change", args=[entree.quoi.pk])
        return format_html('{} <a href="{}">{}</a>', self.genre_d_objet(entree), adresse, entree.quoi)

    @admin.display(description=_("genre d'objet"))
    def genre_d_objet(self, entree: Journal) -> str:
        modeles = {modele._meta.label_lower: modele for modele in self.admin_site._registry}
        return str(capfirst(modeles[entree.objet]._meta.verbose_name)) if entree.objet in modeles else entree.objet

    @admin.display(description=_("objet"))
    def objet_en_clair(self, entree: Any) -> str:
        return "" if entree.quoi is None else str(entree.quoi)

    @admin.display(description=_("par"))
    def auteur(self, entree: Any) -> str:
        return str(entree.qui)

    @admin.display(description=_("ce qui a changé"))
    def changements(self, entree: Journal) -> str:
        return " ; ".join(faits.changements(entree))

    def completer(self, request: HttpRequest, objets: list[Any]) -> list[Any]:
        return faits.completer(self.admin_site, request, objets)

    def objet(self, request: HttpRequest, cle: str) -> Any:
        return self.completer(request, [super().objet(request, cle)])[0]

    def de_la_commune(self, tous: QuerySet[Any], collectivite: Collectivite) -> QuerySet[Any]:
        return tous.filter(collectivite=collectivite.pk)

    def trouves(self, request: HttpRequest, objets: QuerySet[Any], terme: Terme) -> QuerySet[Any]:
        """Les faits de tout ce que trouve la recherche, de ces comptes, de cet identifiant ou de cette action."""
        faits_de = Q(action=terme.brut)
        if terme.uuid:
            genres = [modele._meta.label_lower for modele in self.admin_site._registry]
            faits_de |= Q(objet__in=genres, identifiant=str(terme.uuid))
        for chercheur, modele in visibles(request):
            ici = modele.get_queryset(request).order_by()
            trouves = list(cles(ici, pistes(request, chercheur, terme), CHERCHES))
            faits_de |= self._faits_de(modele.model, trouves)
        return objets.filter(faits_de)

    def _faits_de(self, modele: Any, trouves: list[Any]) -> Q:
        cle = faits.cle_au_journal(modele)
        identifiants = modele._default_manager.filter(pk__in=trouves).values_list(cle, flat=True) if trouves else []
        faits_de = Q(objet=modele._meta.label_lower, identifiant__in=[str(valeur) for valeur in identifiants])
        return faits_de | Q(acteur__in=trouves) if modele is get_user_model() else faits_de
