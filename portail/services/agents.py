"""Ce qu'un agent emporte, et qu'il est là."""

from django.utils import timezone

from portail.journal import noter
from portail.models import Affectation, Collectivite

# Ce qu'on a cherché est souvent un nom ou une adresse : le journal dit seulement qu'il y avait une recherche.
_RECHERCHE = "recherche"


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
