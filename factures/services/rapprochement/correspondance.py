"""Quelle facture désignent un titre et sa ligne, ou un article de rôle."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from factures import registre
from factures.etats import Statut
from factures.imports.lecteur_pes_retour import Dette
from factures.models import Facture
from portail.models import Collectivite, ModeRegie, Regie

PAR_LECTURE = 500


def trouver(collectivite: Collectivite, dettes: Iterable[Dette]) -> dict[Dette, list[Facture]]:
    """Les factures, publiées ou annulées, que désigne chacune : une seule, le plus souvent."""
    trouvees: dict[Dette, list[Facture]] = {}
    toutes = list(dict.fromkeys(dettes))
    for debut in range(0, len(toutes), PAR_LECTURE):
        _trouver(collectivite, toutes[debut : debut + PAR_LECTURE], trouvees)
    return trouvees


def _trouver(collectivite: Collectivite, dettes: list[Dette], trouvees: dict[Dette, list[Facture]]) -> None:
    regies = list(collectivite.regies.filter(mode__in=(ModeRegie.TITRE, ModeRegie.ROLE)))
    references = {dette: _references(regies, dette) for dette in dettes}
    candidates: dict[str, dict[int, Facture]] = defaultdict(dict)
    for condition in _conditions(dettes, {r for toutes in references.values() for r in toutes}):
        lues = Facture.objects.filter(condition, collectivite=collectivite).exclude(statut=Statut.BROUILLON)
        for facture in lues:
            for nom in (f"ref {facture.reference}", *_noms(facture)):
                candidates[nom][facture.pk] = facture
    for dette in dettes:
        siennes: dict[int, Facture] = {}
        for reference in references[dette]:
            siennes |= candidates.get(f"ref {reference}", {})
        siennes |= {pk: f for pk, f in candidates.get(_nom(dette), {}).items() if _est(f, dette)}
        trouvees[dette] = list(siennes.values())


def _conditions(dettes: list[Dette], references: set[str]) -> list[Q]:
    """Trois lectures, chacune par son index."""
    titres = [dette for dette in dettes if not dette.dette]
    articles = [dette for dette in dettes if dette.dette]
    pieces = {forme for dette in titres for forme in _formes(dette.piece, 8)}
    numeros = {forme for dette in articles for forme in _formes(dette.dette, 13, 15)}
    annees = {int(dette.exercice) for dette in dettes}
    return [
        Q(reference__in=references, regie__mode__in=(ModeRegie.TITRE, ModeRegie.ROLE)),
        Q(exercice__in=annees, piece__in=pieces, dette="") & ~Q(piece=""),
        Q(exercice__in=annees, dette__in=numeros) & ~Q(dette=""),
    ]


def _formes(nombre: str, *longueurs: int) -> set[str]:
    """Un même numéro, avec ou sans ses zéros."""
    nu = nombre.lstrip("0")
    return {nombre, nu, *(nu.zfill(longueur) for longueur in longueurs)} - {""}


def _references(regies: list[Regie], dette: Dette) -> set[str]:
    """Celles que composerait chaque service qui émet de telles dettes ; le fichier ne dit pas lequel."""
    parties: dict[str, Any] = {
        "exercice": int(dette.exercice),
        "piece": dette.piece.lstrip("0"),
        "ligne": dette.ligne.lstrip("0"),
        "dette": dette.dette,
        "code_recette": dette.code_recette,
    }
    mode = ModeRegie.ROLE if dette.dette else ModeRegie.TITRE
    return {registre.composer_reference(regie, parties) for regie in regies if regie.mode == mode} - {""}


def _nom(dette: Dette) -> str:
    return f"dette {dette.dette}" if dette.dette else f"piece {dette.piece.lstrip('0')}"


def _noms(facture: Facture) -> tuple[str, str]:
    return f"dette {facture.dette.lstrip('0')}", f"piece {facture.piece.lstrip('0')}"


def _est(facture: Facture, dette: Dette) -> bool:
    """Ce que l'un ou l'autre ne dit pas ne les sépare pas."""
    comparees = [(str(facture.exercice or ""), dette.exercice), (facture.code_recette, dette.code_recette)]
    if dette.dette:
        comparees.append((facture.periode.lstrip("0"), dette.periode.lstrip("0")))
    else:
        comparees = [comparees[0], (facture.ligne.lstrip("0"), dette.ligne.lstrip("0"))]
    return all(ici == la_bas for ici, la_bas in comparees if ici and la_bas)
