"""Un texte devient une valeur, ou dit pourquoi il n'en est pas une ; ce qui se lit de deux façons est refusé."""

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache

ANNEE_MINIMALE, ANNEE_MAXIMALE = 1990, 2100
EUROS_MAXIMUM = Decimal(10) ** 9

_CENTIME = Decimal("0.01")
# [0-9] et non \d : les chiffres d'autres écritures ne sont pas ceux d'une facture.
_MONTANT = re.compile(
    r"([+-]?)(?:"
    r"([0-9]+|[0-9]{1,3}(?: [0-9]{3})+)(?:[.,]([0-9]{1,2}))?"
    r"|([0-9]{1,3}(?:\.[0-9]{3})+),([0-9]{2})"
    r"|([0-9]{1,3}(?:,[0-9]{3})+)\.([0-9]{2})"
    r")"
)
_SANS_SEPARATEUR = str.maketrans("", "", " .,")
_DEUX_LECTURES = re.compile(r"[+-]?[0-9]{1,3}[.,][0-9]{3}")
_FRACTION = re.compile(r"[+-]?[0-9 ]+[.,][0-9]{3,}")
_DEVISE = re.compile(r" ?(?:€|EUR)$")
_DATE = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})|([0-9]{4})-([0-9]{2})-([0-9]{2})")
_DATE_COURTE = re.compile(r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2}")
_COURRIEL = re.compile(r"[^@\s,;<>()\[\]\"\\]+@(?:[^@\s,;.<>()\[\]\"\\]+\.)+[^@\s,;.<>()\[\]\"\\]{2,}")


class ValeurRefusee(ValueError):
    """La phrase se lit après « Ligne 12 : »."""


def montant(texte: str) -> Decimal:
    """« 1 234,56 », « 1.234,56 », « 243.11 € » ou « -12 » ; deux décimales exactes, jamais zéro."""
    nombre = _DEVISE.sub("", texte.replace("\u2212", "-"))
    lu = _MONTANT.fullmatch(nombre)
    if lu is None:
        raise ValeurRefusee(_pourquoi(nombre, texte))
    entiers = (lu[2] or lu[4] or lu[6]).translate(_SANS_SEPARATEUR)
    euros = Decimal(f"{lu[1]}{entiers}.{lu[3] or lu[5] or lu[7] or 0}")
    if not euros:
        raise ValeurRefusee("le montant est nul.")
    if abs(euros) >= EUROS_MAXIMUM:
        raise ValeurRefusee(f"le montant « {texte} » est trop grand.")
    return euros.quantize(_CENTIME)


def _pourquoi(nombre: str, texte: str) -> str:
    if _DEUX_LECTURES.fullmatch(nombre):
        return f"le montant « {texte} » se lit de deux façons ; écrivez les centimes avec deux chiffres (1234,00)."
    if _FRACTION.fullmatch(nombre):
        return f"le montant « {texte} » a plus de deux décimales."
    return f"le montant « {texte} » n'est pas un nombre."


@lru_cache(maxsize=1000)  # un fichier n'a que quelques dates
def jour(texte: str) -> date:
    """« 23/11/2026 », jour d'abord, ou « 2026-11-23 »."""
    lue = _DATE.fullmatch(texte)
    if lue is None:
        conseil = "écrivez l'année avec quatre chiffres" if _DATE_COURTE.fullmatch(texte) else "écrivez JJ/MM/AAAA"
        raise ValeurRefusee(f"la date « {texte} » ne se comprend pas ; {conseil}.")
    annee, mois, du_mois = (lue[3], lue[2], lue[1]) if lue[1] else (lue[4], lue[5], lue[6])
    try:
        compris = date(int(annee), int(mois), int(du_mois))
    except ValueError:
        raise ValeurRefusee(f"la date « {texte} » n'existe pas (jour, mois, année).") from None
    if not ANNEE_MINIMALE <= compris.year <= ANNEE_MAXIMALE:
        raise ValeurRefusee(f"la date « {texte} » est hors des années {ANNEE_MINIMALE} à {ANNEE_MAXIMALE}.")
    return compris


def exercice(texte: str) -> int:
    """Une année en quatre chiffres."""
    if not re.fullmatch("[0-9]{4}", texte) or not ANNEE_MINIMALE <= int(texte) <= ANNEE_MAXIMALE:
        raise ValeurRefusee(f"l'exercice « {texte} » n'est pas une année.")
    return int(texte)


def courriel(texte: str) -> str:
    """Une adresse, une seule."""
    if not _COURRIEL.fullmatch(texte):
        raise ValeurRefusee(f"l'adresse mail « {texte} » n'est pas valable ; corrigez-la ou videz la case.")
    return texte
