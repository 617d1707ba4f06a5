"""Le seul module qui sait qu'un euro a cent centimes ; exact, ou une exception."""

from decimal import Context, Decimal, Inexact, InvalidOperation

CENTIME = Decimal("0.01")
# Les dix-neuf chiffres d'un bigint ; tout ce qui s'arrondirait est une exception, jamais un montant voisin.
EXACT = Context(prec=19, traps=[Inexact, InvalidOperation])


def en_centimes(euros: Decimal) -> int:
    """``Decimal("243.11")`` → 24311. ValueError pour une fraction de centime ou une valeur non finie."""
    if not isinstance(euros, Decimal):
        raise TypeError(f"Un montant est un Decimal, et non {type(euros).__name__}.")
    try:
        return int(EXACT.quantize(euros, CENTIME).scaleb(2, EXACT))
    except (ArithmeticError, ValueError) as erreur:
        raise ValueError(f"{euros} € n'est pas un nombre entier de centimes.") from erreur


def depuis_centimes(centimes: int) -> Decimal:
    """24311 → ``Decimal("243.11")``."""
    return EXACT.quantize(Decimal(centimes).scaleb(-2, EXACT), CENTIME)
