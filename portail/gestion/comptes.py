"""Le nom des comptes dont on n'a gardé que la clé."""

from collections.abc import Iterable

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _


def noms_des_comptes(cles: Iterable[int | None]) -> dict[int | None, str]:
    """Par clé, en une requête au plus ; un compte qui n'existe plus le dit."""
    voulues = {cle for cle in cles if cle is not None}
    noms: dict[int | None, str] = dict.fromkeys(voulues, _("un compte fermé"))
    if voulues:
        noms |= {compte.pk: str(compte) for compte in get_user_model()._default_manager.filter(pk__in=voulues)}
    return noms
