"""Revenir en arrière : renoncer à un lot qui n'est pas publié, ou défaire une publication que personne n'a vue."""

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from factures.etats import TRANSITIONS_LOT, EtatLot
from factures.models import Facture, LotImport
from factures.services.lots.analyse import vider
from factures.services.lots.comparaison import touchee
from factures.services.lots.corrections import Perime, retablir_les_factures, retablir_les_redevables
from factures.services.lots.etapes import exiger, passer, verrouiller
from factures.services.lots.publication import effacer, retirer_les_brouillons


class AnnulationImpossible(Exception):
    """Quelqu'un a déjà lu ou payé une facture du lot ; la phrase dit combien."""


@transaction.atomic
def renoncer(*, lot: LotImport) -> None:
    """Le lot n'aura rien laissé ; ``LotIndisponible`` s'il est déjà publié ou fini."""
    exiger(verrouiller(lot), *(etat for etat, suites in TRANSITIONS_LOT.items() if EtatLot.ABANDONNE in suites))
    defaire(lot)
    passer(lot, vers=EtatLot.ABANDONNE)


def defaire(lot: LotImport) -> None:
    """Retire tout ce qu'un lot verrouillé, non publié, a préparé."""
    retirer_les_brouillons(lot)
    vider(lot)


def annuler_publication(*, lot: LotImport) -> bool:
    """Retire les factures du lot et rend ce qu'il avait changé ; vrai pour l'unique appel qui l'a fait.

    ``AnnulationImpossible`` dès qu'une personne a lu, marqué, payé ou commencé à payer l'une d'elles.
    """
    try:
        return _annuler(lot)
    except Perime as perime:
        raise AnnulationImpossible("Une facture que ce lot avait corrigée a changé depuis, ou a été lue.") from perime
    except (ProtectedError, IntegrityError) as erreur:
        raise AnnulationImpossible("Quelqu'un vient de lire ou de payer une facture de ce lot.") from erreur


@transaction.atomic
def _annuler(lot: LotImport) -> bool:
    tenu = verrouiller(lot)
    if tenu.etat != EtatLot.PUBLIE:
        return False
    if tenu.efface_le is not None:
        raise AnnulationImpossible(
            "Ce lot est trop ancien : ses lignes ont été effacées, annulez ses factures une à une."
        )
    factures = Facture.objects.filter(lot=lot)
    # Verrouillées d'abord : une lecture ou un paiement qui arriverait maintenant attendra notre fin.
    list(factures.select_for_update(of=("self",)).order_by("pk").values_list("pk"))
    vues = factures.filter(touchee()).count()
    if vues:
        raise AnnulationImpossible(f"{vues} facture(s) de ce lot ont déjà été lues ou payées.")
    retablir_les_factures(lot)
    retablir_les_redevables(lot)
    effacer(factures)
    vider(lot)
    return passer(lot, vers=EtatLot.ANNULE)
