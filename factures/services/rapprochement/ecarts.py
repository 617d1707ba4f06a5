"""Ouvrir et clore un écart, confirmer un règlement : sous le verrou de la commune, une fois chacun."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from factures.etats.rapprochement import EtatEcart
from factures.models import ConfirmationReglement, Ecart, Reglement, RetourTresor
from portail.journal import noter, noter_chacun
from portail.models import Collectivite


class EcartIndisponible(Exception):
    """Ce qu'on demande n'est plus possible ; la phrase dit pourquoi."""


def tenir_la_commune(collectivite_id: int) -> Collectivite:
    """Deux comparaisons de la même commune se suivent : un règlement n'est pris que par l'une."""
    return Collectivite.objects.select_for_update(no_key=True).get(pk=collectivite_id)


def tenir(ecart: Ecart) -> Ecart:
    """L'écart tel qu'il est maintenant, encore à trancher ; dans une transaction."""
    tenir_la_commune(ecart.collectivite_id)
    ecarts = Ecart.objects.select_related("facture", "reglement", "declaration__usager")
    tenu = ecarts.select_for_update(of=("self",)).get(pk=ecart.pk)
    if tenu.etat != EtatEcart.OUVERT:
        raise EcartIndisponible(_("Cet écart est déjà tranché."))
    return tenu


def ouvrir(ecarts: Iterable[Ecart]) -> list[Ecart]:
    """Ceux qui sont nouveaux ; un écart déjà vu, tranché ou non, ne se rouvre pas. Sous le verrou de la commune."""
    par_cle = {ecart.cle: ecart for ecart in ecarts}
    communes = {ecart.collectivite_id for ecart in par_cle.values()}
    for cle in Ecart.objects.filter(collectivite__in=communes, cle__in=par_cle).values_list("cle", flat=True):
        del par_cle[cle]
    nouveaux = Ecart.objects.bulk_create(par_cle.values(), batch_size=500)
    for genre in sorted({ecart.genre for ecart in nouveaux}):
        noter_chacun("ecart.ouvert", sur=[e for e in nouveaux if e.genre == genre], apres={"genre": genre})
    return nouveaux


def clore(ecart: Ecart, *, vers: EtatEcart, motif: str) -> None:
    """Le seul endroit où l'état d'un écart change ; ``motif`` : pourquoi on le classe, ou comment il s'est réglé."""
    ecart.etat, ecart.motif, ecart.clos_le = vers, motif[:200], timezone.now()
    ecart.save(update_fields=["etat", "motif", "clos_le"])
    noter(f"ecart.{vers}", sur=ecart, avant={"etat": EtatEcart.OUVERT}, apres={"etat": vers, "genre": ecart.genre})


def confirmation(
    reglement: Reglement, cle: str, *, jour: date | None, retour: RetourTresor | None = None, depot: Any = None
) -> ConfirmationReglement:
    """À écrire : ce règlement est retrouvé ailleurs."""
    return ConfirmationReglement(
        reglement=reglement, collectivite_id=reglement.collectivite_id, cle=cle, jour=jour, retour=retour, depot=depot
    )


def ouverts(collectivite: Collectivite) -> list[Ecart]:
    """Ceux qui restent à trancher, verrouillés."""
    tous = Ecart.objects.filter(collectivite=collectivite, etat=EtatEcart.OUVERT)
    tous = tous.select_related("facture", "reglement__reprise", "reglement__confirmation", "declaration")
    return list(tous.select_for_update(of=("self",)).order_by(F("pk")))
