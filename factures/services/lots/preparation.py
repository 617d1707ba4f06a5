"""Avant de lire un lot : l'ouvrir, savoir sous quelles colonnes, ou attendre qu'un agent le dise."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from django.core.files import File
from django.db import transaction
from django.utils import timezone

from factures.etats import EtatLot
from factures.imports.bac import Convention, Entete
from factures.imports.correspondances import empreinte, manquantes
from factures.imports.formats import obligatoires
from factures.imports.rangees import COLONNES, PARTIES
from factures.imports.tableaux import normaliser
from factures.models import CorrectionImport, CorrespondanceColonnes, LotImport
from factures.services.lots.etapes import exiger, passer, verrouiller
from portail.journal import noter
from portail.models import ModeRegie
from portail.taches import lancer

ANALYSE = "factures.tasks.analyser_lot"
COLONNES_MINIMUM = 4  # en dessous, ce n'est pas un tableau de factures dont on aurait à relier les colonnes


@contextmanager
def en_fichier(depose: File[bytes]) -> Iterator[BinaryIO]:
    """Un vrai fichier, qu'un autre processus peut lire, où que le stockage range celui-ci."""
    with depose.open("rb") as ouvert:
        try:
            ouvert.fileno()
        except (OSError, AttributeError):
            with tempfile.TemporaryFile() as copie:
                shutil.copyfileobj(ouvert, copie)
                copie.flush()
                yield copie
        else:
            yield cast("BinaryIO", ouvert)


def source(lot: LotImport) -> Any:
    """Le fichier des factures."""
    return en_fichier(lot.fichier)


@transaction.atomic
def commencer(lot: LotImport, entete: Entete, *, relier: bool) -> Convention | None:
    """Comment lire le lot, qui passe « en cours d'analyse » ; None s'il attend désormais qu'on relie ses colonnes."""
    tenu = verrouiller(lot)
    exiger(tenu, EtatLot.DEPOSE, EtatLot.EN_ANALYSE)
    if tenu.etat == EtatLot.DEPOSE:
        lu: dict[str, Any] = {"format": entete.format, "apercu": {"titres": entete.titres, "lignes": entete.lignes}}
        colonnes, constantes = _colonnes(tenu, entete.titres)
        incomplet = bool(entete.titres) and bool(manquantes(colonnes, constantes))
        if relier and (incomplet or tenu.a_relire) and len(entete.titres) >= COLONNES_MINIMUM:
            passer(lot, vers=EtatLot.A_RELIER, **lu)
            return None
        passer(lot, vers=EtatLot.EN_ANALYSE, **lu, correspondance=colonnes, constantes=constantes)
    lot.refresh_from_db()
    corrections = CorrectionImport.objects.filter(lot=lot).exclude(cellules={})
    return Convention(
        correspondance=lot.correspondance,
        constantes=lot.constantes,
        corrections=dict(corrections.values_list("rang", "cellules")),
        obligatoires=_obligatoires(tenu, entete.format),
    )


def _obligatoires(lot: LotImport, nom: str) -> tuple[str, ...]:
    """La référence d'un titre ou d'un rôle se compose."""
    return tuple(c for c in obligatoires(nom) if c != "reference" or lot.regie.mode == ModeRegie.REGIE)


def _colonnes(lot: LotImport, titres: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """La correspondance choisie pour ce lot, sinon celle retenue pour cet en-tête, sinon nos propres titres."""
    normalises = [normaliser(titre) for titre in titres]
    colonnes, constantes = lot.correspondance, lot.constantes
    if not colonnes:
        retenue = CorrespondanceColonnes.objects.filter(regie=lot.regie, entete=empreinte(normalises)).first()
        directes = {titre: titre for titre in normalises if titre in {*COLONNES, *PARTIES}}
        colonnes, constantes = (retenue.colonnes, retenue.constantes) if retenue else (directes, {})
    if lot.regie.mode != ModeRegie.REGIE and "reference" not in colonnes.values():
        constantes = {**constantes, "reference": ""}
    return colonnes, constantes


@transaction.atomic
def relier(*, lot: LotImport, colonnes: dict[str, str], constantes: dict[str, str]) -> None:
    """L'agent a dit quelle colonne est quoi : c'est retenu pour cet en-tête dans ce service, et le lot s'analyse.

    ``colonnes`` : notre colonne, ou vide, sous chacun de leurs titres normalisés et dans leur ordre.
    """
    tenu = verrouiller(lot)
    exiger(tenu, EtatLot.A_RELIER)
    valeurs = {"colonnes": colonnes, "constantes": constantes, "retenue_le": timezone.now()}
    CorrespondanceColonnes.objects.update_or_create(
        regie=tenu.regie,
        entete=empreinte([normaliser(titre) for titre in tenu.apercu["titres"]]),
        defaults={**valeurs, "collectivite_id": tenu.collectivite_id},
    )
    noter("lot.colonnes_reliees", sur=lot, apres={"colonnes": colonnes, "constantes": sorted(constantes)})
    passer(lot, vers=EtatLot.DEPOSE, correspondance=colonnes, constantes=constantes, a_relire=False)
    lancer(ANALYSE, lot=lot.pk)
