"""Les factures et tout ce qui leur arrive, en lecture."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from factures import registre
from factures.admin.listes import ECHEANCE, EMISSION, MONTANT, RESTE_DU, FiltreAnnee, FiltreEtat, FiltreSuivi
from factures.etats import EtatFacture, Statut
from factures.models import Consultation, Declaration, Facture, LigneFacture, Reglement
from factures.services import expliquer
from factures.templatetags.etats import badge_etat
from portail.gestion.champs import SAUF_LECTURE
from portail.gestion.exports import Colonne
from portail.gestion.filtres import periode
from portail.gestion.listes import FiltreLie
from portail.gestion.modele import AdminParCommune, Rubrique

PUBLICATION = periode("publiee_le", _("publiée"))


@admin.register(Facture)
class FactureAdmin(AdminParCommune):
    """Les factures de la commune, brouillons compris."""

    rubrique = Rubrique.FACTURES
    confidentiel = True
    list_display = ("numero", "nom", "regie", "etat_du_jour", MONTANT, RESTE_DU, EMISSION, ECHEANCE)
    list_filter = (FiltreSuivi, FiltreEtat, ("regie", FiltreLie), FiltreAnnee, "redevable__mode_envoi", PUBLICATION)
    list_select_related = ("redevable", "regie")
    ordering = ("-date_emission", "-pk")
    fiche = (
        *("numero", "reference", "redevable", "regie", "etat_du_jour", "objet", "montant", "reste_du", "trop_percu"),
        *("date_emission", "date_echeance", "date_limite_en_ligne", "date_prelevement", "nature", "statut"),
        *("publiee_le", "paiement_en_ligne", "adresse_du_papier"),
        *("motif_attente", "motif_annulation", "remplace", "lot"),
    )
    champs_reserves = dict.fromkeys(("motif_annulation", "motif_attente", "adresse_du_papier"), SAUF_LECTURE)
    question: Any = _("Qu'est-il arrivé à cette facture ?")
    export = (
        *("numero", "reference", "regie__code", "regie__libelle", "redevable__source", "redevable__code"),
        *("redevable__nom", "redevable__prenom", "redevable__mode_envoi", "objet", "nature"),
        Colonne("etat", _("État"), lambda facture: EtatFacture(facture.etat).label),
        *("montant", "reste_du", "trop_percu", "date_emission", "date_echeance", "date_limite_en_ligne"),
        *("date_prelevement", "publiee_le", "motif_attente", "motif_annulation", "lot__libelle", "adresse_du_papier"),
    )

    @admin.display(description=_("redevable"))
    def nom(self, facture: Facture) -> str:
        """Sans le code, qui élargirait la liste."""
        return facture.redevable.nom_complet

    @admin.display(description=_("état"))
    def etat_du_jour(self, facture: Facture) -> str:
        """Un brouillon n'a pas encore d'état pour l'habitant."""
        if facture.statut == Statut.BROUILLON:
            return format_html('<span class="pastille">{}</span>', _("Brouillon"))
        return badge_etat(facture)

    @admin.display(description=_("paiement en ligne"))
    def paiement_en_ligne(self, facture: Facture) -> Any:
        """La phrase que lit l'habitant."""
        explication = expliquer(facture)
        return explication.phrase if explication else _("Possible.")

    @admin.display(description=_("payer depuis le papier"))
    def adresse_du_papier(self, facture: Facture) -> str:
        """À imprimer sur les documents que le service compose lui-même ; un brouillon ne se paie pas."""
        return "" if facture.statut == Statut.BROUILLON else registre.adresse_de_papier(facture)

    def get_queryset(self, request: Any) -> QuerySet[Any]:
        factures: Any = super().get_queryset(request)
        return factures.avec_etat(request.collectivite.aujourd_hui())  # type: ignore[no-any-return]

    def pour_la_fiche(self, objets: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
        return objets.select_related("redevable", "regie", "lot", "collectivite", "remplace")


@admin.register(LigneFacture)
class LigneFactureAdmin(AdminParCommune):
    """Les lignes telles qu'imprimées."""

    rubrique = Rubrique.FACTURES
    confidentiel = True
    list_display = ("libelle", "facture", "quantite", "prix_unitaire", MONTANT)
    list_select_related = ("facture",)
    fiche = ("facture", "rang", "libelle", "quantite", "prix_unitaire", "montant")


@admin.register(Reglement)
class ReglementAdmin(AdminParCommune):
    """L'argent reçu ou repris."""

    rubrique = Rubrique.FACTURES
    confidentiel = True
    list_display = ("recu_le", "facture", "sens", "moyen", MONTANT, "origine")
    list_filter = (periode("recu_le", _("dates")), ("facture__regie", FiltreLie), "sens", "moyen")
    list_select_related = ("facture",)
    fiche = (
        *("facture", "sens", "moyen", "montant", "recu_le", "bordereau", "reference", "motif"),
        *("cree_le", "reprend", "depot", "origine"),
    )

    def pour_la_fiche(self, objets: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
        return objets.select_related("facture", "reprend", "reprise", "depot")


@admin.register(Declaration)
class DeclarationAdmin(AdminParCommune):
    """Les factures que des usagers disent avoir réglées : à rapprocher, ce n'est pas de l'argent."""

    rubrique = Rubrique.FACTURES
    confidentiel = True
    list_display = ("facture", "usager", "cree_le", "etat")
    list_filter = ("etat",)
    list_select_related = ("facture", "usager")
    fiche = ("facture", "usager", "cree_le", "etat", "tranchee_le")


@admin.register(Consultation)
class ConsultationAdmin(AdminParCommune):
    """La première lecture de chaque facture par chaque personne."""

    rubrique = Rubrique.FACTURES
    confidentiel = True
    list_display = ("facture", "usager", "lue_le")
    list_select_related = ("facture", "usager")
    fiche = ("facture", "usager", "lue_le")
