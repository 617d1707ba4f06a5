"""Le dossier de dépôt d'un service : un logiciel y écrit (SFTP), nous y prenons, un reçu dit ce qui a été pris.

``DEPOTS/<LIEN>/<CODE>/`` : un fichier de factures et, s'il y en a, ses documents dans le ZIP du même nom. Prendre est
un renommage, donc d'un seul, vers ``DEPOTS/.pris/``, où le logiciel n'écrit pas ; puis le fichier se fait lot, laisse
son reçu et disparaît. Arrêté n'importe où, on recommence par ``.pris/`` : le même contenu ne fait jamais deux lots.
"""

import hashlib
import logging
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from io import BufferedReader
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from factures.imports import FichierRefuse
from factures.services.lots.depot import DejaDepose, deposer
from portail.models import Regie
from portail.taches import progresser

journal = logging.getLogger(__name__)

CALME_SECONDES = 60.0  # depuis la dernière écriture : plus personne n'est en train de l'écrire
EN_ECRITURE = (".part", ".tmp", ".filepart", ".crdownload", ".swp")
ARCHIVE, RECU, REFUSE = ".zip", ".recu.txt", ".refuse"
NOM_MAXIMUM = 200  # octets, pour que celui de son reçu reste possible


def relever_les_depots() -> int:
    """Prend tout ce qui attend ; rend le nombre de lots nés. Un dossier illisible n'arrête pas les autres."""
    nes = 0
    for regie in Regie.objects.select_related("collectivite").order_by("pk"):
        progresser()
        try:
            nes += _relever(regie)
        except OSError:
            journal.exception("Le dossier de dépôt du service %s ne se lit pas.", regie.pk)
    return nes


def dossier_de(regie: Regie) -> Path:
    """Où son logiciel de facturation dépose."""
    return Path(settings.DEPOTS) / regie.collectivite.lien / regie.code


def _pris(regie: Regie) -> Path:
    return Path(settings.DEPOTS) / ".pris" / regie.collectivite.lien / regie.code


def _relever(regie: Regie) -> int:
    dossier, pris = dossier_de(regie), _pris(regie)
    for endroit in (dossier, pris):
        endroit.mkdir(parents=True, exist_ok=True)
    if dossier.is_symlink() or dossier.parent.is_symlink():
        return 0  # vers le dossier d'une autre commune, peut-être
    _rendre_les_archives_seules(dossier, pris)
    for nom in _a_prendre(dossier):
        with suppress(FileNotFoundError):  # un autre l'a pris
            (dossier / nom).rename(pris / nom)
    return sum(_deposer(regie, nom) for nom in _noms(pris) if not nom.lower().endswith(ARCHIVE))


def _noms(dossier: Path) -> list[str]:
    return sorted(entree.name for entree in os.scandir(dossier) if not entree.name.startswith("."))


def _souche(nom: str) -> str:
    return Path(nom).stem.casefold()


def _rendre_les_archives_seules(dossier: Path, pris: Path) -> None:
    """Un arrêt entre deux renommages a séparé une archive de son fichier : elle l'attend de nouveau."""
    noms = _noms(pris)
    accompagnees = {_souche(nom) for nom in noms if not nom.lower().endswith(ARCHIVE)}
    for nom in noms:
        if _souche(nom) not in accompagnees and not (dossier / nom).exists():
            (pris / nom).rename(dossier / nom)


def _a_prendre(dossier: Path) -> Iterator[str]:
    """Les fichiers de factures que plus personne n'écrit, précédés de leur archive ; un ZIP seul attend le sien."""
    par_souche: dict[str, list[str]] = {}
    for nom in _noms(dossier):
        if not nom.lower().endswith((RECU, REFUSE)) and not (dossier / nom).is_dir():
            par_souche.setdefault(_souche(nom), []).append(nom)
    for ensemble in par_souche.values():
        archives = [nom for nom in ensemble if nom.lower().endswith(ARCHIVE)]
        if len(archives) < len(ensemble) and all(_est_calme(dossier / nom) for nom in ensemble):
            yield from sorted(ensemble, key=lambda nom: nom not in archives)


def _est_calme(chemin: Path) -> bool:
    try:
        ecrit = chemin.lstat().st_mtime
    except FileNotFoundError:
        return False
    return not chemin.name.lower().endswith(EN_ECRITURE) and time.time() - ecrit >= CALME_SECONDES


def _deposer(regie: Regie, nom: str) -> int:
    """Un lot, ou le fichier rendu à son dossier sous un autre nom ; dans les deux cas un reçu dit lequel."""
    dossier, pris = dossier_de(regie), _pris(regie)
    archives = [n for n in _noms(pris) if _souche(n) == _souche(nom) and n.lower().endswith(ARCHIVE)]
    noms = [nom, *archives[:1]]
    try:
        phrase, nes = _en_faire_un_lot(regie, [pris / n for n in noms])
    except FileNotFoundError:  # un autre l'a fini
        return 0
    except (FichierRefuse, OSError) as refus:
        phrase = str(refus) if isinstance(refus, FichierRefuse) else "Ce n'est pas un fichier ordinaire."
        _laisser_un_recu(dossier, nom, f"Refusé. {phrase}")
        for refuse in noms:
            (pris / refuse).rename(dossier / f"{_court(refuse)}{REFUSE}")
        return 0
    _laisser_un_recu(dossier, nom, phrase)
    for fini in noms:
        (pris / fini).unlink(missing_ok=True)
    return nes


def _en_faire_un_lot(regie: Regie, chemins: list[Path]) -> tuple[str, int]:
    lisible = os.fsencode(chemins[0].name).decode("utf-8", "replace")
    with _ouvrir(chemins[0]) as fichier, _ouvrir(chemins[1]) if chemins[1:] else nullcontext() as archive:
        empreinte = hashlib.file_digest(fichier, "sha256").hexdigest()
        try:
            lot = deposer(regie=regie, fichier=fichier, libelle=lisible, archive=archive, en_fond=True)
        except DejaDepose as deja:
            return f"{deja}\nsha256 {empreinte}", 0
        return f"Pris : lot {lot.pk}, à vérifier dans la gestion.\nsha256 {empreinte}", 1


@contextmanager
def _ouvrir(chemin: Path) -> Iterator[BufferedReader]:
    """Un vrai fichier, à un seul nom : un lien mènerait à ce que son auteur n'a pas le droit de lire."""
    descripteur = os.open(chemin, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descripteur, "rb") as fichier:
        etat = os.fstat(descripteur)
        if not stat.S_ISREG(etat.st_mode) or etat.st_nlink != 1:
            raise OSError("Un lien, un tube ou un dossier.")
        yield fichier


def _laisser_un_recu(dossier: Path, nom: str, phrase: str) -> None:
    """Écrit sous un nom imprévisible puis renommé : un reçu est entier, ou n'est pas là."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=dossier, prefix=".recu-", delete=False) as provisoire:
        lisible = os.fsencode(nom).decode("utf-8", "replace")
        provisoire.write(f"{lisible}\n{phrase}\n{timezone.now():%Y-%m-%dT%H:%M:%SZ}\n")
        os.fchmod(provisoire.fileno(), 0o644)
    Path(provisoire.name).replace(dossier / f"{_court(nom)}{RECU}")


def _court(nom: str) -> str:
    return os.fsdecode(os.fsencode(nom)[:NOM_MAXIMUM])
