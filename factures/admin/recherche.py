"""Les factures dans la recherche de la gestion."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from comptes.admin.recherche import lies_aux_redevables
from factures.admin.listes import court
from factures.imports.valeurs import ValeurRefusee, montant
from factures.models import Facture
from factures.templatetags.etats import badge_etat
from portail.gestion.recherche import Certitude, Chercheur, Piste, declarer_chercheur, porte_le_numero
from portail.gestion.termes import Terme
from portail.models import Collectivite

_EUROS = re.compile(r"euros?$", re.IGNORECASE)


def montant_de(terme: Terme) -> Decimal | None:
    """« 243,11 », « 1 243.11 € », « 243 euros », exact au centime ; None si ce n'est pas un montant."""
    try:
        return montant(_EUROS.sub("EUR", " ".join(terme.brut.split())))
    except ValeurRefusee:
        return None


def _factures(collectivite: Collectivite, terme: Terme) -> Iterator[Piste]:
    """Par numéro ou référence, par montant, et celles des comptes clients trouvés."""
    if terme.uuid:
        yield Piste(Q(uuid=terme.uuid), Certitude.IDENTIFIANT)
    if numerotee := porte_le_numero(terme, "numero", "reference"):
        yield Piste(numerotee, Certitude.IDENTIFIANT)
    euros = montant_de(terme)
    if euros is not None:
        yield Piste(Q(montant=euros))
    yield from lies_aux_redevables(collectivite, terme)


def _presenter(facture: Facture) -> tuple[Any, ...]:
    emise = _("émise le %(jour)s") % {"jour": court(facture.date_emission)}
    return facture.numero, badge_etat(facture), facture.montant, facture.redevable.nom_complet, facture.regie, emise


declarer_chercheur(Chercheur("factures.facture", _factures, _presenter))
