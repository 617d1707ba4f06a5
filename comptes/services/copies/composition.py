"""Préparer une copie, en autant de passes qu'il faut ; un ouvrier tué ne perd que la sienne.

Chaque passe écrit une partie, un fichier à elle, puis dit en base jusqu'où elle est allée. La dernière réunit les
parties et y joint les textes. Deux passes au même instant ne se gênent pas : une seule est retenue.
"""

import logging
import time
from typing import Any
from zipfile import ZipFile

from django.db import transaction
from django.utils import timezone

from comptes.models import Copie
from comptes.registre import Piece, rubriques
from comptes.services.copies.archive import ajouter, ecrire_les_textes, neuve, recopier
from comptes.services.copies.courriel import COURRIEL
from comptes.services.copies.demande import redevables_lus
from comptes.services.copies.menage import vider
from portail.courriels import deposer
from portail.documents import DocumentImpossible
from portail.journal import noter
from portail.taches import progresser

journal = logging.getLogger(__name__)


def avancer(*, copie: Copie, pendant: float) -> bool:
    """Une passe de ``pendant`` secondes ; vrai s'il n'y a plus rien à préparer."""
    if copie.prete_le is not None:
        return True
    lus = redevables_lus(copie.usager, copie.collectivite)
    # Un compte client ouvert ou fermé depuis la dernière passe : ce qu'elle avait écrit ne vaut plus.
    if copie.redevables != lus and not _retenir(copie, redevables=lus, parties=[]):
        return True
    with timezone.override(copie.collectivite.fuseau):
        partie, finie = _ecrire_une_partie(copie, fin=time.monotonic() + pendant)
        if not _retenir(copie, parties=[*copie.parties, partie]):
            return True
        return finie and _achever(copie)


def _retenir(copie: Copie, **champs: Any) -> bool:
    """Faux si la copie est partie, ou qu'une autre tâche l'a reprise : ``avance_le`` n'est plus celui qu'on a lu."""
    champs["avance_le"] = timezone.now()
    a_nous = Copie.objects.filter(pk=copie.pk, prete_le=None, avance_le=copie.avance_le)
    if not a_nous.update(**champs):
        return False
    for nom, valeur in champs.items():
        setattr(copie, nom, valeur)
    return True


def _ecrire_une_partie(copie: Copie, *, fin: float) -> tuple[dict[str, Any], bool]:
    """Les pièces suivantes, une au moins, jusqu'à l'heure dite ; et s'il n'en reste aucune."""
    apres = {nom: cle for partie in copie.parties for nom, cle in partie["apres"].items()}
    absentes: list[str] = []
    with neuve(copie) as (fichier, archive):
        partie = {"fichier": fichier, "apres": apres, "absentes": absentes}
        for rubrique in rubriques():
            for piece in rubrique.pieces(copie.usager, copie.collectivite, apres.get(rubrique.nom, 0)):
                progresser()
                if not _ajouter(archive, piece):
                    absentes.append(piece.nom)
                apres[rubrique.nom] = piece.cle
                if time.monotonic() > fin:
                    return partie, False
    return partie, True


def _ajouter(archive: ZipFile, piece: Piece) -> bool:
    """Faux si le fichier est perdu : le reste n'a pas à attendre."""
    try:
        contenu = piece.ouvrir()
    except (DocumentImpossible, OSError):
        journal.exception("Une pièce manque à une copie")
        return False
    with contenu:
        ajouter(archive, piece.nom, contenu)
    return True


def _achever(copie: Copie) -> bool:
    """L'archive entière ; faux si ce qu'elle devait contenir a changé pendant qu'on l'écrivait."""
    absentes = [nom for partie in copie.parties for nom in partie["absentes"]]
    with neuve(copie) as (fichier, archive):
        ecrire_les_textes(archive, copie, absentes)
        for partie in copie.parties:
            recopier(archive, partie["fichier"])
    if redevables_lus(copie.usager, copie.collectivite) != copie.redevables:
        return False
    if _annoncer(copie, fichier):
        vider(copie.dossier, sauf=fichier)
    return True


@transaction.atomic
def _annoncer(copie: Copie, fichier: str) -> bool:
    """Prête, et un courriel le dit."""
    if not _retenir(copie, fichier=fichier, prete_le=timezone.now(), parties=[]):
        return False
    noter("copie.prete", sur=copie.usager, collectivite=copie.collectivite_id)
    deposer(
        sorte=COURRIEL,
        cle=f"copie:{copie.uuid}",
        collectivite=copie.collectivite,
        destinataire=copie.usager.email,
        contexte={"copie": copie.pk},
    )
    return True
