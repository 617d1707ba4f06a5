"""Recevoir un fichier : le même contenu ne se dépose pas deux fois dans un service."""

import hashlib
import os
from typing import Any, BinaryIO

from django.core.files import File
from django.db import IntegrityError, transaction

from factures.etats import LOTS_VIVANTS
from factures.imports import FichierRefuse
from factures.models import LotImport
from factures.services.lots.preparation import ANALYSE
from portail.bornes import OCTETS_ARCHIVE, OCTETS_FICHIER
from portail.journal import noter
from portail.models import Regie
from portail.taches import lancer

_MORCEAU = 1 << 20


class ServiceFerme(FichierRefuse):
    """Ce service ne facture plus."""

    def __init__(self, regie: Regie) -> None:
        super().__init__(f"Le service {regie.libelle} est fermé : il ne reçoit plus de factures.")


class DejaDepose(Exception):
    """Ce contenu est déjà celui de ``lot``."""

    def __init__(self, lot: LotImport) -> None:
        super().__init__(f"Ce fichier est déjà celui du lot {lot.pk} ({lot.get_etat_display()}).")
        self.lot = lot


def deposer(
    *,
    regie: Regie,
    fichier: BinaryIO,
    libelle: str,
    archive: BinaryIO | None = None,
    en_fond: bool = False,
    **reglages: Any,
) -> LotImport:
    """Le lot créé ; ``DejaDepose`` si un autre lot de ce service porte ce contenu, même déposé au même instant.

    ``en_fond`` : un ouvrier l'analysera. ``reglages`` : ``format`` (deviné s'il manque), ``motif_documents``,
    ``a_relire``, ``avis``. ``FichierRefuse`` pour un fichier démesuré, ``ServiceFerme`` pour un service qui ne facture
    plus.
    """
    _verifier(regie, fichier, archive)
    empreinte = _empreinte(fichier, archive)
    lot = LotImport(
        collectivite_id=regie.collectivite_id, regie=regie, libelle=libelle[-120:], empreinte=empreinte, **reglages
    )
    try:
        with transaction.atomic():
            lot.save(force_insert=True)  # la base choisit ici entre deux dépôts simultanés
            _ranger(lot, fichier, archive)
            noter("lot.depose", sur=lot, apres={"etat": lot.etat, "empreinte": empreinte})
            if en_fond:
                lancer(ANALYSE, lot=lot.pk)
    except IntegrityError:
        existant = LotImport.objects.filter(regie=regie, empreinte=empreinte, etat__in=LOTS_VIVANTS).first()
        if existant is None:
            raise
        raise DejaDepose(existant) from None
    return lot


def _verifier(regie: Regie, fichier: BinaryIO, archive: BinaryIO | None) -> None:
    if regie.fermee_le is not None:
        raise ServiceFerme(regie)
    for depose, octets in ((fichier, OCTETS_FICHIER), (archive, OCTETS_ARCHIVE)):
        if depose is not None:
            _verifier_la_taille(depose, octets)


def _verifier_la_taille(fichier: BinaryIO, octets: int) -> None:
    if fichier.seek(0, os.SEEK_END) > octets:
        raise FichierRefuse(
            f"Ce fichier dépasse {octets >> 20} Mio : découpez-le, ou déposez-le par la commande d'import."
        )


def _empreinte(*fichiers: BinaryIO | None) -> str:
    somme = hashlib.sha256()
    for fichier in fichiers:
        if fichier is not None:
            fichier.seek(0)
            while morceau := fichier.read(_MORCEAU):
                somme.update(morceau)
            somme.update(hashlib.sha256(str(fichier.tell()).encode()).digest())  # où finit chacun compte aussi
    return somme.hexdigest()


def _ranger(lot: LotImport, fichier: BinaryIO, archive: BinaryIO | None) -> None:
    """Sous des noms à nous : celui du fichier déposé n'est qu'un libellé."""
    fichier.seek(0)
    lot.fichier.save(f"{lot.pk}/factures", File(fichier), save=False)
    if archive is not None:
        archive.seek(0)
        lot.archive.save(f"{lot.pk}/documents.zip", File(archive), save=False)
    lot.save(update_fields=["fichier", "archive"])
