"""Des tables où l'on ajoute sans rien changer : la base elle-même refuse le reste, sur SQLite comme sur PostgreSQL.

Un modèle s'y range par ``ajout_seul = True`` ; s'il a une durée de vie, ``effacable = True`` permet de l'effacer. Les
déclencheurs sont posés après chaque migration : SQLite les perd quand Django reconstruit une table.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connections, transaction

MESSAGE = "On ajoute à cette table, on n'y change rien."

_POSTGRESQL = """
CREATE OR REPLACE FUNCTION portail_ajout_seul() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%' USING ERRCODE = 'integrity_constraint_violation'; END $$;
""".replace("%", MESSAGE.replace("'", "''"))


def tables() -> list[str]:
    """Les tables concernées, de toutes les apps."""
    return sorted(modele._meta.db_table for modele in apps.get_models() if getattr(modele, "ajout_seul", False))


def effacables() -> set[str]:
    """Celles dont une ligne s'efface à la fin de sa durée, sans jamais changer d'ici là."""
    return {modele._meta.db_table for modele in apps.get_models() if getattr(modele, "effacable", False)}


def proteger(*, using: str = "default", **_: Any) -> None:
    """Pose les déclencheurs ; les poser deux fois revient à les poser une fois (récepteur de ``post_migrate``)."""
    lever(using=using)
    with transaction.atomic(using=using), connections[using].cursor() as curseur:
        presentes = set(connections[using].introspection.table_names(curseur))
        if connections[using].vendor == "postgresql":
            curseur.execute(_POSTGRESQL)
        for ordre in _ordres(using, sorted(presentes & set(tables()) - effacables()), _poser):
            curseur.execute(ordre)
        for table in sorted(presentes & effacables()):
            curseur.execute(_poser(connections[using].vendor, table, "UPDATE"))


def lever(*, using: str = "default") -> None:
    """Retire les déclencheurs : seul l'effacement de toute la base (tests, démonstration à neuf) en a besoin."""
    with transaction.atomic(using=using), connections[using].cursor() as curseur:
        presentes = set(connections[using].introspection.table_names(curseur))
        for ordre in _ordres(using, sorted(presentes & set(tables())), _retirer):
            curseur.execute(ordre)


@contextmanager
def levee(*, using: str = "default") -> Iterator[None]:
    """Le temps d'un bloc, sans déclencheurs."""
    lever(using=using)
    try:
        yield
    finally:
        proteger(using=using)


def _ordres(using: str, noms: list[str], ecrire: Any) -> list[str]:
    actes = ("UPDATE", "DELETE", "TRUNCATE") if connections[using].vendor == "postgresql" else ("UPDATE", "DELETE")
    return [ecrire(connections[using].vendor, nom, acte) for nom in noms for acte in actes]


def _poser(moteur: str, table: str, acte: str) -> str:
    nom = f"{table}_sans_{acte.lower()}"
    if moteur == "postgresql":
        portee = "STATEMENT" if acte == "TRUNCATE" else "ROW"
        return (
            f'CREATE TRIGGER "{nom}" BEFORE {acte} ON "{table}" FOR EACH {portee} EXECUTE FUNCTION portail_ajout_seul()'
        )
    message = MESSAGE.replace("'", "''")
    return f'CREATE TRIGGER "{nom}" BEFORE {acte} ON "{table}" BEGIN SELECT RAISE(ABORT, \'{message}\'); END'


def _retirer(moteur: str, table: str, acte: str) -> str:
    suffixe = f' ON "{table}"' if moteur == "postgresql" else ""
    return f'DROP TRIGGER IF EXISTS "{table}_sans_{acte.lower()}"{suffixe}'
