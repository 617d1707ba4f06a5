"""Les tentatives de paiement, en lecture ; ce qu'un agent en fait est dans ``actes``."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from factures.admin.listes import MONTANT
from factures.models import Facture
from paiement_tipi.admin.actes import que_faire
from paiement_tipi.etats import OUVERTS, EtatPaiement
from paiement_tipi.models import (
    EN_PANNE,
    SANS_NOUVELLE,
    NotificationTipi,
    Paiement,
    PartPaiement,
    TransitionPaiement,
)
from portail.gestion.champs import COMPTABLES, SAUF_LECTURE
from portail.gestion.filtres import periode
from portail.gestion.listes import FiltreLie
from portail.gestion.modele import AdminParCommune, Rubrique
from portail.gestion.registre import Tableau, declarer_tableau


class FiltreSuivi(admin.SimpleListFilter):
    """Ce qui demande qu'on s'en occupe."""

    title, parameter_name = _("suivi"), "suivi"
    CONDITIONS = {
        "en-cours": (_("En cours"), Q(etat__in=OUVERTS)),
        "a-confirmer": (_("À confirmer par le Trésor"), Q(etat=EtatPaiement.DECLARE)),
        "oublie": (_("Sans résultat depuis deux heures"), SANS_NOUVELLE),
        "anomalie": (_("Anomalie"), ~Q(anomalie="")),
        "panne": (_("PayFiP ne répond pas"), EN_PANNE),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(valeur, libelle) for valeur, (libelle, _condition) in self.CONDITIONS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        choisi = self.CONDITIONS.get(self.value() or "")
        return queryset.filter(choisi[1]) if choisi else queryset


@admin.register(Paiement)
class PaiementAdmin(AdminParCommune):
    """Les tentatives. Ni le jeton de retour, qui ouvre une page, ni la réponse brute n'y sont."""

    rubrique = Rubrique.PAIEMENT
    confidentiel = True
    list_display = ("cree_le", "etat", MONTANT, "payeur", "refdet", "idop", "anomalie")
    list_filter = (FiltreSuivi, "etat", ("contrat", FiltreLie), periode("cree_le", _("dates")))
    question: Any = _("Qu'est-il arrivé à ce paiement ?")
    list_select_related = ("usager", "contrat__regie")
    fiche = (
        *("etat", "montant", "payeur", "contrat", "transport", "refdet", "exer", "numcli", "saisie", "objet", "mel"),
        *("idop", "uuid"),
        *("cree_le", "envoye_le", "resultat", "numauto", "date_payfip", "anomalie", "que_faire", "relire_le"),
        *("pannes", "compare_le"),
    )
    champs_reserves = {"mel": SAUF_LECTURE, "resultat": COMPTABLES, "numauto": COMPTABLES}

    @admin.display(description=_("personne"))
    def payeur(self, paiement: Paiement) -> Any:
        return paiement.usager or paiement.payeur

    @admin.display(description=_("que faire"))
    def que_faire(self, paiement: Paiement) -> Any:
        return que_faire(paiement)


@admin.register(PartPaiement)
class PartPaiementAdmin(AdminParCommune):
    """Ce que chaque tentative paie de chaque facture."""

    rubrique = Rubrique.PAIEMENT
    confidentiel = True
    list_display = ("paiement", "facture", MONTANT, "ouverte")
    list_filter = ("ouverte",)
    list_select_related = ("paiement", "facture")
    fiche = ("paiement", "facture", "montant", "ouverte")


@admin.register(TransitionPaiement)
class TransitionPaiementAdmin(AdminParCommune):
    """La vie de chaque tentative."""

    rubrique = Rubrique.PAIEMENT
    confidentiel = True
    list_display = ("le", "paiement", "de", "vers", "cause")
    list_filter = ("vers",)
    list_select_related = ("paiement",)
    fiche = ("paiement", "de", "vers", "cause", "le")


@admin.register(NotificationTipi)
class NotificationTipiAdmin(AdminParCommune):
    """Les notifications telles que reçues : une sonnette, jamais une preuve."""

    rubrique = Rubrique.PAIEMENT
    confidentiel = True
    lecteurs = COMPTABLES
    list_display = ("recue_le", "paiement")
    list_select_related = ("paiement",)
    fiche = ("paiement", "recue_le", "corps")
    export = ("paiement", "recue_le")


def _tentatives(facture: Facture) -> Tableau:
    parts = facture.parts.select_related("paiement").order_by("-pk")
    lignes = [(p.paiement, p.paiement.cree_le, p.paiement.get_etat_display(), p.montant) for p in parts]
    return Tableau(_("Paiements en ligne"), (_("Tentative"), _("Le"), _("État"), _("Montant")), lignes)


def _parts(paiement: Paiement) -> Tableau:
    parts = paiement.parts.select_related("facture").order_by("pk")
    return Tableau(_("Factures"), (_("Facture"), _("Montant")), [(p.facture, p.montant) for p in parts])


def _transitions(paiement: Paiement) -> Tableau:
    lignes = [(t.le, t.get_de_display(), t.get_vers_display(), t.cause) for t in paiement.transitions.all()]
    return Tableau(_("Suivi"), (_("Le"), _("De"), _("Vers"), _("Cause")), lignes)


declarer_tableau("factures.facture", _tentatives)
declarer_tableau("paiement_tipi.paiement", _parts)
declarer_tableau("paiement_tipi.paiement", _transitions)
