"""Les contrats et les tentatives de paiement : en lecture, sauf le contrat lui-même et une question à PayFiP."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.validators import RegexValidator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from factures.admin.listes import MONTANT
from factures.models import Facture
from paiement_tipi import services
from paiement_tipi.etats import OUVERTS, SUCCES
from paiement_tipi.models import ContratTipi, NotificationTipi, Paiement, PartPaiement, TransitionPaiement
from portail.gestion.champs import COMPTABLES, SAUF_LECTURE
from portail.gestion.filtres import periode
from portail.gestion.listes import FiltreLie
from portail.gestion.modele import AdminParCommune, Rubrique
from portail.gestion.registre import (
    Acte,
    ActeImpossible,
    Carte,
    Chiffre,
    Tableau,
    Texte,
    declarer_acte,
    declarer_carte,
    declarer_tableau,
)
from portail.models import Collectivite, Regie


class ContratForm(forms.Form):
    """Comment PayFiP connaît le service."""

    numcli = forms.CharField(
        label=_("Numéro de client (numcli)"),
        validators=[RegexValidator(r"\A[0-9]{6}\Z", _("Six chiffres, par exemple 006382."))],
        help_text=_("Six chiffres, donnés par la DGFiP."),
    )
    saisie = forms.ChoiceField(
        label=_("Mise en service"),
        choices=ContratTipi._meta.get_field("saisie").flatchoices,
        help_text=_("Test et activation ne règlent jamais une facture."),
    )
    motif = forms.CharField(label=_("Motif"), max_length=200)


class FiltreSuivi(admin.SimpleListFilter):
    """Ce qui demande qu'on s'en occupe."""

    title, parameter_name = _("suivi"), "suivi"
    CONDITIONS = {
        "en-cours": (_("En cours"), Q(etat__in=OUVERTS)),
        "anomalie": (_("Anomalie"), ~Q(anomalie="")),
        "panne": (_("PayFiP ne répond pas"), Q(pannes__gt=0)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(valeur, libelle) for valeur, (libelle, _condition) in self.CONDITIONS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        choisi = self.CONDITIONS.get(self.value() or "")
        return queryset.filter(choisi[1]) if choisi else queryset


@admin.register(ContratTipi)
class ContratTipiAdmin(AdminParCommune):
    """Les contrats de la commune avec PayFiP."""

    rubrique = Rubrique.PAIEMENT
    list_display = ("regie", "numcli", "saisie", "transport")
    list_filter = ("saisie",)
    list_select_related = ("regie",)
    fiche = ("regie", "numcli", "saisie", "transport", "groupes")


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
        *("etat", "montant", "usager", "contrat", "refdet", "exer", "numcli", "saisie", "objet", "mel", "idop", "uuid"),
        *("cree_le", "envoye_le", "resultat", "numauto", "date_payfip", "anomalie", "relire_le", "pannes"),
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


def _contrat_de(regie: Regie) -> dict[str, str]:
    contrat = ContratTipi.objects.filter(regie=regie).first()
    return {"numcli": contrat.numcli, "saisie": contrat.saisie} if contrat else {}


def _raccorder(regie: Regie, numcli: str, saisie: str, motif: str) -> Texte:
    if not services.regler_contrat(regie=regie, numcli=numcli, saisie=saisie, motif=motif):
        raise ActeImpossible(_("Rien ne change : le contrat est déjà celui-là."))
    return _("Le contrat est enregistré.")


def _interroger(paiement: Paiement) -> Texte:
    services.constater(paiement=paiement, guichet=services.guichet(personne=True), cause="demandé par un agent")
    return _("PayFiP a été interrogé : cette tentative est « %(etat)s ».") % {"etat": paiement.get_etat_display()}


def _refus_d_interroger(paiement: Paiement) -> Texte:
    if paiement.idop is None:
        return _("PayFiP ne connaît pas cette tentative : elle ne lui est jamais parvenue.")
    return _("Cette tentative a abouti : son résultat est définitif.") if paiement.etat in SUCCES else ""


CONTRAT = (_("Contrat PayFiP"), _("Une erreur ici empêche tout paiement en ligne de ce service, sans délai."))
declarer_acte("portail.regie", Acte("raccorder", *CONTRAT, _raccorder, formulaire=ContratForm, initial=_contrat_de))
declarer_acte(
    "paiement_tipi.contrattipi",
    Acte(
        "modifier",
        _("Modifier"),
        CONTRAT[1],
        lambda contrat, **saisie: _raccorder(contrat.regie, **saisie),
        formulaire=ContratForm,
        initial=lambda contrat: {"numcli": contrat.numcli, "saisie": contrat.saisie},
    ),
)
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


def _chiffres(collectivite: Collectivite) -> list[Chiffre]:
    conditions = {nom.replace("-", "_"): condition for nom, (_libelle, condition) in FiltreSuivi.CONDITIONS.items()}
    a_suivre = Paiement.objects.filter(Q(*conditions.values(), _connector=Q.OR), collectivite=collectivite)
    lus = a_suivre.aggregate(**{nom: Count("pk", filter=condition) for nom, condition in conditions.items()})
    liste = reverse("gestion:paiement_tipi_paiement_changelist")
    return [
        Chiffre(_("En cours"), lus["en_cours"], f"{liste}?suivi=en-cours"),
        Chiffre(_("Anomalies"), lus["anomalie"], f"{liste}?suivi=anomalie", alerte=bool(lus["anomalie"])),
        Chiffre(_("PayFiP ne répond pas"), lus["panne"], f"{liste}?suivi=panne", alerte=bool(lus["panne"])),
    ]


declarer_carte(Carte(_("Paiements en ligne"), "paiement_tipi.paiement", _chiffres))
