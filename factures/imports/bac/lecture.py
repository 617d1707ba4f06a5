"""Le processus qui lit les factures : d'abord l'en-tête et quelques lignes, puis tout, sous les colonnes convenues."""

import os
import sys
from dataclasses import asdict
from itertools import islice
from typing import IO, Any, BinaryIO

from factures.imports.bac.enfant import mener, rouvrir
from factures.imports.bac.trames import dire, entendre
from factures.imports.formats import apercevoir, reconnaitre
from factures.imports.lignes import Ligne, interpreter
from factures.imports.rangees import FichierRefuse, Rangee

PAR_TRAME = 200
ARCHIVE_SEULE = "Ce fichier est une archive de documents : déposez avec elle le fichier des factures."


def servir(entree: IO[bytes], sortie: IO[bytes], reglages: dict[str, Any]) -> None:
    """L'en-tête ; puis, quand le parent a dit quelles colonnes, les rangées."""
    with rouvrir(reglages["fichier"]) as fichier:
        nom = reglages["format"] or reconnaitre(fichier)
        if nom == "zip":
            raise FichierRefuse(ARCHIVE_SEULE)
        apercu = apercevoir(fichier, nom, reglages["lignes"])
        dire(sortie, {"entete": {"format": nom, "titres": apercu.titres, "lignes": apercu.lignes}})
        convenu = entendre(entree)
        if convenu is None:
            return
        rangees = apercu.rangees(convenu["correspondance"], convenu["constantes"])
        restantes = (rangee for rangee in rangees if rangee.numero > convenu["depuis"])
        corrigees = {int(rang): cellules for rang, cellules in convenu["corrections"].items()}
        while paquet := [_comprise(r, corrigees, convenu) for r in islice(restantes, PAR_TRAME)]:
            dire(sortie, {"lignes": paquet, "part": _part(fichier)})
    dire(sortie, {"fin": True, "non_dits": asdict(apercu.non_dits)})


def _comprise(rangee: Rangee, corrigees: dict[int, dict[str, str]], convenu: dict[str, Any]) -> list[Any]:
    """Le numéro de la rangée et ses valeurs ; ou rien, ses cellules et leurs défauts."""
    if rangee.numero in corrigees:
        rangee = Rangee(rangee.numero, corrigees[rangee.numero])
    if convenu["brut"]:
        return [rangee.numero, None, dict(rangee.cellules), []]
    lue = interpreter(rangee, obligatoires=tuple(convenu["obligatoires"]))
    if isinstance(lue, Ligne):
        return [rangee.numero, lue.en_json()]
    return [rangee.numero, None, dict(rangee.cellules), [(rejet.champ, rejet.motif) for rejet in lue]]


def _part(fichier: BinaryIO) -> int:
    """Où en est la lecture, en centièmes du fichier."""
    taille = os.fstat(fichier.fileno()).st_size
    return min(99, fichier.tell() * 100 // max(taille, 1))


if __name__ == "__main__":
    sys.exit(mener(servir))
