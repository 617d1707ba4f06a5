"""Un fichier de règlements reçus ailleurs : CSV, XLSX ou ODS, une ligne par somme reçue."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO

from factures.imports import lecteur_csv, lecteur_ods, lecteur_xlsx, valeurs
from factures.imports.classeurs import NonDits, en_texte
from factures.imports.formats import reconnaitre
from factures.imports.rangees import Entete, FichierRefuse, Rangee
from factures.imports.tableaux import normaliser, ranger
from factures.imports.valeurs import ValeurRefusee

COLONNES = ("numero", "reference", "montant", "date", "moyen", "bordereau", "piece")
LIGNES_MAXIMUM = 5000
_ENTETE = Entete(COLONNES, ("montant", "date", "moyen"), frozenset(COLONNES))
_TITRES = {
    **dict.fromkeys(("date du règlement", "date de paiement", "reçu le"), "date"),
    **dict.fromkeys(("facture", "numéro de facture", "n° facture", "n° de facture"), "numero"),
    **dict.fromkeys(("référence de la facture", "référence de paiement"), "reference"),
    **dict.fromkeys(("somme", "montant réglé", "montant payé"), "montant"),
    **dict.fromkeys(("mode", "moyen de paiement", "mode de paiement", "mode de règlement"), "moyen"),
    **dict.fromkeys(("référence de bordereau", "numéro de bordereau", "n° bordereau", "n° de bordereau"), "bordereau"),
    **dict.fromkeys(("pièce", "numéro de chèque", "n° de chèque", "référence du règlement"), "piece"),
}
MOYENS = {
    "carte": ("carte", "cb", "carte_bancaire", "carte_bleue", "tpe"),
    "prelevement": ("prelevement", "prel", "prelevement_automatique"),
    "virement": ("virement", "vir"),
    "cheque": ("cheque", "chq", "chq_bancaire", "cheque_bancaire"),
    "especes": ("especes", "espece", "liquide", "numeraire"),
    "tresor": ("tresor", "tresor_public", "tresorerie", "dgfip"),
}
_MOYENS = {nom: moyen for moyen, noms in MOYENS.items() for nom in noms}
_CLASSEURS = {"ods": lecteur_ods.enregistrements, "xlsx": lecteur_xlsx.enregistrements}
_LONGUEURS = {"numero": 40, "reference": 40, "bordereau": 40, "piece": 40}


@dataclass(frozen=True, slots=True)
class LigneRecue:
    """De l'argent reçu pour la facture de ce numéro, ou de cette référence."""

    numero: str
    reference: str
    montant: Decimal
    jour: date
    moyen: str
    bordereau: str
    piece: str


def lire(fichier: BinaryIO, non_dits: NonDits | None = None) -> Iterator[Rangee]:
    """Les rangées du fichier ; ``FichierRefuse`` si ce n'est pas un tableau de règlements."""
    nom = reconnaitre(fichier)
    fichier.seek(0)
    if nom == "csv":
        rangees = ranger(lecteur_csv.enregistrements(fichier), correspondance=_TITRES, entete=_ENTETE)
    elif nom in _CLASSEURS:
        lignes = _CLASSEURS[nom](fichier, non_dits)
        rangees = ranger(lignes, correspondance=_TITRES, entete=_ENTETE, en_texte=en_texte)
    else:
        raise FichierRefuse("Déposez un tableau : CSV, XLSX ou ODS.")
    for nombre, rangee in enumerate(rangees, start=1):
        if nombre > LIGNES_MAXIMUM:
            raise FichierRefuse(f"Ce fichier a plus de {LIGNES_MAXIMUM} lignes ; coupez-le en plusieurs.")
        yield rangee


def comprendre(rangee: Rangee) -> LigneRecue | str:
    """La ligne, ou tout ce qui ne va pas, en une phrase."""
    if rangee.defaut:
        return rangee.defaut
    lues, defauts = {}, []
    for colonne, lire_une in _VALEURS.items():
        texte = " ".join(rangee.cellules.get(colonne, "").split())
        try:
            lues[colonne] = lire_une(colonne, texte)
        except ValeurRefusee as refus:
            defauts.append(str(refus))
    if not lues.get("numero") and not lues.get("reference"):
        defauts.append("ni le numéro ni la référence de la facture.")
    return " ".join(defauts) if defauts else LigneRecue(jour=lues.pop("date"), **lues)


def _texte(colonne: str, texte: str) -> str:
    if len(texte) > _LONGUEURS[colonne] or not texte.isprintable():
        raise ValeurRefusee(f"la colonne « {colonne} » est trop longue, ou contient un caractère illisible.")
    return texte


def _montant(colonne: str, texte: str) -> Decimal:
    euros = valeurs.montant(_present(colonne, texte))
    if euros < 0:
        raise ValeurRefusee("le montant est négatif ; un rejet s'enregistre sur la fiche du règlement.")
    return euros


def _jour(colonne: str, texte: str) -> date:
    return valeurs.jour(_present(colonne, texte))


def _moyen(colonne: str, texte: str) -> str:
    moyen = _MOYENS.get(normaliser(_present(colonne, texte)))
    if moyen is None:
        raise ValeurRefusee(f"le moyen « {texte[:40]} » est inconnu ; écrivez {', '.join(MOYENS)}.")
    return moyen


def _present(colonne: str, texte: str) -> str:
    if not texte:
        raise ValeurRefusee(f"la colonne « {colonne} » est vide.")
    return texte


_VALEURS: dict[str, Callable[[str, str], Any]] = {
    **dict.fromkeys(_LONGUEURS, _texte),
    "montant": _montant,
    "date": _jour,
    "moyen": _moyen,
}
