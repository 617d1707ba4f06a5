"""Ce que montre la fiche d'un lot : totaux de contrôle, avertissements, lignes d'exemple, lignes à corriger."""

from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from factures.admin.listes import court
from factures.admin.lots import nombre
from factures.admin.non_dits import faits as non_dits
from factures.argent import depuis_centimes
from factures.etats import EtatLot, SortLigne
from factures.models import LotImport
from portail.gestion.champs import SAUF_LECTURE
from portail.gestion.registre import Reservee, Tableau, declarer_tableau

MONTREES = 20
A_DECIDER = frozenset({EtatLot.A_VERIFIER, EtatLot.PROGRAMME})
NATURES = {
    "religion": gettext_lazy("une religion"),
    "sante": gettext_lazy("la santé"),
    "opinions": gettext_lazy("des opinions"),
    "social": gettext_lazy("une situation sociale"),
    "identite": gettext_lazy("un numéro ou une date d'identité"),
}
CHAMPS = {
    "nom": gettext_lazy("nom"),
    "prenom": gettext_lazy("prénom"),
    "adresse": gettext_lazy("adresse"),
    "code_postal": gettext_lazy("code postal"),
    "ville": gettext_lazy("ville"),
    "courriel": gettext_lazy("adresse mail"),
}


def _totaux(lot: LotImport) -> Tableau:
    """De quoi comparer au bordereau du logiciel : lignes et euros, sort par sort."""
    lignes: list[tuple[Any, ...]] = []
    if lot.bilan:
        comptes = [(sort.label, lot.bilan.get(sort, {"nombre": 0, "centimes": 0})) for sort in SortLigne]
        lignes = [
            (libelle, nombre(c["nombre"]), depuis_centimes(c["centimes"])) for libelle, c in comptes if c["nombre"]
        ]
        if lot.bilan["rejetees"]:
            lignes.append((_("rejetée, à corriger"), nombre(lot.bilan["rejetees"]), None))
        total = depuis_centimes(sum(c["centimes"] for _libelle, c in comptes))
        lignes.append((_("en tout dans le fichier"), nombre(lot.bilan["lignes"]), total))
    return Tableau(_("Totaux de contrôle"), (_("Sort"), _("Lignes"), _("Euros")), lignes)


def _a_savoir(lot: LotImport) -> Tableau:
    """Ce qui n'empêche rien, et qu'il vaut mieux avoir lu avant de publier."""
    bilan = lot.bilan if lot.etat in A_DECIDER else {}
    orphelins = bilan.get("orphelins", {"nombre": 0, "noms": []})
    faits = (
        *non_dits(bilan.get("non_dits", {})),
        (_("Redevables que la commune ne connaissait pas"), bilan.get("redevables_nouveaux", 0), ""),
        (_("Redevables dont le nom ou l'adresse change"), bilan.get("redevables_modifies", 0), ""),
        (_("Libellés qui révèlent peut-être quelque chose de privé"), bilan.get("sensibles", 0), ""),
        (_("Documents joints"), bilan.get("documents", 0), ""),
        (_("Documents qui ne portent ni le numéro ni la référence"), bilan.get("documents_douteux", 0), ""),
        (_("Documents de l'archive qui ne sont à aucune ligne"), orphelins["nombre"], ", ".join(orphelins["noms"])),
    )
    lignes = [(quoi, nombre(combien), detail) for quoi, combien, detail in faits if combien]
    return Tableau(_("À savoir avant de publier"), (_("Quoi"), _("Combien"), _("Lesquels")), lignes)


def _rejets(lot: LotImport) -> Tableau:
    lus = lot.rejets.all()[:MONTREES] if lot.etat in A_DECIDER else []
    lignes = [(rejet.rang, rejet.champ, rejet.motif) for rejet in lus]
    colonnes = (_("Ligne"), _("Colonne"), Reservee(_("Motif"), SAUF_LECTURE))
    return Tableau(_("Lignes rejetées (les premières)"), colonnes, lignes)


