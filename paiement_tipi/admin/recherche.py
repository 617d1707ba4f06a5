"""Les paiements dans la recherche de la gestion."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from factures.admin.listes import court
from factures.admin.recherche import montant_de
from paiement_tipi.models import Paiement
from portail.gestion.recherche import Certitude, Chercheur, Piste, declarer_chercheur, porte_le_numero
from portail.gestion.termes import Terme
from portail.models import Collectivite


def _cherches(_collectivite: Collectivite, terme: Terme) -> Iterator[Piste]:
    """Par identifiant d'opération ou le nôtre, par numéro d'autorisation ou référence, par montant."""
    if terme.uuid:
        yield Piste(Q(idop=terme.uuid) | Q(uuid=terme.uuid), Certitude.IDENTIFIANT)
    if reference := porte_le_numero(terme, "refdet"):
        yield Piste(reference, Certitude.LIE)  # c'est d'abord celle de la facture
    if autorise := porte_le_numero(terme, "numauto"):
        yield Piste(autorise, champs=("paiement_tipi.paiement.numauto",))
    euros = montant_de(terme)
    if euros is not None:
        yield Piste(Q(montant=euros))


def _presenter(paiement: Paiement) -> tuple[Any, ...]:
    etat, le = paiement.get_etat_display(), court(timezone.localdate(paiement.cree_le))
    return _("Paiement du %(jour)s") % {"jour": le}, etat, paiement.montant, paiement.payeur, paiement.refdet


declarer_chercheur(Chercheur("paiement_tipi.paiement", _cherches, _presenter))
