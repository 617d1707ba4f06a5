"""Ce qui ne se garde pas : les copies de plus de vingt-quatre heures, et les fichiers que plus rien ne nomme."""

import logging
from contextlib import suppress
from datetime import datetime

from django.core.files.storage import default_storage
from django.db import transaction

from comptes.models import Copie
from comptes.models.copies import DOSSIER
from portail.journal import noter
from portail.taches import progresser

journal = logging.getLogger(__name__)


def effacer_les_copies(maintenant: datetime) -> int:
    """Les lignes d'abord, puis tous les dossiers sans ligne : interrompu, le tour suivant finit. Rend leur nombre."""
    effacees = sum(_effacer(copie, maintenant) for copie in Copie.objects.echues(maintenant).select_related("usager"))
    with suppress(FileNotFoundError):  # personne n'en a encore demandé
        dossiers = default_storage.listdir(DOSSIER)[0]
        # Lues après les dossiers : une ligne précède toujours le sien.
        vivants = {str(uuid) for uuid in Copie.objects.values_list("uuid", flat=True)}
        for dossier in dossiers:
            if dossier not in vivants:
                progresser()
                vider(f"{DOSSIER}/{dossier}")
    return effacees


@transaction.atomic
def _effacer(copie: Copie, maintenant: datetime) -> bool:
    """Faux si quelqu'un l'a remise en route depuis."""
    effacee, _ = Copie.objects.echues(maintenant).filter(pk=copie.pk).delete()
    if effacee:
        noter("copie.effacee", sur=copie.usager, collectivite=copie.collectivite_id)
    return bool(effacee)


def vider(dossier: str, *, sauf: str = "") -> None:
    """Efface les fichiers d'une copie, et son dossier s'il n'en reste aucun."""
    try:
        noms = [f"{dossier}/{nom}" for nom in default_storage.listdir(dossier)[1]]
        for nom in (*(nom for nom in noms if nom != sauf), *(() if sauf else (dossier,))):
            default_storage.delete(nom)
    except OSError:  # le ménage suivant repassera
        journal.exception("Une copie n'a pas pu être effacée")
