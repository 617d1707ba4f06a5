"""Les valeurs qu'échange PayFiP, par service web comme par URL : le libellé, et l'heure de Paris."""

import re
import unicodedata
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
LONGUEUR_OBJET = 99


def nettoyer_objet(texte: str) -> str:
    """Le libellé tel que PayFiP l'accepte (payfip.md §3.2) : « L'été à l'école – n°1 » → « L ete a l ecole n1 »."""
    # Les séparateurs d'abord : l'apostrophe typographique disparaîtrait avec les accents.
    separe = re.sub(r"['’\-\s]", " ", unicodedata.normalize("NFKD", texte))
    gardes = re.sub(r"[^A-Za-z0-9 ]", "", separe)
    return " ".join(gardes.split())[:LONGUEUR_OBJET].rstrip()


def date_de_paris(dattrans: str, heurtrans: str) -> datetime | None:
    """``JJMMAAAA`` et ``HHMM`` de Paris → instant UTC ; None si l'un manque ou n'existe pas.

    À l'heure d'hiver, 2 h 30 existe deux fois : c'est la première (l'heure d'été) qui est retenue.
    """
    if not (re.fullmatch(r"\d{8}", dattrans, re.ASCII) and re.fullmatch(r"\d{4}", heurtrans, re.ASCII)):
        return None
    try:
        locale = datetime.strptime(dattrans + heurtrans, "%d%m%Y%H%M").replace(tzinfo=PARIS)
        return locale.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
