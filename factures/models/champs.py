"""Le champ des montants : centimes entiers en base, ``Decimal`` euros en Python."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from factures.argent import depuis_centimes, en_centimes

if TYPE_CHECKING:
    _Centimes = models.BigIntegerField[Decimal | int, Decimal]
else:
    _Centimes = models.BigIntegerField


class MontantField(_Centimes):
    """SQLite garde un DecimalField en virgule flottante ; un entier de centimes y est exact."""

    description = _("Montant en euros")

    def from_db_value(self, value: int | Decimal | None, *_: object) -> Decimal | None:
        # Une somme PostgreSQL de bigint est un numeric, donc un Decimal entier.
        return None if value is None else depuis_centimes(int(value))

    def to_python(self, value: Any) -> Decimal | None:
        if value is None or isinstance(value, Decimal):
            return value
        try:
            return depuis_centimes(en_centimes(Decimal(str(value))))
        except (ArithmeticError, ValueError) as erreur:
            raise ValidationError(_("Écrivez un montant en euros, par exemple 243.11.")) from erreur

    def get_prep_value(self, value: Any) -> int | None:
        if value is None or hasattr(value, "resolve_expression"):
            return value  # type: ignore[no-any-return]  # une expression se prépare elle-même
        euros = self.to_python(value)
        return None if euros is None else en_centimes(euros)