def _conflits(lot: LotImport) -> Tableau:
    lus = lot.lignes.filter(sort=SortLigne.CONFLIT)[:MONTREES] if lot.etat in A_DECIDER else []
    lignes = [(ligne.rang, ligne.numero, ligne.montant, ligne.motif) for ligne in lus]
    colonnes = (_("Ligne"), _("Facture"), _("Montant du fichier"), Reservee(_("Motif"), SAUF_LECTURE))
    return Tableau(_("Lignes en conflit (les premières)"), colonnes, lignes)


def _sensibles(lot: LotImport) -> Tableau:
    """Un même libellé une fois : c'est souvent celui d'une prestation, à renommer dans le logiciel."""
    lus = lot.lignes.exclude(sensible="").order_by() if lot.etat in A_DECIDER else lot.lignes.none()
    groupes = lus.values_list("objet", "sensible").annotate(n=Count("pk")).order_by("-n", "objet")[:MONTREES]
    lignes = [(objet, NATURES[nature], nombre(n)) for objet, nature, n in groupes]
    colonnes = (_("Libellé"), _("Ce qu'il révèle peut-être"), _("Lignes"))
    return Tableau(_("Libellés à relire"), colonnes, lignes)


def _redevables(lot: LotImport) -> Tableau:
    changees = lot.lignes.exclude(redevable_avant={}) if lot.etat in A_DECIDER else lot.lignes.none()
    lignes = [
        (f"{ligne.source} {ligne.code_redevable}", CHAMPS[champ], avant, getattr(ligne, champ))
        for ligne in changees[:MONTREES]
        for champ, avant in ligne.redevable_avant.items()
    ]
    prives = (Reservee(_("Aujourd'hui"), SAUF_LECTURE), Reservee(_("Dans le fichier"), SAUF_LECTURE))
    return Tableau(_("Redevables qui changent (les premiers)"), (_("Code client"), _("Quoi"), *prives), lignes)


def _douteux(lot: LotImport) -> Tableau:
    lus = lot.lignes.filter(pdf_douteux=True)[:MONTREES] if lot.etat in A_DECIDER else []
    lignes = [(ligne.rang, ligne.numero, ligne.fichier_pdf) for ligne in lus]
    titre = _("Documents à ouvrir : ils ne portent pas le numéro de leur facture")
    return Tableau(titre, (_("Ligne"), _("Facture"), _("Document")), lignes)


def _exemples(lot: LotImport) -> Tableau:
    lus = lot.lignes.all()[:MONTREES] if lot.etat in A_DECIDER else []
    lignes = [
        (
            *(ligne.rang, ligne.numero, ligne.get_sort_display(), f"{ligne.nom} {ligne.prenom}".strip(), ligne.objet),
            *(court(ligne.date_emission), court(ligne.date_echeance), ligne.montant),
        )
        for ligne in lus
    ]
    colonnes = (
        *(_("Ligne"), _("Facture"), _("Sort"), _("Redevable"), _("Objet")),
        *(_("Émise le"), _("Échéance"), _("Montant")),
    )
    return Tableau(_("Les 20 premières lignes, telles que comprises"), colonnes, lignes)


def telles_quelles(lot: LotImport) -> Tableau:
    """Avant d'avoir rien compris : si un accent y est abîmé, c'est qu'il l'est dans le fichier."""
    apercu = lot.apercu if lot.etat == EtatLot.A_RELIER else {}
    titres, lignes = apercu.get("titres", []), apercu.get("lignes", [])
    pleines = [(*ligne, *[""] * (len(titres) - len(ligne))) for ligne in lignes]
    colonnes = tuple(Reservee(titre or "–", SAUF_LECTURE) for titre in titres)
    return Tableau(_("Les 20 premières lignes, telles que dans le fichier"), colonnes, pleines)


for _composer in (
    *(_totaux, _a_savoir, _rejets, _conflits, _sensibles, _redevables, _douteux, _exemples),
    telles_quelles,
):
    declarer_tableau("factures.lotimport", _composer)
