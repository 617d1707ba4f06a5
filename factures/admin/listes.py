"""Ce que montrent et filtrent les listes de factures."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from factures.etats import EtatFacture, Statut
from factures.etats.rapprochement import EtatDeclaration
from factures.models import A_REGLER, Declaration
from factures.models.bilans import SUIVIS
from factures.models.situation import cause, dans_l_etat, suite, suppose
from portail.gestion.listes import colonne
from portail.models import en_suspension
from portail.templatetags.ui import montant as en_euros

Choix = list[tuple[str, Any]]
ANNEES = 6


def court(quand: date | None) -> str:
    """« 23/11/2026 », qui se compare de ligne en ligne."""
    return f"{quand:%d/%m/%Y}" if quand else ""


MONTANT = colonne("montant", _("montant"), ecrire=en_euros)
RESTE_DU = colonne("reste_du", _("reste dû"), ecrire=en_euros)
EMISSION = colonne("date_emission", _("émise le"), ecrire=court)
ECHEANCE = colonne("date_echeance", _("échéance"), ecrire=court)


class FiltreEtat(admin.SimpleListFilter):
    """L'état affiché ; « J'ai déjà payé » ne vaut que pour qui le dit, n'est l'état de la facture pour aucun agent."""

    title, parameter_name = _("état"), "etat"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choix:
        return [(etat.value, etat.label) for etat in EtatFacture if etat != EtatFacture.DECLAREE]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        etat = self.value() or ""
        if etat not in EtatFacture.values:
            return queryset
        jour = request.collectivite.aujourd_hui()
        avec_cause: QuerySet[Any] = queryset.alias(cause=cause(jour), suite=suite(jour))
        choisi = EtatFacture(etat)
        return avec_cause.filter(~Q(statut=Statut.BROUILLON), suppose(choisi, jour), dans_l_etat(choisi))


class FiltreAnnee(admin.SimpleListFilter):
    """Les dernières années, sans demander à la base lesquelles existent."""

    title, parameter_name = _("année"), "annee"

    def lookups(self, request: Any, model_admin: Any) -> Choix:
        cette_annee = request.collectivite.aujourd_hui().year
        return [(str(annee), str(annee)) for annee in range(cette_annee, cette_annee - ANNEES, -1)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        annee = self.value()
        return queryset.filter(date_emission__year=int(annee)) if annee and annee.isdecimal() else queryset


class FiltreSuivi(admin.SimpleListFilter):
    """Ce qu'un agent cherche le plus."""

    title, parameter_name = _("suivi"), "suivi"
    # Les noms de SUIVIS sont ceux des chiffres de l'accueil, qui mènent ici.
    CONDITIONS: dict[str, tuple[Any, Callable[[date], Q]]] = {
        "brouillon": (_("Brouillon à publier"), lambda _jour: Q(statut=Statut.BROUILLON)),
        "a-regler": (_("Reste à régler"), lambda _jour: A_REGLER),
        "en_retard": (_("En retard"), SUIVIS["en_retard"]),
        "dans_les_delais": (_("À régler, dans les délais"), SUIVIS["dans_les_delais"]),
        "en-attente": (_("Mise en attente"), lambda _jour: ~Q(motif_attente="")),
        "suspendue": (_("Service suspendu"), lambda _jour: A_REGLER & en_suspension("regie__")),
        "payees_en_ligne": (_("Payée en ligne"), SUIVIS["payees_en_ligne"]),
        "payees_ailleurs": (_("Payée ailleurs"), SUIVIS["payees_ailleurs"]),
        "trop_percus": (_("Argent à rendre"), SUIVIS["trop_percus"]),
        "lues": (_("Lue"), SUIVIS["lues"]),
        "publiees": (_("Publiée"), SUIVIS["publiees"]),
        "declaree": (
            _("Dite réglée par un usager"),
            lambda _jour: Q(Exists(Declaration.objects.filter(facture=OuterRef("pk"), etat=EtatDeclaration.DECLAREE))),
        ),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choix:
        return [(valeur, libelle) for valeur, (libelle, _condition) in self.CONDITIONS.items()]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        choisi = self.CONDITIONS.get(self.value() or "")
        return queryset.filter(choisi[1](request.collectivite.aujourd_hui())) if choisi else queryset
