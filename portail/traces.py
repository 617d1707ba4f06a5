"""Une trace tient sur une ligne et porte la référence que la page d'erreur a montrée."""

import logging
import re
import textwrap
from typing import Any

from portail.correlation import reference

# Un retour à la ligne dans une adresse ou un en-tête écrirait une fausse trace.
CONTROLES = {code: repr(chr(code))[1:-1] for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)}


# Le code imprimé sur une facture suffit pour la payer (docs/adr/026).
_CODE = re.compile(r"(/p/)[^\s?]+")


def masquer(trace: str) -> str:
    """La même, sans le code d'une facture que porterait une adresse."""
    return _CODE.sub(r"\1…", trace)


class Ligne(logging.Formatter):
    """``{reference}`` dans le format ; la pile d'une erreur suit, en retrait : rien n'y passe pour une autre trace."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # nom imposé par logging
        record.reference = reference() or "-"
        return masquer(super().formatMessage(record).translate(CONTROLES))

    def formatException(self, ei: Any) -> str:  # noqa: N802  # nom imposé par logging
        return textwrap.indent(super().formatException(ei), "  ")
