"""Les fichiers de règlements reçus ailleurs : déposer, vérifier, enregistrer, annuler."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from factures.admin import non_dits
from factures.admin.reglements import RejetForm
from factures.etats.depots import ECARTES, ENREGISTRABLES, EtatDepot, SortReglement
from factures.imports import FichierRefuse
from factures.imports.reglements import COLONNES, LIGNES_MAXIMUM, MOYENS
from factures.models import DepotReglements, LigneDepot
from factures.services import depots
from portail.gestion.listes import FiltreLie
from portail.gestion.modele import AdminParCommune, Rubrique
from portail.gestion.registre import (
    Acte,
    ActeImpossible,
    Fait,
    Fichier,
    Tableau,
    Texte,
    declarer_acte,
    declarer_acte_de_liste,
    declarer_tableau,
)
from portail.models import Collectivite, Regie

MODELE = "factures.depotreglements"
OCTETS_MAXIMUM = 5 << 20
LIGNES_MONTREES = 50
COLONNES_D_UNE_LIGNE = (
    *(_("Ligne"), _("Facture"), _("Moyen"), _("Reçu le"), _("Bordereau"), _("Remarque")),
    *(_("Montant"), _("Au-delà du dû")),
)


@admin.register(DepotReglements)
class DepotReglementsAdmin(AdminParCommune):
    """Ce qui a été reçu au guichet, par chèque, par virement ou par le Trésor, fichier par fichier."""

    rubrique = Rubrique.FACTURES
    confidentiel = True
    list_display = ("libelle", "regie", "etat", "cree_le", "clos_le")
    list_filter = (("regie", FiltreLie), "etat")
    list_select_related = ("regie",)
    fiche = ("libelle", "regie", "etat", "cree_le", "clos_le")


class DepotForm(forms.Form):
    """Un fichier, pour un service."""

    regie = forms.ModelChoiceField(Regie.objects.none(), label=_("Service"), empty_label=None)
    fichier = forms.FileField(
        label=_("Fichier (CSV, XLSX ou ODS)"),
        help_text=_(
            "Première ligne : %(colonnes)s. Le numéro ou la référence de la facture suffit ; bordereau et pièce "
            "(numéro du chèque) sont facultatifs. Moyens : %(moyens)s. Par exemple : "
            "2026-EAU-1317;;45,60;12/11/2026;cheque;B-2026-118;0004512"
        )
        % {"colonnes": ";".join(COLONNES), "moyens": ", ".join(MOYENS)},
    )

    def clean_fichier(self) -> Any:
        """Borné avant d'être lu."""
        fichier = self.cleaned_data["fichier"]
        if fichier.size > OCTETS_MAXIMUM:
            raise forms.ValidationError(_("Ce fichier dépasse 5 Mo."))
        return fichier


class LaisserForm(forms.Form):
    """Les lignes qu'on accepte de perdre."""

    laisser = forms.BooleanField(
        label=_("Laisser de côté les lignes sans facture et les lignes à corriger"), required=False
    )


def _preparer(formulaire: Any, collectivite: Collectivite) -> None:
    formulaire.fields["regie"].queryset = Regie.objects.filter(collectivite=collectivite)


def _deposer(_collectivite: Collectivite, regie: Regie, fichier: Any) -> Fait:
    try:
        depot = depots.deposer(regie=regie, fichier=fichier.file, libelle=fichier.name)
    except FichierRefuse as refus:
        raise ActeImpossible(str(refus)) from refus
    except depots.DejaDepose as deja:
        phrase = _("Ce fichier est déjà déposé pour ce service (%(nom)s, %(etat)s) : rien n'a changé.")
        connu = {"nom": deja.depot.libelle, "etat": deja.depot.get_etat_display()}
        return Fait(phrase % connu, deja.depot)
    return Fait(_("Voici ce que l'enregistrement ferait. Rien n'est encore enregistré."), depot)


declarer_acte_de_liste(
    MODELE,
    Acte(
        "deposer",
        _("Déposer un fichier de règlements"),
        _(
            "Le fichier est lu et rapproché des factures ; vous verrez ce qui va, ce qui manque et ce qui dépasse "
            "avant d'enregistrer. Le déposer deux fois ne compte rien deux fois. %(lignes)d lignes au plus."
        )
        % {"lignes": LIGNES_MAXIMUM},
        _deposer,
        formulaire=DepotForm,
        preparer=_preparer,
    ),
)


def _refus_hors(etat: EtatDepot, phrase: Texte) -> Callable[[DepotReglements], Texte]:
    return lambda depot: "" if depot.etat == etat else phrase


A_VERIFIER = _refus_hors(EtatDepot.A_VERIFIER, _("Ce fichier n'est plus à vérifier."))
ENREGISTRE = _refus_hors(EtatDepot.ENREGISTRE, _("Ce fichier n'a rien enregistré, ou c'est déjà annulé."))


