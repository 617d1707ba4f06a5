"""Lire un lot et dire ce que sa publication ferait ; interrompue, l'analyse reprend au paquet où elle était."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from django.db import transaction

from factures import registre
from factures.etats import EtatLot
from factures.imports import PARTIES, FichierRefuse, Ligne, Rangee, Rejet, interpreter
from factures.imports.documents import DocumentRefuse, Documents
from factures.imports.formats import lire, obligatoires
from factures.models import LigneImport, LotImport, RejetImport
from factures.services.lots.bilan import bilan
from factures.services.lots.comparaison import comparer
from factures.services.lots.contradictions import ecarter_les_contradictions
from factures.services.lots.documents import DocumentRange, documents_de, orphelins, oublier, ranger
from factures.services.lots.etapes import exiger, passer, verrouiller
from portail.models import ModeRegie

PAR_PAQUET = 1000

T = TypeVar("T")
Lue = tuple[Ligne, DocumentRange] | tuple[Rejet, ...]


def analyser(*, lot: LotImport) -> None:
    """Mène le lot à « à vérifier », ou à « refusé » avec son motif ; le reprend s'il avait été interrompu.

    Deux analyses simultanées du même lot n'y ajoutent chaque ligne qu'une fois.
    """
    with transaction.atomic():
        if not passer(lot, vers=EtatLot.EN_ANALYSE):
            exiger(lot, EtatLot.EN_ANALYSE)
    try:
        with lot.fichier.open("rb") as fichier, documents_de(lot) as documents:
            for paquet in paquets(_restantes(lot, lire(fichier.file, lot.format)), PAR_PAQUET):
                _etager(lot, [_lue(lot, rangee, documents) for rangee in paquet])
            _conclure(lot, documents)
    except FichierRefuse as refus:
        _refuser(lot, str(refus))


@transaction.atomic
def reprendre(*, lot: LotImport) -> None:
    """Oublie l'analyse d'un lot à vérifier : ce qu'elle comparait a pu changer."""
    exiger(verrouiller(lot), EtatLot.A_VERIFIER)
    vider(lot)
    passer(lot, vers=EtatLot.DEPOSE, derniere_ligne=0, bilan={})


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


def _restantes(lot: LotImport, rangees: Iterable[Rangee]) -> Iterator[Rangee]:
    return (rangee for rangee in rangees if rangee.numero > lot.derniere_ligne)


def _lue(lot: LotImport, rangee: Rangee, documents: Documents) -> tuple[Rangee, Lue]:
    """La ligne et son document rangé, ou ses défauts."""
    lue = interpreter(rangee, obligatoires=obligatoires(lot.format))
    if not isinstance(lue, Ligne):
        return rangee, lue
    lue = lue if lue.reference else _avec_reference(lot, lue)
    if not lue.reference:
        return rangee, (Rejet(rangee.numero, "reference", _sans_reference(lot)),)
    try:
        return rangee, (lue, ranger(lot, lue, documents))
    except DocumentRefuse as refus:
        return rangee, (Rejet(rangee.numero, "fichier_pdf", str(refus)),)


def _sans_reference(lot: LotImport) -> str:
    if lot.regie.mode == ModeRegie.REGIE:
        return "le fichier ne donne pas la référence de paiement, que ce service choisit lui-même."
    return "il manque de quoi composer la référence de paiement (pièce et ligne, ou code recette et dette)."


def _avec_reference(lot: LotImport, lue: Ligne) -> Ligne:
    parties = {"exercice": lue.exercice, **{nom: getattr(lue, nom) for nom in PARTIES}}
    return replace(lue, reference=registre.composer_reference(lot.regie.mode, parties))


@transaction.atomic
def _etager(lot: LotImport, paquet: list[tuple[Rangee, Lue]]) -> None:
    """Les lignes et leur avancement ensemble : ce qui est compté est là, une seule fois."""
    tenu = verrouiller(lot)
    exiger(tenu, EtatLot.EN_ANALYSE)
    nouvelles = [(rangee, lue) for rangee, lue in paquet if rangee.numero > tenu.derniere_ligne]
    lignes = [lue for _, lue in nouvelles if not isinstance(lue[0], Rejet)]
    LigneImport.objects.bulk_create(comparer(tenu, lignes))
    rejets = ((rangee, rejet) for rangee, lue in nouvelles for rejet in lue if isinstance(rejet, Rejet))
    RejetImport.objects.bulk_create(_rejet(lot, rangee, rejet) for rangee, rejet in rejets)
    derniere = max((rangee.numero for rangee, _ in nouvelles), default=tenu.derniere_ligne)
    LotImport.objects.filter(pk=lot.pk).update(derniere_ligne=derniere)


def _rejet(lot: LotImport, rangee: Rangee, rejet: Rejet) -> RejetImport:
    return RejetImport(
        lot=lot,
        collectivite_id=lot.collectivite_id,
        rang=rangee.numero,
        champ=rejet.champ,
        motif=rejet.motif[:300],
        # PostgreSQL ne garde pas de caractère nul.
        cellules={nom: texte.replace("\x00", "\ufffd") for nom, texte in rangee.cellules.items()},
    )


@transaction.atomic
def _refuser(lot: LotImport, motif: str) -> None:
    verrouiller(lot)
    if passer(lot, vers=EtatLot.REFUSE, motif=motif[:500]):
        vider(lot)


@transaction.atomic
def _conclure(lot: LotImport, documents: Documents) -> None:
    """Écarte ce que le fichier dit deux fois, puis compte."""
    exiger(verrouiller(lot), EtatLot.EN_ANALYSE)
    ecarter_les_contradictions(lot)
    passer(lot, vers=EtatLot.A_VERIFIER, bilan={**bilan(lot), "orphelins": orphelins(lot, documents)})
