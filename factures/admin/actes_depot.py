"""Ce qu'un agent fait d'un fichier : le déposer, en relier les colonnes, en corriger les lignes, le trancher."""

from collections.abc import Callable
from typing import Any

from django.core.files import File
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from factures.admin.formulaires_depot import (
    ColonnesForm,
    CorrectionsForm,
    DepotForm,
    preparer_le_depot,
    preparer_les_colonnes,
)
from factures.admin.formulaires_lots import ConflitsForm, preparer_les_conflits
from factures.admin.lots import nombre
from factures.admin.tableaux_lots import telles_quelles
from factures.etats import EtatLot, SortLigne
from factures.imports import FichierRefuse
from factures.models import LotImport
from factures.services import lots
from portail.gestion.registre import (
    Acte,
    ActeImpossible,
    Fait,
    Fichier,
    Texte,
    declarer_acte,
    declarer_acte_de_liste,
)
from portail.models import Collectivite, Regie

LOT = "factures.lotimport"
IMPOSSIBLES = (lots.LotIndisponible, lots.PublicationImpossible, lots.AnnulationImpossible, FichierRefuse)


def dans(*etats: EtatLot) -> Callable[[LotImport], Texte]:
    """L'acte n'a lieu d'être que dans ces états."""

    def refus(lot: LotImport) -> Texte:
        return "" if lot.etat in etats else _("Ce lot est « %(etat)s ».") % {"etat": lot.get_etat_display()}

    return refus


def mener(service: Callable[..., Any], phrase: Texte) -> Callable[..., Texte]:
    """Le service, ses refus pour la personne, et la phrase du succès."""

    def faire(lot: LotImport, **saisie: Any) -> Texte:
        try:
            service(lot=lot, **saisie)
        except IMPOSSIBLES as impossible:
            raise ActeImpossible(str(impossible)) from impossible
        return phrase

    return faire


def _deposer(collectivite: Collectivite, regie: Regie, fichier: Any, archive: Any, **reglages: Any) -> Fait:
    try:
        lot = lots.deposer(
            regie=regie, fichier=fichier, libelle=fichier.name or "", archive=archive, en_fond=True, **reglages
        )
    except (lots.DejaDepose, FichierRefuse) as refus:
        raise ActeImpossible(str(refus)) from refus
    return Fait(_("Le fichier est déposé. Sa lecture commence."), lot)


declarer_acte_de_liste(
    LOT,
    Acte(
        "deposer",
        gettext_lazy("Déposer un fichier"),
        gettext_lazy(
            "Rien ne sera visible des habitants : vous verrez d'abord ce que sa publication ferait, ligne par ligne, "
            "et vous pourrez y renoncer."
        ),
        _deposer,
        formulaire=DepotForm,
        preparer=preparer_le_depot,
    ),
)


def _montrer_les_lignes(lot: LotImport) -> Texte:
    """Le tableau brut, qui défile dans son cadre."""
    tableau = telles_quelles(lot)
    entete = format_html_join("", '<th scope="col">{}</th>', ((str(titre),) for titre in tableau.colonnes))
    corps = format_html_join(
        "", "<tr>{}</tr>", ((format_html_join("", "<td>{}</td>", ((c,) for c in ligne)),) for ligne in tableau.lignes)
    )
    return format_html(
        '<div class="defile" tabindex="0" role="region" aria-label="{}"><table><thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody></table></div>",
        tableau.titre,
        entete,
        corps,
    )


def _preparer_les_colonnes(formulaire: Any, lot: LotImport) -> None:
    """Le tableau se lit avant les listes : c'est lui qui dit quoi y choisir."""
    preparer_les_colonnes(formulaire, lot)
    formulaire.tableau = _montrer_les_lignes(lot)


declarer_acte(
    LOT,
    Acte(
        "relier",
        gettext_lazy("Relier les colonnes"),
        gettext_lazy(
            "Voici les premières lignes du fichier, telles quelles. Dites plus bas ce qu'est chaque colonne ; celles "
            "marquées * sont nécessaires. Le prochain du service qui aura le même en-tête se lira sans rien demander."
        ),
        mener(lots.relier, gettext_lazy("C'est retenu. Le fichier se lit.")),
        formulaire=ColonnesForm,
        preparer=_preparer_les_colonnes,
        gabarit="gestion/_colonnes.html",
        refus=dans(EtatLot.A_RELIER),
    ),
)


def _refus_de_corriger(lot: LotImport) -> Texte:
    if lot.etat != EtatLot.A_VERIFIER:
        return dans(EtatLot.A_VERIFIER)(lot)
    return "" if lot.a_corriger else _("Aucune ligne n'est à corriger.")


def _exporter(lot: LotImport) -> Fichier:
    nom = f"lot-{lot.pk}-a-corriger.csv"
    return Fichier(nom, lots.exporter_les_lignes_a_corriger(lot=lot), "text/csv; charset=utf-8")


declarer_acte(
    LOT,
    Acte(
        "corriger",
        gettext_lazy("Télécharger les lignes à corriger"),
        gettext_lazy(
            "Un fichier CSV avec chaque ligne telle que lue et ce qui ne va pas. Corrigez-le, puis redéposez-le."
        ),
        _exporter,
        refus=_refus_de_corriger,
    ),
)


def _redeposer(lot: LotImport, corrections: File[bytes]) -> Texte:
    try:
        lues = lots.lire_les_corrections(lot, corrections)
    except FichierRefuse as refus:
        raise ActeImpossible(str(refus)) from refus
    phrase = ngettext("%(n)s ligne corrigée est relue.", "%(n)s lignes corrigées sont relues.", len(lues))
    return mener(lots.corriger, phrase % {"n": nombre(len(lues))})(lot, corrections=lues)


declarer_acte(
    LOT,
    Acte(
        "redeposer",
        gettext_lazy("Redéposer les lignes corrigées"),
        gettext_lazy("Elles prennent la place de celles du fichier, et tout le lot est analysé de nouveau."),
        _redeposer,
        formulaire=CorrectionsForm,
        refus=_refus_de_corriger,
    ),
)


def _refus_de_trancher(lot: LotImport) -> Texte:
    if lot.etat != EtatLot.A_VERIFIER:
        return dans(EtatLot.A_VERIFIER)(lot)
    return "" if lot.bilan[SortLigne.CONFLIT]["nombre"] else _("Aucune ligne n'est en conflit.")


declarer_acte(
    LOT,
    Acte(
        "conflits",
        gettext_lazy("Trancher les conflits"),
        gettext_lazy(
            "Ces lignes contredisent des factures publiées. Une facture lue ou payée ne se remplace jamais : "
            "annulez-la avec un motif, et donnez un autre numéro à la nouvelle."
        ),
        mener(lots.trancher, gettext_lazy("C'est noté. Le lot est analysé de nouveau.")),
        formulaire=ConflitsForm,
        preparer=preparer_les_conflits,
        refus=_refus_de_trancher,
    ),
)