def _tenter(service: Callable[..., Any], phrase: Texte, deja: Texte = "") -> Callable[..., Texte]:
    """L'acte que fait ce service, dont le refus se lit au-dessus du formulaire."""

    def faire(depot: DepotReglements, **saisie: Any) -> Texte:
        try:
            fait = service(depot=depot, **saisie)
        except depots.DepotIndisponible as refus:
            raise ActeImpossible(str(refus)) from refus
        return deja if fait is False else phrase

    return faire


def _preparer_les_ecarts(formulaire: Any, depot: DepotReglements) -> None:
    if not depot.lignes.filter(sort__in=ECARTES).exists():
        del formulaire.fields["laisser"]


declarer_acte(
    MODELE,
    Acte(
        "enregistrer",
        _("Enregistrer les règlements"),
        _(
            "Les lignes rapprochées et celles au-delà du dû deviennent des règlements, toutes ou aucune ; le surplus "
            "devient un trop-perçu à rendre. Une ligne déjà payée en ligne confirme ce paiement, sans le compter deux "
            "fois ; une ligne à trancher rejoint les écarts."
        ),
        _tenter(depots.enregistrer, _("Le fichier est enregistré."), _("C'était déjà fait.")),
        formulaire=LaisserForm,
        preparer=_preparer_les_ecarts,
        refus=A_VERIFIER,
    ),
)
declarer_acte(
    MODELE,
    Acte(
        "relire",
        _("Rapprocher de nouveau"),
        _("Le fichier est comparé aux factures telles qu'elles sont maintenant."),
        _tenter(depots.relire, _("L'aperçu est refait.")),
        refus=A_VERIFIER,
    ),
)
declarer_acte(
    MODELE,
    Acte(
        "ecarts",
        _("Lignes à corriger"),
        _("Le fichier des lignes sans facture ou fautives, avec ce qui ne va pas : corrigez-le et déposez-le."),
        lambda depot: Fichier(
            f"a-corriger-{depot.pk}.csv", depots.a_corriger(depot).encode("utf-8-sig"), "text/csv; charset=utf-8"
        ),
        refus=lambda depot: (
            "" if depot.lignes.filter(sort__in=ECARTES).exists() else _("Aucune ligne n'est à corriger.")
        ),
    ),
)
declarer_acte(
    MODELE,
    Acte(
        "renoncer",
        _("Renoncer"),
        _("Le fichier est oublié : il n'aura rien laissé."),
        _tenter(depots.renoncer, _("Le fichier est abandonné.")),
        refus=A_VERIFIER,
    ),
)
declarer_acte(
    MODELE,
    Acte(
        "annuler",
        _("Annuler l'enregistrement"),
        _(
            "Chaque règlement de ce fichier est repris par une écriture contraire, que l'habitant lira avec votre "
            "motif. Ce que le fichier confirmait ne l'est plus ; un paiement annoncé par PayFiP qu'il a fait encaisser "
            "reste, et devient un écart à trancher. Le fichier peut être déposé de nouveau."
        ),
        _tenter(depots.annuler, _("Les règlements de ce fichier sont repris."), _("C'était déjà fait.")),
        formulaire=RejetForm,
        initial=lambda _depot: {"motif": str(_("Enregistré par erreur"))},
        refus=ENREGISTRE,
        danger=True,
    ),
)


def _bilan(depot: DepotReglements) -> Tableau:
    lignes = [(sort.label, nombre, euros, surplus) for sort, nombre, euros, surplus in depots.bilan(depot)]
    colonnes = (_("Sort"), _("Lignes"), _("Montant"), _("Dont au-delà du dû"))
    return Tableau(_("Ce que dit le fichier"), colonnes, lignes)


def _du_sort(sort: SortReglement) -> Callable[[DepotReglements], Tableau]:
    """Les premières lignes de ce sort, celles qui demandent un regard avant les autres."""

    def composer(depot: DepotReglements) -> Tableau:
        lignes = list(depot.lignes.filter(sort=sort).select_related("facture")[: LIGNES_MONTREES + 1])
        coupe = _("%(sort)s, les %(n)d premières lignes") if len(lignes) > LIGNES_MONTREES else "%(sort)s"
        return Tableau(
            coupe % {"sort": sort.label.capitalize(), "n": LIGNES_MONTREES},
            COLONNES_D_UNE_LIGNE,
            [_cellules(ligne) for ligne in lignes[:LIGNES_MONTREES]],
        )

    return composer


def _cellules(ligne: LigneDepot) -> tuple[Any, ...]:
    """Sa facture, ou ce que le fichier en disait."""
    dite = ligne.cellules.get("numero") or ligne.cellules.get("reference") or ""
    quoi = (ligne.rang, ligne.facture or dite, ligne.get_moyen_display(), ligne.jour, ligne.bordereau, ligne.motif)
    return (*quoi, ligne.montant, ligne.surplus)


declarer_tableau(MODELE, _bilan)
declarer_tableau(MODELE, non_dits.tableau)
for _sort in (*ECARTES, *reversed(ENREGISTRABLES), SortReglement.DEJA_ENREGISTRE):
    declarer_tableau(MODELE, _du_sort(_sort))
