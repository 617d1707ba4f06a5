"""Quel document de l'archive est celui d'une ligne : celui qu'elle nomme, celui de l'index, ou celui de ce motif."""

import csv
import io
import re
from collections.abc import Iterable, Mapping

from factures.imports.documents import Archive, DocumentRefuse
from factures.imports.encodages import ouvrir
from factures.imports.rangees import FichierRefuse
from factures.imports.tableaux import normaliser

MOTIF = "{numero}.pdf"
CHAMPS = ("numero", "reference", "code_redevable")
OCTETS_INDEX = 20 << 20
_INDEX = re.compile(r"(?:.*/)?(?:index|liste|table)[^/]*\.(?:csv|txt)")
_TITRES_FACTURE = {"numero", "numero_facture", "facture", "reference", "n_facture"}
_TITRES_DOCUMENT = {"fichier_pdf", "fichier", "document", "pdf", "nom_fichier", "nom_du_fichier"}


def defaut_du_motif(motif: str) -> str:
    """Pourquoi ce motif ne désignerait pas un document par facture ; vide s'il le fait."""
    noms = set(re.findall(r"{(\w*)}", motif))
    if (
        noms - set(CHAMPS)
        or motif.count("{") != motif.count("}")
        or motif.count("{") != len(re.findall(r"{\w+}", motif))
    ):
        return f"Écrivez entre accolades {', '.join(CHAMPS)}, et rien d'autre."
    if motif and not noms & {"numero", "reference"}:
        return "Le motif doit contenir {numero} ou {reference} : sans eux, deux factures auraient le même document."
    return ""


class Appariement:
    """Une archive, son index s'il y en a un, et le motif que suivent ses noms."""

    def __init__(self, archive: Archive, *, motif: str) -> None:
        self._archive, self._motif = archive, motif
        self._index = _lire_l_index(archive)

    def pour(self, ligne: Mapping[str, str]) -> tuple[str, bytes]:
        """Le nom du document et son contenu ; vides si rien ne désigne de document pour cette ligne."""
        nom = ligne["fichier_pdf"] or self._index.get(ligne["numero"], "") or self._index.get(ligne["reference"], "")
        nom = nom or self._d_apres_le_motif(ligne)
        return (nom, self._archive.lire(nom)) if nom else ("", b"")

    def orphelins(self, nommes: Iterable[str]) -> list[str]:
        """Les documents que rien ne désigne ; l'index n'en est pas un."""
        return [nom for nom in self._archive.orphelins(nommes) if not _INDEX.fullmatch(nom.casefold())]

    def _d_apres_le_motif(self, ligne: Mapping[str, str]) -> str:
        """« 2026/17 » peut être rangé sous « 2026-17.pdf » : un nom de fichier ne s'écrit pas comme un numéro."""
        if not self._motif:
            return ""
        exact = self._motif.format_map({champ: ligne[champ] for champ in CHAMPS})
        approche = self._motif.format_map({champ: re.sub(r"[^\w.-]", "-", ligne[champ]) for champ in CHAMPS})
        return next((nom for nom in (exact, approche, approche.replace("-", "_")) if self._archive.contient(nom)), "")


def _lire_l_index(archive: Archive) -> dict[str, str]:
    """Du numéro ou de la référence au document, d'après le CSV que l'archive contient peut-être."""
    noms = [nom for nom in archive.noms() if _INDEX.fullmatch(nom.casefold())]
    if not noms:
        return {}
    if len(noms) > 1:
        raise FichierRefuse("L'archive contient plusieurs index ; n'en laissez qu'un.")
    try:
        texte = ouvrir(io.BytesIO(archive.lire(noms[0])))
        lignes = csv.reader(texte, delimiter=max(";,\t|", key=texte.readline().count))
        texte.seek(0)
        return _index(lignes)
    except (DocumentRefuse, csv.Error) as erreur:
        raise FichierRefuse("L'index de l'archive ne peut pas être lu.") from erreur


def _index(lignes: Iterable[list[str]]) -> dict[str, str]:
    suite = iter(lignes)
    titres = [normaliser(titre) for titre in next(suite, [])]
    facture = next((rang for rang, titre in enumerate(titres) if titre in _TITRES_FACTURE), None)
    document = next((rang for rang, titre in enumerate(titres) if titre in _TITRES_DOCUMENT), None)
    if facture is None or document is None:
        raise FichierRefuse("L'index de l'archive doit avoir une colonne « numero » et une colonne « fichier_pdf ».")
    pleines = (cellules for cellules in suite if len(cellules) > max(facture, document))
    return {cellules[facture].strip(): cellules[document].strip() for cellules in pleines}
