"""Le processus qui ouvre l'archive des documents et vérifie chaque PDF avant que quiconque le garde."""

import sys
from contextlib import ExitStack
from typing import IO, Any

from factures.imports.appariement import Appariement
from factures.imports.bac.enfant import mener, rouvrir
from factures.imports.bac.trames import dire, ecrire, entendre
from factures.imports.documents import Archive, DocumentRefuse
from factures.imports.lecteur_pes import pieces_jointes
from factures.imports.pdf import porte, verifier

NOMS_CITES = 20


def servir(entree: IO[bytes], sortie: IO[bytes], reglages: dict[str, Any]) -> None:
    """L'archive ouverte, puis une réponse par demande, jusqu'à ce que le parent ferme."""
    with ExitStack() as pile:
        fichier = pile.enter_context(rouvrir(reglages["fichier"]))
        if reglages["extraire"]:
            with open(f"/proc/self/fd/{reglages['extraire']}", "wb") as vers:  # noqa: PTH123
                pieces_jointes(fichier, vers)
            fichier = pile.enter_context(rouvrir(reglages["extraire"]))
        documents = Appariement(Archive(fichier), motif=reglages["motif"])
        dire(sortie, {"pret": True})
        while (demande := entendre(entree)) is not None:
            if "nommes" in demande:
                noms = documents.orphelins(demande["nommes"])
                dire(sortie, {"nombre": len(noms), "noms": noms[:NOMS_CITES]})
            else:
                _rendre(sortie, documents, demande)


def _rendre(sortie: IO[bytes], documents: Appariement, ligne: dict[str, str]) -> None:
    """Le document de cette ligne et son contenu ; aucun ; ou pourquoi il est refusé."""
    try:
        nom, contenu = documents.pour(ligne)
        if nom:
            verifier(contenu)
    except DocumentRefuse as refus:
        dire(sortie, {"refuse": str(refus)})
        return
    douteux = bool(nom) and not porte(contenu, ligne["numero"], ligne["reference"])
    dire(sortie, {"nom": nom, "douteux": douteux})
    ecrire(sortie, contenu)


if __name__ == "__main__":
    sys.exit(mener(servir))
