"""Comment on cherche un nom ou un numéro : sans ce que l'imprimé, le logiciel et le clavier écrivent différemment."""

import unicodedata

from django.db.models import Func

SEPARATEURS = " -/._"
# Ce que la décomposition d'Unicode garde entier et que personne ne tape.
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d"})
_SANS_SEPARATEURS = "REPLACE(" * len(SEPARATEURS) + "%(expressions)s" + "".join(f", '{c}', '')" for c in SEPARATEURS)


def reduire(texte: str) -> str:
    """« BÉRANGER-L'Œuvre » → « beranger l oeuvre » ; réduire deux fois revient à réduire une fois."""
    minuscules = unicodedata.normalize("NFKD", texte).casefold().translate(_LIGATURES)
    decompose = unicodedata.normalize("NFKD", minuscules)
    return " ".join("".join(c if c.isalnum() else " " for c in decompose if not unicodedata.combining(c)).split())


class Compact(Func):
    """« 2026-eau 1317 » → « 2026EAU1317 », des deux côtés d'une comparaison : la base seule décide des majuscules.

    Rien n'y est un paramètre : PostgreSQL y reconnaît l'expression d'un index.
    """

    arity = 1
    template = f"UPPER({_SANS_SEPARATEURS})"
