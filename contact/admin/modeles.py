"""La boîte des demandes et la fiche de chacune, le fil au milieu et la personne à côté."""

from typing import Any, ClassVar
from uuid import UUID

from csp.decorators import csp_update
from django.contrib import admin
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from contact.admin.contexte import contexte
from contact.models import Demande, PieceJointe, ReponseType
from contact.models.demandes import A_TRAITER_D_ABORD
from contact.views import servir
from portail.gestion.champs import SAUF_LECTURE
from portail.gestion.exports import Colonne
from portail.gestion.listes import FiltreLie
from portail.gestion.modele import AdminParCommune, Rubrique
from portail.gestion.registre import Page, declarer_page


class FiltreAssignation(admin.SimpleListFilter):
    """À moi, ou à personne et ouvertes."""

    title, parameter_name = _("assignée"), "assignee"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("moi", _("À moi")), ("personne", _("À prendre"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        demandes: Any = queryset
        if self.value() == "moi":
            return queryset.filter(assignee=request.user.pk)
        return demandes.a_prendre() if self.value() == "personne" else queryset


class FiltreAttente(admin.SimpleListFilter):
    """Ce qui attend le service, et ce qui attend depuis trop longtemps."""

    title, parameter_name = _("attente"), "attente"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("oui", _("Attend une réponse")), ("retard", _("Depuis plus de dix jours ouvrés"))]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        demandes: Any = queryset
        if self.value() == "oui":
            return demandes.en_attente()  # type: ignore[no-any-return]
        return demandes.en_retard(request.collectivite) if self.value() == "retard" else queryset


@admin.register(Demande)
class DemandeAdmin(AdminParCommune):
    """Ce que les habitants demandent : non lues en tête, puis celles qui attendent depuis le plus longtemps."""

    rubrique = Rubrique.CONTACT
    confidentiel = True
    lecteurs = SAUF_LECTURE
    list_display = ("cree_le", "age", "usager", "objet", "service", "etat", "assignee")
    list_filter = ("etat", FiltreAttente, FiltreAssignation, ("regie", FiltreLie))
    list_select_related = ("collectivite", "usager", "regie", "assignee")
    fiche = ("etat", "age", "service", "assignee", "facture", "cree_le", "change_le")
    export = (
        Colonne("numero", _("numéro"), lambda demande: demande.numero),
        *("cree_le", "usager", "objet", "service", "etat", "assignee", "attend_depuis", "clos_le"),
    )
    ordering: ClassVar[Any] = A_TRAITER_D_ABORD
    gabarit_de_fiche = "gestion/demande.html"

    @admin.display(description=_("attend depuis"))
    def age(self, demande: Demande) -> Any:
        """En rouge au-delà de dix jours ouvrés, avec le mot qui le dit."""
        jours = demande.age(demande.collectivite.aujourd_hui())
        if jours is None:
            return ""
        texte = ngettext("%(n)d jour", "%(n)d jours", jours) % {"n": jours} if jours else _("aujourd'hui")
        return (
            format_html('<strong class="en-retard">{} ({})</strong>', texte, _("en retard"))
            if demande.en_retard
            else texte
        )

    @admin.display(description=_("service"))
    def service(self, demande: Demande) -> Any:
        """Celui qui en est chargé, s'il est connu."""
        return demande.regie

    def pour_la_fiche(self, objets: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
        return objets.select_related("collectivite", "usager", "regie", "assignee", "facture")

    def en_plus(self, request: HttpRequest, objet: Demande) -> dict[str, Any]:
        blocs = [
            {
                "titre": bloc.titre,
                "vide": bloc.vide,
                "lignes": [(self._cellule(request, autre), precision) for autre, precision in bloc.lignes],
            }
            for bloc in contexte(objet)
        ]
        return {"fil": objet.messages.fil(), "blocs": blocs}


@admin.register(ReponseType)
class ReponseTypeAdmin(AdminParCommune):
    """Les réponses toutes prêtes."""

    rubrique = Rubrique.CONTACT
    list_display = ("titre",)
    fiche = ("titre", "texte")
    ordering = ("titre",)


@require_safe
@csp_update({"sandbox": []})  # type: ignore[arg-type]  # django-csp ne type que les vues sans argument
def piece(request: Any, uuid: UUID) -> FileResponse:
    """Une pièce jointe d'une demande de la commune."""
    return servir(request, get_object_or_404(PieceJointe, uuid=uuid, collectivite=request.collectivite))


declarer_page(Page("contact_piece", "contact/piece/<uuid:uuid>/", piece, SAUF_LECTURE))
