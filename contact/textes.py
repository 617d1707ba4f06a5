"""Ce qu'un texte ne doit pas contenir : un numéro de carte bancaire, un saut de ligne là où il n'y en a qu'une."""

import re
import unicodedata
from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# Les numéros que donnent les réseaux ; sans eux, la clé de Luhn prendrait un SIRET ou une référence pour une carte.
_CARTE = re.compile(
    r"4(\d{12}|\d{15}|\d{18})"  # Visa, et la plupart des cartes CB
    r"|(5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(0[0-5]|[689]\d)\d{11}"  # Diners
    r"|(35\d\d|50\d\d|5[6-8]\d\d|6\d\d\d)\d{12,15}"  # JCB, Maestro, Discover, UnionPay
)
_SEPARATEUR = r"[\s\-‐-―]{1,3}"
# Un IBAN est fait de chiffres en groupes de quatre, comme une carte : il s'ôte d'abord.
_IBAN = re.compile(
    r"(?<!\w)[A-Z]{2}\d\d(?:[\s\-]?[0-9A-Z]{4}){2,7}(?:[\s\-]?[0-9A-Z]{1,4})?(?!\w)", re.IGNORECASE | re.ASCII
)
# Une lettre collée (X0000301010000001317) fait une référence, pas une carte.
_SUITE = re.compile(rf"(?<!\w)\d+(?:{_SEPARATEUR}\d+)*(?!\w)")
_GROUPES = ((4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4))
_SIRET = [3, 3, 3, 5]


def contient_une_carte(texte: str) -> bool:
    """Vrai si un numéro de carte bancaire s'y lit, d'un bloc ou en groupes séparés d'espaces ou de tirets."""
    suites = _SUITE.findall(_IBAN.sub(" | ", unicodedata.normalize("NFKC", texte)))
    return any(_CARTE.fullmatch(c) and luhn(c) for suite in suites for c in _candidats(re.findall(r"\d+", suite)))


def _candidats(groupes: list[str]) -> Iterator[str]:
    """La suite entière, chacun de ses groupes, et ceux qui se suivent comme sur une carte."""
    tailles = [len(groupe) for groupe in groupes]
    if tailles != _SIRET:
        yield "".join(groupes)
    yield from groupes
    for forme in _GROUPES:
        for debut in range(len(groupes) - len(forme) + 1):
            if tuple(tailles[debut : debut + len(forme)]) == forme:
                yield "".join(groupes[debut : debut + len(forme)])


def luhn(chiffres: str) -> bool:
    """La clé de contrôle des cartes."""
    doubles = (int(c) * (1 + rang % 2) for rang, c in enumerate(reversed(chiffres)))
    return sum(n - 9 * (n > 9) for n in doubles) % 10 == 0  # noqa: PLR2004


def refuser_une_carte(texte: str) -> None:
    """ValidationError, avec de quoi comprendre."""
    if contient_une_carte(texte):
        phrase = _("On dirait un numéro de carte bancaire. Retirez-le : le service n'en a jamais besoin.")
        raise ValidationError(phrase, code="carte")


def refuser_plusieurs_lignes(texte: str) -> None:
    """ValidationError pour un saut de ligne ou un signe invisible, qu'aucun navigateur ne laisse taper là."""
    if any(unicodedata.category(signe) in {"Cc", "Zl", "Zp"} for signe in texte):
        raise ValidationError(_("Écrivez sur une seule ligne."), code="lignes")


def debut(texte: str, *, signes: int) -> str:
    """Les premiers mots, pour nommer ce qui n'a pas de titre ; « … » s'il en reste."""
    ligne = " ".join(texte.split())
    return ligne if len(ligne) <= signes else f"{ligne[: signes - 1].rsplit(' ', 1)[0]}…"
