"""Pourquoi une facture ne se paie pas en ligne : les mêmes mots sur sa page, au refus, sur son document."""

from dataclasses import replace

from factures.etats import EXPLICATIONS, Empechement, Explication
from factures.models import Facture


def expliquer(facture: Facture, empechement: str | None = None) -> Explication | None:
    """L'explication de l'empêchement, sinon de celui que porte la facture ; rien si elle se paie.

    D'un service suspendu, elle dit aussi le message et l'heure de la reprise.
    """
    cause = facture.empechement if empechement is None else empechement
    if not cause:
        return None
    explication = EXPLICATIONS[Empechement(cause)]
    if cause != Empechement.PAIEMENT_SUSPENDU:
        return explication
    regie = facture.regie
    return replace(explication, message=regie.suspension_message, reprise=regie.suspension_fin)
