"""Ce qu'un agent change de sa commune et de ses services ; chaque acte est noté au journal."""

from typing import Any

from django.db import models, transaction
from django.utils import timezone

from portail.journal import noter
from portail.models import Affectation, Collectivite, Regie
from portail.services.suspension import changer_la_suspension, reprendre_le_paiement, suspendre_le_paiement

__all__ = [
    "changer_la_suspension",
    "modifier_collectivite",
    "modifier_regie",
    "noter_l_export",
    "reprendre_le_paiement",
    "retenir_l_activite",
    "suspendre_le_paiement",
]


def modifier_regie(*, regie: Regie, libelle: str) -> None:
    """Change le nom du service, tel que le lisent les habitants."""
    _modifier(regie, "regie.modifiee", collectivite=regie.collectivite_id, libelle=libelle)


def modifier_collectivite(*, collectivite: Collectivite, telephone: str, horaires: str, couleur: str) -> None:
    """Change comment joindre la commune, et sa couleur."""
    champs = {"telephone": telephone, "horaires": horaires, "couleur": couleur}
    _modifier(collectivite, "collectivite.modifiee", collectivite=collectivite.pk, **champs)


@transaction.atomic
def _modifier(objet: models.Model, action: str, *, collectivite: int, **champs: Any) -> None:
    """Écrit les seuls champs qui changent, et note ce qu'ils étaient."""
    actuel = type(objet)._default_manager.select_for_update().get(pk=objet.pk)
    nouveaux = {nom: valeur for nom, valeur in champs.items() if getattr(actuel, nom) != valeur}
    if not nouveaux:
        return
    avant = {nom: getattr(actuel, nom) for nom in nouveaux}
    for nom, valeur in nouveaux.items():
        setattr(actuel, nom, valeur)
    actuel.full_clean(validate_unique=False, validate_constraints=False)
    actuel.save(update_fields=list(nouveaux))
    noter(action, sur=actuel, collectivite=collectivite, avant=avant, apres=nouveaux)


# Ce qu'on a cherché est souvent un nom ou une adresse : le journal dit seulement qu'il y avait une recherche.
_RECHERCHE = "q"


def noter_l_export(*, collectivite: Collectivite, liste: str, genre: str, nombre: int, filtres: dict[str, str]) -> None:
    """Quelqu'un emporte une liste : laquelle, filtrée comment, en quel format, et combien de lignes."""
    apres = {
        "liste": liste,
        "format": genre,
        "lignes": nombre,
        "filtres": {nom: valeur for nom, valeur in filtres.items() if nom != _RECHERCHE},
        "recherche": bool(filtres.get(_RECHERCHE)),
    }
    noter("liste.exportee", sur=collectivite, collectivite=collectivite.pk, apres=apres)


def retenir_l_activite(*, agent: int, collectivite: Collectivite) -> None:
    """Ce compte vient de se servir de sa session ici ; sans effet pour qui n'y est pas agent."""
    Affectation.objects.filter(usager=agent, collectivite=collectivite).update(vue_le=timezone.now())
