"""Demander une copie comme le fait une personne, faire passer l'ouvrier, ouvrir l'archive."""

import json
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import factories

from comptes.models import Copie
from comptes.services.copies import avancer

PAGE, EMPORTER = "/mes-informations/copie/", "/mes-informations/copie/emporter/"


def demander(client, mot_de_passe: str = factories.MOT_DE_PASSE) -> Any:
    return client.post(PAGE, {"mot_de_passe": mot_de_passe})


def preparer(usager, chez, *, pendant: float = 60) -> Copie:
    """Sa copie prête, sans passer par les pages, en autant de passes qu'il faut."""
    copie, _ = Copie.objects.get_or_create(usager=usager, collectivite=chez)
    while not avancer(copie=copie, pendant=pendant):
        copie = Copie.objects.get(pk=copie.pk)
    return Copie.objects.get(pk=copie.pk)


def ouvrir(contenu: bytes) -> dict[str, bytes]:
    """Les fichiers de l'archive, chacun relu entier et vérifié."""
    with ZipFile(BytesIO(contenu)) as archive:
        assert archive.testzip() is None
        noms = archive.namelist()
        assert len(noms) == len(set(noms))
        return {nom: archive.read(nom) for nom in noms}


def lire(copie: Copie) -> dict[str, bytes]:
    with copie.fichier.open() as fichier:
        return ouvrir(fichier.read())


def donnees(fichiers: dict[str, bytes]) -> dict[str, Any]:
    lues: dict[str, Any] = json.loads(fichiers["donnees.json"])
    return lues
