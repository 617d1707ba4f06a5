"""Le seul module qui sait qu'un euro a cent centimes ; exact, ou une exception."""

from decimal import Decimal, InvalidOperation


def en_centimes(euros: Decimal) -> int:
    """``Decimal("243.11")`` → 24311. ValueError pour une fraction de centime ou une valeur non finie."""
    if not isinstance(euros, Decimal):
        raise TypeError(f"Un montant est un Decimal, et non {type(euros).__name__}.")
    try:
        centimes = euros.scaleb(2)
        if centimes != centimes.to_integral_value():
            raise ValueError(f"{euros} € n'est pas un nombre entier de centimes.")
    except InvalidOperation as erreur:
        raise ValueError(f"{euros} n'est pas un montant.") from erreur
    return int(centimes)


def depuis_centimes(centimes: int) -> Decimal:
    """24311 → ``Decimal("243.11")``."""
    return Decimal(centimes).scaleb(-2).quantize(Decimal("0.01"))
