"""Les emplacements nommés d'un texte qu'écrit une commune : « {service} », et rien qui s'exécute.

Un seul passage : ce qu'une valeur contient n'est jamais relu, si bien qu'un habitant qui s'appellerait « {telephone} »
le reste.
"""

import re
from collections.abc import Container, Mapping

_ACCOLADES = re.compile(r"\{([^{}]*)\}")


def remplacer(texte: str, valeurs: Mapping[str, str]) -> str:
    """Chaque emplacement connu par sa valeur ; tout le reste reste littéral."""
    return _ACCOLADES.sub(lambda trouve: valeurs.get(trouve[1], trouve[0]), texte)


def inconnus(texte: str, permis: Container[str]) -> list[str]:
    """Ce qui est entre accolades sans être un emplacement permis, dans l'ordre et une fois chacun."""
    trouves = (trouve[0] for trouve in _ACCOLADES.finditer(texte) if trouve[1] not in permis)
    return list(dict.fromkeys(trouves))
