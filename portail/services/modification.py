"""Changer quelques champs d'un objet, une personne à la fois, et noter ce qu'ils étaient."""

from typing import Any, TypeVar

from django.db import models, transaction

from portail.journal import noter
from portail.versions import verifier

Objet = TypeVar("Objet", bound=models.Model)

# Nomme parfois une personne, ou tient en une page : le journal dit que cela change, jamais ce que c'était.
TUS = frozenset({
    "accessibilite_auditeur", "accessibilite_defauts", "contact_dpo", "courriel_contact", "directeur_publication",
})  # fmt: skip


@transaction.atomic
def modifier(objet: models.Model, action: str, *, collectivite: int, lu: str = "", **champs: Any) -> bool:
    """Écrit les seuls champs qui changent ; faux s'il n'y en a pas, DejaModifie s'ils ne sont plus ce qui a été lu."""
    actuel = verrouiller(objet)
    avant = {nom: getattr(actuel, nom) for nom in champs}
    verifier(avant, lu=lu)
    nouveaux = {nom: valeur for nom, valeur in champs.items() if avant[nom] != valeur}
    if not nouveaux:
        return False
    for nom, valeur in nouveaux.items():
        setattr(actuel, nom, valeur)
    actuel.full_clean(exclude={champ.name for champ in actuel._meta.fields} - set(champs))
    actuel.save(update_fields=list(nouveaux))
    noter(action, sur=actuel, collectivite=collectivite, avant=_dire(avant, nouveaux), apres=_dire(nouveaux, nouveaux))
    return True


def verrouiller(objet: Objet) -> Objet:
    """Ce qui en est enregistré, que personne d'autre ne change jusqu'à la fin de la transaction."""
    return type(objet)._default_manager.select_for_update().get(pk=objet.pk)


def _dire(valeurs: dict[str, Any], noms: Any) -> dict[str, Any]:
    return {nom: _taire(valeurs[nom]) if nom in TUS else _simple(valeurs[nom]) for nom in noms}


def _taire(valeur: Any) -> str:
    return "rempli" if valeur else ""


def _simple(valeur: Any) -> Any:
    return valeur if isinstance(valeur, str | int | None) else str(valeur)
