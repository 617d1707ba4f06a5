"""Faire se croiser des fils au même endroit du code, et retirer une garde pour voir la course arriver."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models import Model, QuerySet, UniqueConstraint

FIN_SECONDES = 60
# Sous un verrou, le premier arrivé attend en vain : il suffit que les autres aient le temps de venir buter.
VERROUILLE_SECONDES = 0.5
LIBRE_SECONDES = 30


class RendezVous:
    """Tous s'attendent ici ; ``verrou`` : une garde retiendra les autres, celui qui la tient ne les attend pas."""

    def __init__(self, nombre: int, *, verrou: bool = False) -> None:
        self.barriere = threading.Barrier(nombre)
        self.secondes = VERROUILLE_SECONDES if verrou else LIBRE_SECONDES

    def attendre(self) -> None:
        with suppress(threading.BrokenBarrierError):
            self.barriere.wait(self.secondes)


def ensemble(*actions: Callable[[], Any]) -> list[Any]:
    """Le résultat (ou l'exception) de chaque action, chacune dans son fil et sur sa connexion."""
    resultats: list[Any] = [None] * len(actions)

    def courir(rang: int, action: Callable[[], Any]) -> None:
        try:
            resultats[rang] = action()
        except Exception as erreur:  # noqa: BLE001  # rendue au test, qui la jugera
            resultats[rang] = erreur
        finally:
            connections.close_all()

    fils = [threading.Thread(target=courir, args=course) for course in enumerate(actions)]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join(FIN_SECONDES)
    assert not any(fil.is_alive() for fil in fils), "Un fil ne finit pas : les verrous se bloquent entre eux."
    return resultats


def avant(monkeypatch: pytest.MonkeyPatch, module: Any, nom: str, prealable: Callable[[], None]) -> None:
    """Fait précéder chaque appel de ``module.nom`` par ``prealable()``."""
    original = getattr(module, nom)

    def precede(*arguments: Any, **nommes: Any) -> Any:
        prealable()
        return original(*arguments, **nommes)

    monkeypatch.setattr(module, nom, precede)


def sans_verrous(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuerySet, "select_for_update", lambda requete, **_options: requete)


@contextmanager
def sans_contrainte(modele: type[Model], nom: str) -> Iterator[None]:
    """Retire une contrainte d'unicité, puis la remet ; le test a fait place nette avant de sortir."""
    [contrainte] = [c for c in modele._meta.constraints if isinstance(c, UniqueConstraint) and c.name == nom]
    with connection.schema_editor() as editeur:
        editeur.remove_constraint(modele, contrainte)
    try:
        yield
    finally:
        with connection.schema_editor() as editeur:
            editeur.add_constraint(modele, contrainte)
