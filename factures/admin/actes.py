"""Ce qu'un agent fait d'une facture, ce qu'il en lit sous sa fiche, et les chiffres de l'accueil."""

from datetime import date
from operator import attrgetter

from django import forms
from django.utils.translation import gettext_lazy as _

from factures.etats import TRANSITIONS, Empechement, Statut
from factures.models import Facture
from factures.services import annuler, exporter_le_papier
from portail.gestion.champs import SAUF_LECTURE
from portail.gestion.registre import (
    Acte,
    ActeImpossible,
    Fichier,
    Reservee,
    Tableau,
    Texte,
    declarer_acte,
    declarer_tableau,
)
from portail.models import Regie

EN_PAIEMENT = frozenset({Empechement.PAIEMENT_EN_COURS, Empechement.PAIEMENT_ABANDONNE, Empechement.PAIEMENT_DECLARE})
EN_COURS = _("Un paiement est en cours pour cette facture : attendez qu'il aboutisse ou expire.")


class MotifForm(forms.Form):
    """Pourquoi la facture est annulée."""

    motif = forms.CharField(
        label=_("Motif"),
        max_length=200,
        help_text=_("L'habitant lira ce motif. Par exemple : « Erreur de relevé : une nouvelle facture suit »."),
    )


def refus_d_annuler(facture: Facture) -> Texte:
    """Pourquoi cette facture ne s'annule pas ; vide si elle le peut."""
    if Statut.ANNULEE not in TRANSITIONS[Statut(facture.statut)]:
        return _("Cette facture est déjà annulée.")
    if facture.statut == Statut.BROUILLON and facture.lot_id:
        return _("Ce brouillon est celui d'un lot d'import.")
    if facture.empechement in EN_PAIEMENT:
        return EN_COURS
    return ""


def _annuler(facture: Facture, motif: str) -> Texte:
    if not annuler(factures=[facture], motif=motif, version=facture.version):
        raise ActeImpossible(_("Cette facture vient de changer."))
    return _("La facture est annulée.")


declarer_acte(
    "factures.facture",
    Acte(
        "annuler",
        _("Annuler la facture"),
        _("L'habitant la verra annulée, avec votre motif, et ne pourra plus la payer. C'est définitif."),
        _annuler,
        formulaire=MotifForm,
        refus=refus_d_annuler,
        version=attrgetter("version"),
        danger=True,
    ),
)


class DepuisForm(forms.Form):
    """Depuis quand."""

    depuis = forms.DateField(
        label=_("Factures publiées depuis le"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


def _exporter(regie: Regie, depuis: date) -> Fichier:
    nom = f"papier-{regie.code}-{depuis:%Y-%m-%d}.csv"
    return Fichier(nom, exporter_le_papier(regie=regie, depuis=depuis), "text/csv; charset=utf-8")


declarer_acte(
    "portail.regie",
    Acte(
        "papier",
        _("Qui veut du papier"),
        _("Le fichier des redevables de ce service à qui envoyer leurs factures par la poste, chacun une fois."),
        _exporter,
        formulaire=DepuisForm,
        initial=lambda regie: {"depuis": regie.collectivite.aujourd_hui()},
    ),
)


def _lignes(facture: Facture) -> Tableau:
    lignes = [(li.libelle, li.quantite, li.prix_unitaire, li.montant) for li in facture.lignes.all()]
    return Tableau(_("Lignes"), (_("Désignation"), _("Quantité"), _("Prix unitaire"), _("Montant")), lignes)


def _reglements(facture: Facture) -> Tableau:
    lus = facture.reglements.all()
    lignes = [(r, r.recu_le, r.get_moyen_display(), r.bordereau, r.reference, r.motif, r.montant) for r in lus]
    motif = Reservee(_("Motif"), SAUF_LECTURE)
    colonnes = (_("Règlement"), _("Le"), _("Moyen"), _("Bordereau"), _("Référence"), motif, _("Montant"))
    return Tableau(_("Règlements"), colonnes, lignes)


def _declarations(facture: Facture) -> Tableau:
    lues = facture.declarations.select_related("usager").order_by("pk")
    lignes = [(str(d.usager), d.cree_le, d.get_etat_display()) for d in lues]
    return Tableau(_("Dite réglée par"), (_("Personne"), _("Depuis"), _("État")), lignes)


def _consultations(facture: Facture) -> Tableau:
    lues = facture.consultations.select_related("usager").order_by("pk")
    return Tableau(_("Lue par"), (_("Personne"), _("La première fois")), [(str(c.usager), c.lue_le) for c in lues])


def _remplacantes(facture: Facture) -> Tableau:
    lignes = [(f, f.get_statut_display(), f.montant) for f in facture.suivantes]
    return Tableau(_("Remplacée par"), (_("Facture"), _("Statut"), _("Montant")), lignes)


for _composer in (_lignes, _remplacantes, _reglements, _declarations, _consultations):
    declarer_tableau("factures.facture", _composer)
