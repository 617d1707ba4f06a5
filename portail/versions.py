"""Deux personnes changent la même chose : la seconde voit ce que la première a fait avant de l'effacer."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)


def empreinte(valeurs: Mapping[str, Any]) -> str:
    """La même pour les mêmes valeurs, qu'elles viennent d'un formulaire ou de la base."""
    texte = json.dumps({nom: str(valeur) for nom, valeur in valeurs.items()}, sort_keys=True)
    return hashlib.sha256(texte.encode()).hexdigest()[:16]


class DejaModifie(Exception):
    """Ce qu'on croyait changer n'est plus ce qui avait été lu : ``actuelles`` dit ce qui est enregistré, par champ."""

    def __init__(self, actuelles: Mapping[str, Any]) -> None:
        super().__init__(", ".join(actuelles))
        self.actuelles, self.lu = dict(actuelles), empreinte(actuelles)


def verifier(actuelles: Mapping[str, Any], *, lu: str) -> None:
    """DejaModifie si ``lu``, l'empreinte de ce qui a été montré, n'est plus la leur ; vide, rien n'est comparé."""
    if lu and lu != empreinte(actuelles):
        raise DejaModifie(actuelles)


class Conflit(Exception):
    """L'objet n'est plus celui que la personne a lu."""


def tenir(objets: QuerySet[M], cle: Any, *, version: int | None = None) -> M:
    """L'objet tel qu'il est maintenant, tenu jusqu'à la fin de la transaction ; ``Conflit`` s'il a changé de version.

    Son modèle a une colonne ``version``, qu'augmente tout ce qui le change.
    """
    tenu = objets.select_for_update(of=("self",)).get(pk=cle)
    if version is not None and getattr(tenu, "version") != version:  # noqa: B009  # que mypy ne sait pas là
        raise Conflit
    return tenu
