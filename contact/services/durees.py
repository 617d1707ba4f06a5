"""Ce qui ne se garde pas : les demandes closes depuis un an, et les fichiers que plus rien ne nomme."""

import logging
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from django.core.files.storage import default_storage
from django.db import transaction

from contact.etats import EtatDemande
from contact.models import Demande, PieceJointe
from contact.pieces import DOSSIER
from contact.services.fil import passer
from portail.journal import noter
from portail.models import Collectivite
from portail.taches import progresser

journal = logging.getLogger(__name__)

PAR_PAQUET = 200
# Un fichier s'écrit avant la ligne qui le nomme : plus jeune, il est peut-être encore en train d'arriver.
SURSIS = timedelta(days=1)


def clore_sans_nouvelles(maintenant: datetime) -> int:
    """Clôt les demandes répondues dont la personne n'a rien dit depuis trois mois ; rend leur nombre."""
    closes = 0
    for demande in Demande.objects.sans_nouvelles(maintenant).iterator():
        with transaction.atomic():
            if passer(demande, vers=EtatDemande.CLOSE):
                noter("demande.close", sur=demande, avant={"etat": demande.etat}, apres={"raison": "sans nouvelles"})
                closes += 1
    return closes


def effacer_les_anciennes(maintenant: datetime) -> int:
    """Efface les demandes closes depuis un an, leur fil et leurs fichiers ; rend leur nombre, que le journal garde."""
    cles = iter(list(Demande.objects.a_effacer(maintenant).values_list("pk", flat=True)))
    effacees = 0
    while paquet := list(islice(cles, PAR_PAQUET)):
        progresser()
        effacees += _effacer(paquet, maintenant)
    return effacees


@transaction.atomic
def _effacer(cles: list[int], maintenant: datetime) -> int:
    """Relues sous verrou : une réponse de la personne, entre-temps, en a peut-être rouvert une."""
    demandes = list(Demande.objects.a_effacer(maintenant).filter(pk__in=cles).select_for_update().order_by("pk"))
    siennes = [demande.pk for demande in demandes]
    fichiers = list(PieceJointe.objects.filter(message__demande__in=siennes).values_list("fichier", flat=True))
    Demande.objects.filter(pk__in=siennes).delete()
    par_commune = Counter(demande.collectivite_id for demande in demandes)
    for commune in Collectivite.objects.filter(pk__in=par_commune):
        apres = {"nombre": par_commune[commune.pk]}
        noter("demandes.effacees", sur=commune, collectivite=commune.pk, apres=apres)
    transaction.on_commit(partial(_effacer_les_fichiers, fichiers))
    return len(siennes)


def _effacer_les_fichiers(noms: list[str]) -> None:
    for nom in noms:
        try:
            default_storage.delete(nom)
        except OSError:  # effacer_les_fichiers_perdus repassera
            journal.exception("Une pièce jointe n'a pas pu être effacée")


def effacer_les_fichiers_perdus(maintenant: datetime) -> int:
    """Efface les fichiers qu'aucune pièce ne nomme : leur transaction n'a pas abouti, ou leur demande est partie."""
    perdus = 0
    with suppress(FileNotFoundError):  # rien n'a encore été joint
        noms = iter(default_storage.listdir(DOSSIER)[1])
        while paquet := [f"{DOSSIER}/{nom}" for nom in islice(noms, PAR_PAQUET)]:
            progresser()
            nommes = set(PieceJointe.objects.filter(fichier__in=paquet).values_list("fichier", flat=True))
            vieux = [nom for nom in paquet if nom not in nommes and _est_vieux(nom, maintenant)]
            _effacer_les_fichiers(vieux)
            perdus += len(vieux)
    return perdus


def _est_vieux(nom: str, maintenant: datetime) -> bool:
    return bool(default_storage.get_modified_time(nom) < maintenant - SURSIS)
