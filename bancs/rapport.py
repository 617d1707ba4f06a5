"""Les tableaux (Markdown, prêts pour docs/mesures/) et ``bancs/resultats.json``."""

import json
import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from django.db import connection

RESULTATS = Path(__file__).parent / "resultats.json"
COLONNES = {
    "req_s": "req/s",
    "rapport_page_nue": "÷ page nue",
    "rapport_petite_base": "× 1 000",
    "departs_s": "départs/s",
    "part_refusee": "refusés",
    "ms_mediane": "ms médiane",
    "ms_p95": "ms p95",
    "rapport_ms_mediane": "× médiane seule",
    "rapport_ms_p95": "× p95 seule",
    "ms_seul": "ms seul",
    "ms_seul_p95": "ms seul p95",
    "ms_cpu": "ms CPU",
    "ms_cpu_base": "ms CPU base",
    "requetes_sql": "SQL",
    "rss_mo": "Mo",
    "factures_s": "factures/s",
    "secondes": "s",
    "rapport_insertion": "÷ insertion",
    "paiements": "paiements",
    "questions": "questions",
    "min_mediane": "min médiane",
    "min_p999": "min p99,9",
    "ms_question": "ms/question",
    "sql_question": "SQL/question",
}
CHIFFRES = {"req_s": 1, "requetes_sql": 0, "rss_mo": 0, "factures_s": 0, "paiements": 0, "questions": 0}


def contexte() -> dict[str, object]:
    """Quand, et sur quoi."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processeurs": os.cpu_count(),
        "charge_avant": os.getloadavg()[0],
        "python": platform.python_version(),
        "postgresql": connection.pg_version // 10000,  # type: ignore[attr-defined]  # propre à PostgreSQL
    }


def ecrire(figures: dict[str, dict[str, float]], autour: dict[str, object]) -> None:
    """Un objet par sujet ; « contexte » dit quand et sur quoi."""
    arrondies = {nom: {cle: round(valeur, 3) for cle, valeur in f.items()} for nom, f in figures.items()}
    RESULTATS.write_text(json.dumps({"contexte": autour, **arrondies}, ensure_ascii=False, indent=2) + "\n", "utf-8")


def tableau(figures: dict[str, dict[str, float]]) -> str:
    """Un sujet par ligne, du plus petit au plus grand ; seules y sont les colonnes qui servent."""
    colonnes = {cle: titre for cle, titre in COLONNES.items() if any(cle in f for f in figures.values())}
    ordre = sorted(figures, key=lambda nom: (nom.rstrip("_0123456789"), len(nom), nom))
    return markdown(
        ["sujet", *colonnes.values()], [[nom, *(_cellule(figures[nom], c) for c in colonnes)] for nom in ordre]
    )


def document(figures: dict[str, float]) -> str:
    """Le document sans le web."""
    return (
        f"Un document composé seul : {figures['ms_compose']:.0f} ms (p95 {figures['ms_compose_p95']:.0f}), "
        f"{figures['octets'] / 1024:.0f} Kio, {figures['mo_par_rendu']:+.2f} Mo de mémoire par document."
    )


def parts(titre: str, parts: Iterable[tuple[str, float]], total: float) -> str:
    """Des parts d'un temps, en pour cent et en millisecondes."""
    lignes = [[nom, f"{part:.1%}".replace("%", " %"), f"{part * total:.1f}"] for nom, part in parts]
    return markdown([titre, "part", "ms"], lignes)


def markdown(entetes: list[str], lignes: list[list[str]]) -> str:
    """Un tableau aligné : il se lit aussi bien dans un terminal."""
    largeurs = [max(map(len, colonne)) for colonne in zip(entetes, *lignes, strict=True)]
    tirets = ["-" * largeurs[0], *("-" * (largeur - 1) + ":" for largeur in largeurs[1:])]
    return "\n".join(_ligne(mots, largeurs) for mots in (entetes, tirets, *lignes))


def _ligne(mots: list[str], largeurs: list[int]) -> str:
    nom = mots[0].ljust(largeurs[0])
    chiffres = (mot.rjust(largeur) for mot, largeur in zip(mots[1:], largeurs[1:], strict=True))
    return f"| {' | '.join((nom, *chiffres))} |"


def _cellule(figures: dict[str, float], cle: str) -> str:
    return f"{figures[cle]:.{CHIFFRES.get(cle, 2)}f}" if cle in figures else ""
