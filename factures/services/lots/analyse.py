"""Lire un lot et dire ce que sa publication ferait ; interrompue, l'analyse reprend au paquet où elle était."""

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from django.db import transaction

from factures import registre
from factures.etats import EtatLot
from factures.imports import PARTIES, FichierRefuse, Ligne, Rejet
from factures.imports.bac import Comprise, Pieces, ouvrir_lecture
from factures.imports.documents import DocumentRefuse
from factures.models import CorrectionImport, LigneImport, LotImport, RejetImport
from factures.services.examen import examiner_le_fichier
from factures.services.lots.bilan import bilan
from factures.services.lots.comparaison import comparer
from factures.services.lots.contradictions import cellules, ecarter_les_contradictions
from factures.services.lots.documents import DocumentRange, documents_de, orphelins, oublier, ranger
from factures.services.lots.etapes import PATIENCE_SECONDES, exiger, passer, verrouiller
from factures.services.lots.preparation import commencer, source
from portail.models import ModeRegie
from portail.taches import progresser

PAR_PAQUET = 1000

T = TypeVar("T")
Lue = tuple[Ligne, DocumentRange] | tuple[Rejet, ...]


def analyser(*, lot: LotImport, relier: bool = False, pendant: float | None = None) -> bool:
    """Mène le lot à « à vérifier », ou à « refusé » avec son motif ; le reprend s'il avait été interrompu.

    ``relier`` : un en-tête inconnu attend qu'un agent relie ses colonnes, au lieu d'être refusé. Faux si, au bout des
    secondes de ``pendant``, il reste à lire. Deux analyses simultanées du même lot n'ajoutent chaque ligne qu'une fois.
    """
    exiger(lot, EtatLot.DEPOSE, EtatLot.EN_ANALYSE)
    try:
        with ExitStack() as pile:
            fichier = pile.enter_context(source(lot))
            if lot.etat == EtatLot.DEPOSE:
                examiner_le_fichier(fichier)
            bac, lecture = ouvrir_lecture(fichier, lot.format)
            pile.enter_context(bac)
            convention = commencer(lot, lecture.entete, relier=relier)
            if convention is None:
                return True
            documents, depart = pile.enter_context(documents_de(lot)), time.monotonic()
            for paquet in paquets(lecture.lignes(convention, depuis=lot.derniere_ligne), PAR_PAQUET):
                progresser()
                _etager(lot, [_lue(lot, comprise, documents) for comprise in paquet], part=lecture.part)
                if pendant is not None and time.monotonic() - depart > pendant:
                    return False
            _conclure(lot, documents, lecture.non_dits)
    except FichierRefuse as refus:
        _refuser(lot, str(refus))
    return True


@transaction.atomic
def reprendre(*, lot: LotImport) -> None:
    """Oublie l'analyse d'un lot à vérifier : ce qu'elle comparait a pu changer."""
    exiger(verrouiller(lot), EtatLot.A_VERIFIER)
    recommencer(lot)


def recommencer(lot: LotImport, **champs: Any) -> None:
    """Le lot verrouillé, à relire depuis le début."""
    vider(lot)
    passer(lot, vers=EtatLot.DEPOSE, derniere_ligne=0, avancement=0, bilan={}, motif="", **champs)


def vider(lot: LotImport) -> None:
    """Retire tout ce que l'analyse a étagé, et les documents qui ne sont à aucune facture."""
    oublier(LigneImport.objects.filter(lot=lot).exclude(pdf="").values_list("pdf", flat=True).iterator())
    LigneImport.objects.filter(lot=lot).delete()
    RejetImport.objects.filter(lot=lot).delete()


def paquets(choses: Iterable[T], taille: int) -> Iterator[list[T]]:
    """``choses`` par listes d'au plus ``taille``."""
    suite = iter(choses)
    while paquet := list(islice(suite, taille)):
        yield paquet


