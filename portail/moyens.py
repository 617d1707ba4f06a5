"""Payer sans internet : ce qu'on en lit, et ce qui fait un IBAN."""

import re
from dataclasses import dataclass
from decimal import Decimal

from django.utils.functional import Promise

# Chez un buraliste, ce qu'on peut payer en espèces (payfip.md §6.7).
PLAFOND_TABAC = Decimal(300)

_IBAN = re.compile(r"FR[0-9]{12}[A-Z0-9]{11}[0-9]{2}")


@dataclass(frozen=True)
class Autrement:
    """Un moyen de payer : son nom, et ce qu'il faut savoir pour s'en servir, ligne à ligne."""

    titre: Promise
    lignes: tuple[str | Promise, ...]


def par_quatre(iban: str) -> str:
    """« FR76 3000 1007… » : tel qu'un IBAN se lit et se recopie, quels que soient les espaces tapés."""
    serre = "".join(iban.split()).upper()
    return " ".join(serre[rang : rang + 4] for rang in range(0, len(serre), 4))


def est_iban(iban: str) -> bool:
    """Vrai d'un compte français dont la clé tombe juste : reste 1 modulo 97, les lettres valant 10 à 35."""
    serre = iban.replace(" ", "")
    if _IBAN.fullmatch(serre) is None:
        return False
    return int("".join(str(int(signe, 36)) for signe in serre[4:] + serre[:4])) % 97 == 1
