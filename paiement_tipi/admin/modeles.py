"""Les tentatives de paiement : en lecture, sauf une question à PayFiP ; par URL, ce qu'en dit le Trésor."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from factures.admin.listes import MONTANT
from factures.models import Facture
from paiement_tipi import services
from paiement_tipi.etats import DEFINITIFS, OUVERTS, EtatPaiement
from paiement_tipi.models import (
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
from portail.gestion.registre import (
    Acte,
    ActeImpossible,
    Tableau,
    Texte,
    declarer_acte,
    declarer_tableau,
)


class MotifForm(forms.Form):
    """Pourquoi, et d'après quoi."""

    motif = forms.CharField(
        label=_("Motif"), max_length=200, help_text=_("Par exemple, la date et le numéro de l'encaissement.")
    )


class FiltreSuivi(admin.SimpleListFilter):
    """Ce qui demande qu'on s'en occupe."""

    title, parameter_name = _("suivi"), "suivi"
    CONDITIONS = {
        "en-cours": (_("En cours"), Q(etat__in=OUVERTS)),
        "a-confirmer": (_("À confirmer par le Trésor"), Q(etat=EtatPaiement.DECLARE)),
        "oublie": (_("Sans résultat depuis deux heures"), SANS_NOUVELLE),
        "anomalie": (_("Anomalie"), ~Q(anomalie="")),
        "panne": (_("PayFiP ne répond pas"), Q(pannes__gt=0)),
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
    list_display = ("cree_le", "etat", MONTANT, "usager", "refdet", "idop", "anomalie")
    list_filter = (FiltreSuivi, "etat", ("contrat", FiltreLie), periode("cree_le", _("dates")))
    question: Any = _("Qu'est-il arrivé à ce paiement ?")
    list_select_related = ("usager", "contrat__regie")
    fiche = (
        *("etat", "montant", "usager", "contrat", "transport", "refdet", "exer", "numcli", "saisie", "objet", "mel"),
        *("idop", "uuid"),
        *("cree_le", "envoye_le", "resultat", "numauto", "date_payfip", "anomalie", "relire_le"),
        *("pannes", "compare_le"),
    )
    champs_reserves = {"mel": SAUF_LECTURE, "resultat": COMPTABLES, "numauto": COMPTABLES}


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


def _interroger(paiement: Paiement) -> Texte:
    services.constater(paiement=paiement, guichet=services.guichet(personne=True), cause="demandé par un agent")
    return _("PayFiP a été interrogé : cette tentative est « %(etat)s ».") % {"etat": paiement.get_etat_display()}


def _confirmer(paiement: Paiement, motif: str) -> Texte:
    if not services.confirmer_declare(paiement=paiement, source="confirmé par un agent", motif=motif):
        raise ActeImpossible(_refus_de_confirmer(paiement))
    return _("Le paiement est confirmé : la facture est payée.")


def _refus_de_confirmer(paiement: Paiement) -> Texte:
    return "" if services.se_confirme(paiement) else _("Ce paiement n'est pas, ou plus, à confirmer.")


def _infirmer(paiement: Paiement, motif: str) -> Texte:
    if not services.infirmer_declare(paiement=paiement, source="infirmé par un agent", motif=motif):
        raise ActeImpossible(_refus_d_infirmer(paiement))
    return _("Le paiement est infirmé : la facture se paie de nouveau.")


def _refus_d_infirmer(paiement: Paiement) -> Texte:
    return "" if services.s_infirme(paiement) else _("Ce paiement n'est pas, ou plus, à confirmer.")


def _refus_d_interroger(paiement: Paiement) -> Texte:
    if paiement.par_url:
        return _("PayFiP ne se laisse pas interroger sur un paiement par URL : seul le Trésor public le confirme.")
    if paiement.idop is None:
        return _("PayFiP ne connaît pas cette tentative : elle ne lui est jamais parvenue.")
    return _("Cette tentative a abouti : son résultat est définitif.") if paiement.etat in DEFINITIFS else ""


declarer_acte(
    "paiement_tipi.paiement",
    Acte(
        "interroger",
        _("Interroger PayFiP maintenant"),
        _("Le résultat est appliqué comme au relevé automatique : une facture payée chez PayFiP sera payée ici."),
        _interroger,
        refus=_refus_d_interroger,
    ),
)
declarer_acte(
    "paiement_tipi.paiement",
    Acte(
        "confirmer",
        _("Confirmer le paiement"),
        _("Le Trésor public a reçu cet argent : la facture sera payée ici, et la personne en recevra l'accusé."),
        _confirmer,
        formulaire=MotifForm,
        refus=_refus_de_confirmer,
    ),
)
declarer_acte(
    "paiement_tipi.paiement",
    Acte(
        "infirmer",
        _("Infirmer le paiement"),
        _("Le Trésor public n'a pas reçu cet argent : la facture se paiera de nouveau en ligne."),
        _infirmer,
        formulaire=MotifForm,
        refus=_refus_d_infirmer,
        danger=True,
    ),
)


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
