"""Pourquoi une facture ne se paie pas en ligne : les mêmes mots sur sa page, au refus, sur son document."""

from dataclasses import replace

from factures.etats import Empechement
from factures.etats.explications import EN_VERIFICATION, EXPLICATIONS, Explication
from factures.models import Facture
from portail.moyens import Autrement


def expliquer(facture: Facture, empechement: str | None = None) -> Explication | None:
    """L'explication de l'empêchement, sinon de celui que porte la facture ; rien si elle se paie.

    D'un service suspendu, elle dit aussi le message et l'heure de la reprise ; là où c'est le pas suivant, comment
    payer ce service sans internet.
    """
    cause = facture.empechement if empechement is None else empechement
    if not cause:
        return None
    explication = EXPLICATIONS[Empechement(cause)]
    if _verifie_par_le_service(facture, cause):
        return EN_VERIFICATION
    if cause == Empechement.PAIEMENT_SUSPENDU:
        regie = facture.regie
        explication = replace(explication, message=regie.suspension_message, reprise=regie.suspension_fin)
    return _avec_les_moyens(explication, facture)


def _verifie_par_le_service(facture: Facture, cause: str) -> bool:
    """Vrai si le paiement engagé n'attend plus PayFiP, qui a répondu, mais le service."""
    en_cours = cause in {Empechement.PAIEMENT_EN_COURS, Empechement.PAIEMENT_ABANDONNE}
    return en_cours and facture.operation is not None and facture.operation.a_verifier


def _avec_les_moyens(explication: Explication, facture: Facture) -> Explication:
    """Le pas suivant de ce service, s'il en a dit un qui convienne ; sinon celui qui vaut partout."""
    moyens = moyens_de(facture) if explication.avant_les_moyens else ()
    if not (moyens and explication.avant_les_moyens):
        return explication
    return replace(explication, suite=explication.avant_les_moyens, moyens=moyens)


def moyens_de(facture: Facture) -> tuple[Autrement, ...]:
    """Comment régler sans internet ce qui reste dû ; le code du papier vaut pour la facture entière."""
    entiere = facture.reste_du == facture.montant
    return facture.regie.moyens(facture.reste_du, reference=facture.reference, code=entiere)
