"""Ce que tout format devient avant d'être compris : des rangées de texte, sous les colonnes d'un même tableau."""

from collections.abc import Mapping
from dataclasses import dataclass

OBLIGATOIRES = ("source", "code_redevable", "nom", "numero", "reference", "objet", "montant", "date_emission")
COLONNES = (
    *("source", "code_redevable", "nom", "prenom", "adresse", "code_postal", "ville", "courriel"),
    *("numero", "reference", "exercice", "objet", "montant"),
    *("date_emission", "date_echeance", "date_limite_en_ligne", "date_prelevement", "fichier_pdf"),
)
# Les parties d'une référence de titre ou de rôle, quand le fichier les donne.
PARTIES = ("code_recette", "periode", "piece", "ligne", "dette")
REPERE = "ligne_du_lot"  # dans le fichier des lignes à corriger : « lot/ligne »
CONNUES = frozenset((*COLONNES, *PARTIES, REPERE))


@dataclass(frozen=True, slots=True)
class Entete:
    """Ce qu'un tableau doit avoir en première ligne : ce qu'on y lit, ce qui doit y être, et comment on le montre."""

    colonnes: tuple[str, ...]
    obligatoires: tuple[str, ...]
    connues: frozenset[str]


FACTURES = Entete(COLONNES, OBLIGATOIRES, CONNUES)


class FichierRefuse(Exception):
    """Le fichier entier ne peut pas être lu ; la phrase dit pourquoi, et quoi faire."""


@dataclass(frozen=True, slots=True)
class Rangee:
    """Une ligne du fichier, non comprise encore ; une colonne absente vaut une cellule vide.

    ``defaut`` dit ce qui la rend illisible en entier (trop de cellules…) ; vide si l'on peut la comprendre.
    """

    numero: int
    cellules: Mapping[str, str]
    defaut: str = ""
