"""Les libellés qui disent d'une personne ce qu'une facture n'a pas à dire : un avertissement, jamais un refus.

Religion, santé, opinions (RGPD, article 9), situation sociale et numéros d'identité, dans les mots qu'emploient les
services : « repas sans porc », « PAI allergie », « tarif RSA ».
"""

import re
import unicodedata
from functools import lru_cache

_MOTS = {
    "religion": r"sans porc|sans viande|halal|c?k?as?c?her|confession\w*|culte|catechisme|ramadan|careme|kippour",
    "sante": (
        r"pai|allerg\w*|handicap\w*|diabet\w*|coeliaque|sans gluten|epilep\w*|medica\w*|psy\w*|mdph|aeeh|pch|apa|"
        r"autis\w*|dependance|grossesse|alzheimer"
    ),
    "opinions": r"syndica\w*|adherents? politique\w*|parti politique",
    "social": (
        r"rsa|ccas|aide sociale|secours|surendett\w*|quotient familial|qf ?\d*|tarif social|asile|detenu\w*|dalo|aspa"
    ),
    "identite": r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d[\dab] ?\d{3} ?\d{3}(?: ?\d{2})?|nee? le|date de naissance",
}
_MOTIFS = {nature: re.compile(rf"\b(?:{mots})\b") for nature, mots in _MOTS.items()}


@lru_cache(maxsize=1000)  # un fichier n'a que quelques libellés
def nature(libelle: str) -> str:
    """Ce que le libellé paraît révéler (``religion``, ``sante``…) ; vide s'il ne dit que ce qui est dû."""
    reduit = unicodedata.normalize("NFKD", libelle).encode("ascii", "ignore").decode().casefold()
    return next((nom for nom, motif in _MOTIFS.items() if motif.search(reduit)), "")
