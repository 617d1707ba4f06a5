"""Les documents joints aux factures : trouvés dans une archive sans s'y fier, et vérifiés avant d'être gardés."""

import contextlib
import re
import shutil
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, BinaryIO

from factures.imports.rangees import FichierRefuse

OCTETS_PAR_DOCUMENT = 20 << 20
ENTREES_MAXIMUM = 100_000
OCTETS_EN_TOUT = 20 << 30
RAPPORT_MAXIMUM = 100
NOM_MAXIMUM = 255

_ARCHIVES = (".zip", ".7z", ".rar", ".gz", ".tar", ".tgz", ".xz", ".bz2")
_CHEMIN_ABSOLU = re.compile(r"/|[A-Za-z]:")


class DocumentRefuse(ValueError):
    """La phrase se lit après « Ligne 12 : »."""


class Archive:
    """Un ZIP dont on croit le répertoire assez pour le refuser, jamais assez pour lui obéir."""

    def __init__(self, fichier: BinaryIO) -> None:
        try:
            self._zip = zipfile.ZipFile(fichier)
            entrees = [entree for entree in self._zip.infolist() if not entree.is_dir()]
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as erreur:
            raise FichierRefuse("L'archive des documents n'est pas un ZIP lisible.") from erreur
        verifier_le_repertoire(entrees, en_tout=OCTETS_EN_TOUT)
        self._entrees = _par_nom(entrees)
        self._par_fin = _par_fin(self._entrees)

    def lire(self, nom: str) -> bytes:
        """Le contenu de ce document ; ``DocumentRefuse`` s'il n'y est pas ou ne se lit pas."""
        entree = self._trouver(nom)
        try:
            with self._zip.open(entree) as flux:
                return lire_au_plus(flux, OCTETS_PAR_DOCUMENT, nom)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as erreur:
            raise DocumentRefuse(f"le document « {nom} » est abîmé dans l'archive.") from erreur

    def noms(self) -> list[str]:
        """Tous, dans l'ordre de l'archive."""
        return [entree.filename for entree in self._entrees.values()]

    def contient(self, nom: str) -> bool:
        """Vrai si ``lire`` trouverait un document de ce nom, ou en trouverait plusieurs."""
        cle = _cle(nom)
        return cle in self._entrees or cle.rpartition("/")[2] in self._par_fin

    def orphelins(self, nommes: Iterable[str]) -> list[str]:
        """Les documents fournis que rien ne nomme."""
        trouves = set()
        for nom in nommes:
            with contextlib.suppress(DocumentRefuse):
                trouves.add(self._trouver(nom).filename)
        return sorted(entree.filename for entree in self._entrees.values() if entree.filename not in trouves)

    def _trouver(self, nom: str) -> zipfile.ZipInfo:
        """À ce chemin exactement, sinon le seul de ce nom, dans quelque dossier que ce soit."""
        cle = _cle(nom)
        if cle in self._entrees:
            return self._entrees[cle]
        candidates = self._par_fin.get(cle.rpartition("/")[2], [])
        if len(candidates) > 1:
            raise DocumentRefuse(f"l'archive contient plusieurs documents « {nom} » ; écrivez aussi leur dossier.")
        if not candidates:
            raise DocumentRefuse(f"le document « {nom} » n'est pas dans l'archive.")
        return candidates[0]


def lire_au_plus(flux: IO[bytes], octets: int, nom: str) -> bytes:
    """Compte ce qui sort vraiment : les tailles annoncées peuvent mentir."""
    contenu = flux.read(octets + 1)
    if len(contenu) > octets:
        raise DocumentRefuse(f"le document « {nom} » dépasse {octets >> 20} Mio.")
    return contenu


def verifier_le_repertoire(entrees: list[zipfile.ZipInfo], *, en_tout: int) -> None:
    """``FichierRefuse`` avant d'ouvrir quoi que ce soit : bombes, chemins qui s'échappent, liens, doubles."""
    if len(entrees) > ENTREES_MAXIMUM:
        raise FichierRefuse(f"L'archive contient plus de {ENTREES_MAXIMUM} documents.")
    if sum(entree.file_size for entree in entrees) > en_tout:
        raise FichierRefuse(f"L'archive dépasse {en_tout >> 20} Mio une fois ouverte.")
    for entree in entrees:
        if defaut := _defaut(entree):
            nom = "".join(signe if signe.isprintable() else "?" for signe in entree.filename[:80])
            raise FichierRefuse(f"L'archive contient « {nom} », {defaut}.")


def _defaut(entree: zipfile.ZipInfo) -> str:
    chemin = entree.filename.replace("\\", "/")
    defauts = {
        "dont le nom est trop long": len(chemin) > NOM_MAXIMUM,
        "dont le chemin sort de l'archive": bool(_CHEMIN_ABSOLU.match(chemin)) or ".." in chemin.split("/"),
        "qui est un lien": stat.S_ISLNK(entree.external_attr >> 16),
        "qui est protégé par un mot de passe": bool(entree.flag_bits & 1),
        "qui est une autre archive": chemin.lower().endswith(_ARCHIVES),
        "qui se gonfle démesurément": entree.file_size > RAPPORT_MAXIMUM * max(entree.compress_size, 1024),
    }
    return next((phrase for phrase, vrai in defauts.items() if vrai), "")


def _cle(nom: str) -> str:
    """La même pour deux noms qu'un système de fichiers confondrait."""
    return unicodedata.normalize("NFC", nom.replace("\\", "/").removeprefix("./")).casefold()


def _par_nom(entrees: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    par_nom = {_cle(entree.filename): entree for entree in entrees}
    if len(par_nom) < len(entrees):
        raise FichierRefuse("L'archive contient deux documents du même nom.")
    return par_nom


def _par_fin(entrees: dict[str, zipfile.ZipInfo]) -> dict[str, list[zipfile.ZipInfo]]:
    par_fin: dict[str, list[zipfile.ZipInfo]] = {}
    for cle, entree in entrees.items():
        par_fin.setdefault(cle.rpartition("/")[2], []).append(entree)
    return par_fin


def rassembler(dossier: Path, noms: Iterable[str], vers: BinaryIO) -> None:
    """Range dans un ZIP ceux de ces documents qui sont dans ce dossier ; les autres manqueront à leur ligne."""
    racine = dossier.resolve()
    with zipfile.ZipFile(vers, "w", zipfile.ZIP_STORED) as archive:
        for nom in sorted(set(noms)):
            with contextlib.suppress(OSError, ValueError):  # un nom impossible, ou un document illisible
                chemin = (racine / nom.replace("\\", "/")).resolve()
                if chemin.is_relative_to(racine) and chemin.is_file():
                    _ajouter(archive, chemin, nom)


def _ajouter(archive: zipfile.ZipFile, chemin: Path, nom: str) -> None:
    """Sans date : le même dossier donne deux fois la même archive."""
    with chemin.open("rb") as source, archive.open(zipfile.ZipInfo(nom), "w") as copie:
        shutil.copyfileobj(source, copie)
