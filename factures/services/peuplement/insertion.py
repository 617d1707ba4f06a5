"""Écrire beaucoup de lignes à la fois : COPY sur PostgreSQL, INSERT par paquets ailleurs.

Les valeurs sont celles de la base (montants en centimes, clés étrangères en entiers). Les deux chemins écrivent la même
chose, et les contraintes et déclencheurs restent en place.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models
from django.db.models import Max

Ligne = tuple[Any, ...]


def reserver(modele: type[models.Model], nombre: int) -> Sequence[int]:
    """``nombre`` clés que personne d'autre ne prendra, dans la transaction en cours."""
    if connection.vendor != "postgresql":  # SQLite n'a qu'un écrivain : la transaction tient déjà la table
        dernier = modele._default_manager.aggregate(dernier=Max("pk"))["dernier"] or 0
        return range(dernier + 1, dernier + 1 + nombre)
    with connection.cursor() as curseur:
        curseur.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [modele._meta.db_table, modele._meta.pk.column, nombre],
        )
        return [cle for (cle,) in curseur.fetchall()]


def inserer(modele: type[models.Model], champs: Sequence[str], lignes: Iterable[Ligne]) -> None:
    """Écrit ces lignes, par le chemin le plus rapide de cette base."""
    (copier if connection.vendor == "postgresql" else inserer_par_paquets)(modele, champs, lignes)


def copier(modele: type[models.Model], champs: Sequence[str], lignes: Iterable[Ligne]) -> None:
    """Par COPY ; les clés étrangères sont vérifiées aussitôt, au lieu de s'accumuler jusqu'à la fin."""
    with connection.cursor() as curseur:
        with curseur.copy(f"COPY {_cible(modele, champs)} FROM STDIN") as copie:
            for ligne in lignes:
                copie.write_row(ligne)
        curseur.execute("SET CONSTRAINTS ALL IMMEDIATE")


def inserer_par_paquets(modele: type[models.Model], champs: Sequence[str], lignes: Iterable[Ligne]) -> None:
    """Par INSERT, sur n'importe quelle base."""
    preparer = [champ.get_db_prep_value for champ in _champs(modele, champs)]
    valeurs = [
        [prete(valeur, connection, prepared=True) for prete, valeur in zip(preparer, ligne, strict=True)]
        for ligne in lignes
    ]
    marques = ", ".join(["%s"] * len(champs))
    with connection.cursor() as curseur:
        curseur.executemany(f"INSERT INTO {_cible(modele, champs)} VALUES ({marques})", valeurs)  # noqa: S608 - nos noms


def _cible(modele: type[models.Model], champs: Sequence[str]) -> str:
    colonnes = [str(champ.column) for champ in _champs(modele, champs)]
    table, *noms = map(connection.ops.quote_name, (modele._meta.db_table, *colonnes))
    return f"{table} ({', '.join(noms)})"


def _champs(modele: type[models.Model], noms: Sequence[str]) -> list[models.Field[Any, Any]]:
    par_nom = {champ.name: champ for champ in modele._meta.local_fields}
    return [par_nom[nom] for nom in noms]