def _lue(lot: LotImport, comprise: Comprise, documents: Pieces | None) -> tuple[Comprise, Lue]:
    """La ligne et son document rangé, ou ses défauts."""
    lue = comprise.ligne
    if lue is None:
        return comprise, comprise.rejets
    lue = lue if lue.reference else _avec_reference(lot, lue)
    if not lue.reference:
        return comprise, (Rejet(comprise.numero, "reference", _sans_reference(lot)),)
    try:
        return comprise, (lue, ranger(lot, lue, documents))
    except DocumentRefuse as refus:
        return comprise, (Rejet(comprise.numero, "fichier_pdf", str(refus)),)


def _sans_reference(lot: LotImport) -> str:
    if lot.regie.mode == ModeRegie.REGIE:
        return "le fichier ne donne pas la référence de paiement, que ce service choisit lui-même."
    return "il manque de quoi composer la référence de paiement (pièce et ligne, ou code recette et dette)."


def _avec_reference(lot: LotImport, lue: Ligne) -> Ligne:
    parties = {"exercice": lue.exercice, **{nom: getattr(lue, nom) for nom in PARTIES}}
    return replace(lue, reference=registre.composer_reference(lot.regie, parties))


@transaction.atomic
def _etager(lot: LotImport, paquet: list[tuple[Comprise, Lue]], *, part: int) -> None:
    """Les lignes et leur avancement ensemble : ce qui est compté est là, une seule fois."""
    tenu = verrouiller(lot)
    exiger(tenu, EtatLot.EN_ANALYSE)
    nouvelles = [(comprise, lue) for comprise, lue in paquet if comprise.numero > tenu.derniere_ligne]
    lignes = [lue for _, lue in nouvelles if not isinstance(lue[0], Rejet)]
    LigneImport.objects.bulk_create(comparer(tenu, lignes, _decisions(tenu, nouvelles)))
    rejets = ((comprise, rejet) for comprise, lue in nouvelles for rejet in lue if isinstance(rejet, Rejet))
    RejetImport.objects.bulk_create(_rejet(lot, comprise, rejet) for comprise, rejet in rejets)
    derniere = max((comprise.numero for comprise, _ in nouvelles), default=tenu.derniere_ligne)
    LotImport.objects.filter(pk=lot.pk).update(derniere_ligne=derniere, avancement=part)


def _decisions(lot: LotImport, paquet: list[tuple[Comprise, Lue]]) -> dict[int, str]:
    rangs = [comprise.numero for comprise, _ in paquet]
    prises = CorrectionImport.objects.filter(lot=lot, rang__range=(rangs[0], rangs[-1])) if rangs else []
    return {correction.rang: correction.decision for correction in prises}


def _rejet(lot: LotImport, comprise: Comprise, rejet: Rejet) -> RejetImport:
    lues = comprise.cellules if comprise.ligne is None else cellules(comprise.ligne)
    return RejetImport(
        lot=lot,
        collectivite_id=lot.collectivite_id,
        rang=comprise.numero,
        champ=rejet.champ,
        motif=rejet.motif[:300],
        # PostgreSQL ne garde pas de caractère nul.
        cellules={nom: texte.replace("\x00", "\ufffd") for nom, texte in lues.items()},
    )


@transaction.atomic
def _refuser(lot: LotImport, motif: str) -> None:
    verrouiller(lot)
    if passer(lot, vers=EtatLot.REFUSE, motif=motif[:500]):
        vider(lot)


@transaction.atomic
def _conclure(lot: LotImport, documents: Pieces | None, non_dits: dict[str, int]) -> None:
    """Écarte ce que le fichier dit deux fois, puis compte."""
    exiger(verrouiller(lot), EtatLot.EN_ANALYSE)
    ecarter_les_contradictions(lot)
    progresser(pour=PATIENCE_SECONDES)
    en_plus = {"orphelins": orphelins(lot, documents), "non_dits": non_dits}
    passer(lot, vers=EtatLot.A_VERIFIER, bilan={**bilan(lot), **en_plus}, avancement=0)
    progresser()
