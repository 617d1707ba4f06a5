"""Écrire un montant, partout de la même façon."""

from decimal import Decimal

# Un euro s'écrit ainsi quelle que soit la langue, et number_format y mettrait dix fois plus de temps.
_A_LA_FRANCAISE = str.maketrans({",": "\N{NO-BREAK SPACE}", ".": ",", " ": "\N{NO-BREAK SPACE}"})


def en_euros(euros: Decimal) -> str:
    """``Decimal("1234.5")`` → « 1 234,50 € », espaces insécables."""
    return f"{euros:,.2f} €".translate(_A_LA_FRANCAISE)
