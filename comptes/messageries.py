"""Les fautes de frappe dans le nom des messageries connues ; Python pur."""

from difflib import get_close_matches
from typing import Final

COURANTS: Final = (
    "gmail.com", "hotmail.fr", "hotmail.com", "orange.fr", "wanadoo.fr", "free.fr", "laposte.net", "yahoo.fr",
    "yahoo.com", "outlook.fr", "outlook.com", "sfr.fr", "icloud.com", "live.fr", "bbox.fr", "neuf.fr",
)  # fmt: skip
# De vraies messageries, qui ressemblent aux précédentes.
AUTRES: Final = frozenset({
    "aol.com", "aol.fr", "gmx.com", "gmx.fr", "hotmail.be", "live.be", "live.com", "mac.com", "mail.com", "mail.fr",
    "me.com", "msn.com", "outlook.be", "yahoo.be", "yahoo.co.uk", "ymail.com",
})  # fmt: skip
# La bonne messagerie, avec la mauvaise fin.
CONFUSIONS: Final = {
    "gmail.fr": "gmail.com", "icloud.fr": "icloud.com", "laposte.fr": "laposte.net", "laposte.com": "laposte.net",
    "orange.com": "orange.fr", "sfr.com": "sfr.fr", "wanadoo.com": "wanadoo.fr",
}  # fmt: skip
RESSEMBLANCE: Final = 0.8


def suggerer(courriel: str) -> str:
    """L'adresse que la personne a sans doute voulu écrire ; vide s'il n'y a rien à redire."""
    nom, _, domaine = courriel.rpartition("@")
    if domaine in COURANTS or domaine in AUTRES:
        return ""
    proches = get_close_matches(domaine, COURANTS, n=1, cutoff=RESSEMBLANCE)
    voulu = CONFUSIONS.get(domaine) or next(iter(proches), "")
    return f"{nom}@{voulu}" if voulu else ""
