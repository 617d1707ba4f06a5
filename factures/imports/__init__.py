"""Lire ce qu'exportent les logiciels de facturation : du Python pur, qui ne connaît ni la base ni Django."""

from factures.imports.lignes import Ligne, Rejet, interpreter
from factures.imports.rangees import COLONNES, OBLIGATOIRES, PARTIES, FichierRefuse, Rangee

__all__ = ["COLONNES", "OBLIGATOIRES", "PARTIES", "FichierRefuse", "Ligne", "Rangee", "Rejet", "interpreter"]
