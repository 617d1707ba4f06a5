"""Ce que XLSX et ODS ont de commun : une archive à ne pas croire, et des cellules qui ont un type."""

import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal
from typing import BinaryIO

from factures.imports.documents import verifier_le_repertoire
from factures.imports.rangees import FichierRefuse
from factures.imports.valeurs import ValeurRefusee

OCTETS_OUVERT = 200 << 20
ENTREES_MAXIMUM = 5_000
LIGNES_MAXIMUM = 1_048_576  # celles d'une feuille
VIDES_MAXIMUM = 10_000  # à la suite : une ligne qui se dit la millionième ferait lire toutes celles d'avant
CHIFFRES_SURS = 10**15  # un tableur n'en garde pas davantage

_TABLEUR = Context(prec=15, traps=[])  # 0,30000000000000004 est 0,3

ILLISIBLE = "Ce classeur ne peut pas être lu ; enregistrez-le de nouveau, ou exportez-le en CSV UTF-8."


@dataclass
class NonDits:
    """Ce qu'un agent ne voit pas en ouvrant son classeur, compté à mesure qu'on le lit ; un CSV n'en a pas.

    Les rangées cachées (un filtre oublié) sont lues comme les autres ; les feuilles, elles, ne le sont pas.
    """

    rangees_cachees: int = 0
    feuilles_cachees: int = 0
    autres_feuilles: int = 0


class Formule:
    """Une cellule qui calcule : sa valeur dépend du tableur qui l'ouvre."""


Valeur = str | int | float | Decimal | bool | date | Formule | None


def ouvrir(fichier: BinaryIO) -> zipfile.ZipFile:
    """Le classeur comme archive, son répertoire vérifié avant qu'on en ouvre rien."""
    try:
        archive = zipfile.ZipFile(fichier)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as erreur:
        raise FichierRefuse(ILLISIBLE) from erreur
    entrees = [entree for entree in archive.infolist() if not entree.is_dir()]
    if len(entrees) > ENTREES_MAXIMUM:
        raise FichierRefuse(ILLISIBLE)
    verifier_le_repertoire(entrees, en_tout=OCTETS_OUVERT)
    return archive


def en_texte(colonne: str, valeur: Valeur) -> str:
    """La cellule comme un CSV l'aurait dite ; ``ValeurRefusee`` si le tableur a pu y perdre quelque chose."""
    if valeur is None or isinstance(valeur, str):
        return valeur or ""
    if isinstance(valeur, Formule | bool):
        raise ValeurRefusee(f"la colonne « {colonne} » contient une formule ; collez-y les valeurs.")
    if isinstance(valeur, date):
        return _date(colonne, valeur)
    return _nombre(colonne, _TABLEUR.create_decimal(valeur if isinstance(valeur, Decimal) else repr(valeur)))


def _date(colonne: str, valeur: date) -> str:
    if not colonne.startswith("date"):
        raise ValeurRefusee(f"le tableur a fait une date de la colonne « {colonne} » ; mettez-la en texte.")
    jour = valeur.date() if isinstance(valeur, datetime) else valeur
    return f"{jour.day:02d}/{jour.month:02d}/{jour.year:04d}"


def _nombre(colonne: str, valeur: Decimal) -> str:
    if not valeur.is_finite() or abs(valeur) >= CHIFFRES_SURS:
        raise ValeurRefusee(f"le tableur a perdu des chiffres de la colonne « {colonne} » ; mettez-la en texte.")
    if colonne == "code_postal" and valeur == int(valeur):
        return f"{int(valeur):05d}"  # un code postal a cinq chiffres : le tableur a ôté le zéro de l'Ain
    if valeur == int(valeur):
        return str(int(valeur))
    return f"{valeur.normalize(_TABLEUR):f}"


def sans_fin_vide(cellules: list[Valeur]) -> list[Valeur]:
    """Un tableur annonce souvent des colonnes où il n'y a rien."""
    while cellules and cellules[-1] in {None, ""}:
        cellules.pop()
    return cellules
