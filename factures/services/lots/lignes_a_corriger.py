"""Les lignes qui ne peuvent pas entrer : rendues en un fichier, reprises une fois corrigées, ou tranchées."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from django.core.files import File
from django.db import transaction

from factures.etats import Decision, EtatLot, SortLigne
from factures.imports import COLONNES, PARTIES, FichierRefuse
from factures.imports.bac import Convention, ouvrir_lecture
from factures.imports.rangees import REPERE
from factures.models import CorrectionImport, LotImport
from factures.services.examen import examiner_le_fichier
from factures.services.lots.analyse import recommencer
from factures.services.lots.contradictions import cellules
from factures.services.lots.etapes import exiger, verrouiller
from factures.services.lots.preparation import ANALYSE, en_fichier
from portail.journal import noter
from portail.tableur import neutraliser, restaurer
from portail.taches import lancer

ENTETE = (REPERE, "motif", *COLONNES, *PARTIES)
LIGNES_MAXIMUM = 5000
_NOMBRE = re.compile(r"-?[0-9 ]+([.,][0-9]+)?")


@transaction.atomic
def exporter_les_lignes_a_corriger(*, lot: LotImport) -> Iterator[str]:
    """Leur CSV, avec le motif de chacune ; noté au journal avant la première."""
    noter("lot.lignes_exportees", sur=lot, apres={"nombre": lot.a_corriger})
    return _ecrire(lot)


def _ecrire(lot: LotImport) -> Iterator[str]:
    ecrivain: Any = csv.writer(_Echo(), delimiter=";", lineterminator="\r\n")
    yield "\ufeff" + ecrivain.writerow(ENTETE)  # la marque dit à un tableur que c'est de l'UTF-8
    for rang, (motifs, lues) in sorted(chain(_rejets(lot), _conflits(lot))):
        valeurs = {**lues, REPERE: f"{lot.pk}/{rang}", "motif": " ".join(motifs)}
        yield ecrivain.writerow([_sure(valeurs.get(nom, "")) for nom in ENTETE])


class _Echo:
    """Ce que ``csv`` écrit, rendu au lieu d'être gardé."""

    def write(self, texte: str) -> str:
        return texte


def _sure(valeur: str) -> str:
    """Un nombre négatif reste un nombre ; toute autre formule ne se calcule plus."""
    return valeur if _NOMBRE.fullmatch(valeur) else neutraliser(valeur)


def _rejets(lot: LotImport) -> Iterator[tuple[int, tuple[list[str], dict[str, str]]]]:
    motifs, lues = defaultdict(list), {}
    for rejet in lot.rejets.order_by("rang", "pk").iterator():
        motifs[rejet.rang].append(rejet.motif)
        lues[rejet.rang] = rejet.cellules
    return ((rang, (motifs[rang], lues[rang])) for rang in lues)


def _conflits(lot: LotImport) -> Iterator[tuple[int, tuple[list[str], dict[str, str]]]]:
    conflits = lot.lignes.filter(sort=SortLigne.CONFLIT).order_by("rang")
    return ((ligne.rang, ([ligne.motif], cellules(ligne))) for ligne in conflits.iterator())


def lire_les_corrections(lot: LotImport, depose: File[bytes]) -> dict[int, dict[str, str]]:
    """Les cellules corrigées, par ligne du fichier d'origine ; ``FichierRefuse`` si ce ne sont pas celles de ce lot."""
    corrections = {}
    with en_fichier(depose) as fichier:
        examiner_le_fichier(fichier)
        bac, lecture = ouvrir_lecture(fichier)
        with bac:
            for comprise in lecture.lignes(Convention(brut=True)):
                rang = _rang(lot, comprise.cellules.get(REPERE, ""), comprise.numero)
                lues = {nom: restaurer(texte) for nom, texte in comprise.cellules.items() if nom != REPERE}
                corrections[rang] = lues
                if len(corrections) > LIGNES_MAXIMUM:
                    raise FichierRefuse(f"Plus de {LIGNES_MAXIMUM} lignes : corrigez-les dans le logiciel d'origine.")
    if not corrections:
        raise FichierRefuse("Ce fichier n'a aucune ligne.")
    return corrections


def _rang(lot: LotImport, repere: str, numero: int) -> int:
    lu = re.fullmatch(r"\s*([0-9]{1,18})/([0-9]{1,9})\s*", repere)
    if lu is None:
        raise FichierRefuse(
            f"Ligne {numero} : la colonne « {REPERE} » est vide ou changée. Redéposez le fichier des lignes à "
            "corriger, ou déposez un fichier entier comme un nouveau lot."
        )
    if int(lu[1]) != lot.pk:
        raise FichierRefuse(f"Ce fichier est celui des lignes à corriger du lot {lu[1]}, et non du lot {lot.pk}.")
    return int(lu[2])


@transaction.atomic
def corriger(*, lot: LotImport, corrections: Mapping[int, dict[str, str]]) -> None:
    """Remplace ces lignes du fichier, et analyse de nouveau ; ``LotIndisponible`` si le lot n'est plus à vérifier."""
    _retenir(lot, [(rang, lues, "") for rang, lues in corrections.items()], champs=("cellules", "decision"))
    noter("lot.lignes_corrigees", sur=lot, apres={"nombre": len(corrections)})


@transaction.atomic
def trancher(*, lot: LotImport, decisions: Mapping[int, Decision]) -> None:
    """Ce que l'agent décide de chaque ligne en conflit ; l'analyse en tient compte, sans jamais toucher au payé."""
    _retenir(lot, [(rang, {}, decision) for rang, decision in decisions.items()], champs=("decision",))
    comptes = {d.value: sum(prise == d for prise in decisions.values()) for d in Decision}
    noter("lot.conflits_tranches", sur=lot, apres=comptes)


def _retenir(lot: LotImport, lignes: list[tuple[int, dict[str, str], str]], *, champs: tuple[str, ...]) -> None:
    exiger(verrouiller(lot), EtatLot.A_VERIFIER)
    CorrectionImport.objects.bulk_create(
        (
            CorrectionImport(lot=lot, collectivite_id=lot.collectivite_id, rang=rang, cellules=lues, decision=decision)
            for rang, lues, decision in lignes
        ),
        update_conflicts=True,
        unique_fields=("lot", "rang"),
        update_fields=champs,
    )
    recommencer(lot)
    lancer(ANALYSE, lot=lot.pk)
