"""Revenir en arrière : renoncer à un fichier, ou reprendre un à un les règlements qu'il a enregistrés."""

from collections import defaultdict
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from factures.etats import Sens
from factures.etats.depots import EtatDepot
from factures.models import DepotReglements, Reglement
from factures.services.depots import en_ligne
from factures.services.depots.enregistrement import PAR_ECRITURE, resolder, tenir
from factures.services.depots.etapes import DepotIndisponible, passer, verrouiller
from factures.services.rapprochement import tenir_la_commune


@transaction.atomic
def renoncer(*, depot: DepotReglements) -> None:
    """Le fichier n'aura rien laissé ; ``DepotIndisponible`` s'il est déjà enregistré."""
    tenu = verrouiller(depot)
    if tenu.etat != EtatDepot.A_VERIFIER:
        raise DepotIndisponible(_("Ce fichier n'est plus à vérifier."))
    tenu.lignes.all().delete()
    passer(depot, vers=EtatDepot.ABANDONNE)


@transaction.atomic
def annuler(*, depot: DepotReglements, motif: str) -> bool:
    """Reprend par une contre-écriture chaque règlement du fichier qui ne l'est pas déjà ; faux si c'était fait.

    Ce qu'il confirmait ne l'est plus. Tout ou rien : ``DepotIndisponible`` dès qu'une partie de cet argent a été
    rendue ou reportée. Le même fichier peut ensuite être déposé de nouveau.
    """
    tenu = verrouiller(depot)
    if tenu.etat == EtatDepot.ANNULE:
        return False
    if tenu.etat != EtatDepot.ENREGISTRE:
        raise DepotIndisponible(_("Ce fichier n'a rien enregistré."))
    tenir_la_commune(tenu.collectivite_id)
    factures = tenir(tenu.reglements.order_by().values_list("facture", flat=True))
    encaisses = list(tenu.reglements.filter(sens=Sens.ENCAISSEMENT, reprise__isnull=True))
    par_facture: dict[int, Decimal] = defaultdict(Decimal)
    for reglement in encaisses:
        par_facture[reglement.facture_id] += reglement.montant
    rendues = sum(somme > factures[cle].recu for cle, somme in par_facture.items())
    if rendues:
        raise DepotIndisponible(
            _("De l'argent de ce fichier a déjà été rendu ou reporté, sur %(n)d facture(s).") % {"n": rendues}
        )
    Reglement.objects.bulk_create([_contraire(r, motif, tenu) for r in encaisses], batch_size=PAR_ECRITURE)
    resolder([factures[cle] for cle in par_facture], "reglement.rejete", tenu)
    faits = en_ligne.defaire(tenu)
    return passer(depot, vers=EtatDepot.ANNULE, reglements=len(encaisses), **faits)


def _contraire(reglement: Reglement, motif: str, depot: DepotReglements) -> Reglement:
    return Reglement(
        facture_id=reglement.facture_id,
        collectivite_id=reglement.collectivite_id,
        sens=Sens.REJET,
        moyen=reglement.moyen,
        montant=reglement.montant,
        recu_le=timezone.now(),
        origine=f"reprise:{reglement.pk}",
        motif=motif,
        reprend=reglement,
        depot=depot,
    )
