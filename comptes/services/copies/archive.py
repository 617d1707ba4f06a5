"""L'archive ZIP d'une copie, écrite au fil de l'eau dans le stockage privé."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from io import TextIOWrapper
from typing import IO, Any
from uuid import uuid4
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.serializers.json import DjangoJSONEncoder
from django.template.loader import render_to_string
from django.utils import timezone

from comptes.models import Copie
from comptes.models.copies import VALIDITE
from comptes.registre import rubriques
from portail.taches import progresser

LISEZMOI, DONNEES = "LISEZMOI.txt", "donnees.json"
FORMAT = 1
MORCEAU = 1 << 16


@contextmanager
def neuve(copie: Copie) -> Iterator[tuple[str, ZipFile]]:
    """Le nom d'un fichier de cette copie que personne d'autre n'écrit, et l'archive qu'il devient."""
    nom = default_storage.save(f"{copie.dossier}/{uuid4()}.zip", ContentFile(b""))
    with default_storage.open(nom, "wb") as fichier, ZipFile(fichier, "w") as archive:
        yield nom, archive


def ajouter(archive: ZipFile, nom: str, contenu: IO[bytes]) -> None:
    """Un fichier tel quel : un PDF et une image sont déjà comprimés."""
    with archive.open(_entree(nom, ZIP_STORED), "w") as entree:
        shutil.copyfileobj(contenu, entree, MORCEAU)


def recopier(archive: ZipFile, partie: str) -> None:
    """Tout ce que contient une partie."""
    with default_storage.open(partie) as fichier, ZipFile(fichier) as deja:
        for entree in deja.infolist():
            progresser()
            with deja.open(entree) as contenu:
                ajouter(archive, entree.filename, contenu)


def ecrire_les_textes(archive: ZipFile, copie: Copie, absentes: Sequence[str]) -> None:
    """Le mode d'emploi d'abord, puis toutes les données."""
    contexte = {
        "collectivite": copie.collectivite,
        "demandee_le": copie.demandee_le,
        "rubriques": rubriques(),
        "absentes": absentes,
        "heures": VALIDITE.total_seconds() // 3600,
    }
    # Avec une marque et des fins de ligne que le Bloc-notes le plus ancien comprend.
    mots = render_to_string("comptes/copie_lisezmoi.txt", contexte).replace("\n", "\r\n").encode("utf-8-sig")
    archive.writestr(_entree(LISEZMOI, ZIP_DEFLATED), mots)
    with archive.open(_entree(DONNEES, ZIP_DEFLATED), "w") as brut, TextIOWrapper(brut, "utf-8") as texte:
        texte.writelines(_json(copie))


def _json(copie: Copie) -> Iterator[str]:
    """Une rubrique après l'autre et une ligne après l'autre : 3 000 factures ne sont jamais ensemble en mémoire."""
    propos = {"format": FORMAT, "commune": copie.collectivite.nom, "demandee_le": copie.demandee_le}
    yield f'{{\n"a_propos": {_dire(propos)}'
    for rubrique in rubriques():
        yield f",\n{_dire(rubrique.nom)}: ["
        for rang, ligne in enumerate(rubrique.lignes(copie.usager, copie.collectivite)):
            progresser()
            yield f"{',' if rang else ''}\n{_dire(ligne)}"
        yield "\n]"
    yield "\n}\n"


class Encodeur(DjangoJSONEncoder):
    """Les instants à l'heure de la commune, sans fraction de seconde."""

    def default(self, o: Any) -> Any:
        return timezone.localtime(o).isoformat(timespec="seconds") if isinstance(o, datetime) else super().default(o)


def _dire(valeur: Mapping[str, Any] | str) -> str:
    return json.dumps(valeur, cls=Encodeur, ensure_ascii=False, indent=2)


def _entree(nom: str, compression: int) -> ZipInfo:
    entree = ZipInfo(nom, date_time=timezone.localtime().timetuple()[:6])
    entree.compress_type, entree.external_attr = compression, 0o600 << 16  # à qui l'ouvre, et à lui seul
    return entree
