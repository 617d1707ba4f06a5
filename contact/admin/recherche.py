"""Les demandes dans la recherche de la gestion."""

import re
from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, OuterRef, Q

from comptes.admin.recherche import lies_aux_usagers
from comptes.models import Usager
from contact.models import Demande
from factures.admin.listes import court
from portail.gestion.recherche import Certitude, Chercheur, Piste, declarer_chercheur
from portail.gestion.termes import Terme
from portail.models import Collectivite

_NUMERO = re.compile(r"[0-9]{4}[ -]?([0-9]{5,18})")


def _demandes(collectivite: Collectivite, terme: Terme) -> Iterator[Piste]:
    """Par numéro (« 2026-00042 », où l'année n'aide que la mémoire), ou par la personne qui écrit."""
    if numero := _NUMERO.fullmatch(terme.brut):
        yield Piste(Q(pk=int(numero[1])), Certitude.IDENTIFIANT)
    ici = Demande.objects.filter(usager=OuterRef("pk"), collectivite=collectivite)
    yield from lies_aux_usagers(Usager.objects.filter(Exists(ici)), collectivite, terme)


def _presenter(demande: Demande) -> tuple[Any, ...]:
    etat, le = demande.get_etat_display(), court(demande.cree_le.date())
    return demande.numero, demande.objet, etat, str(demande.usager), demande.service, le


declarer_chercheur(Chercheur("contact.demande", _demandes, _presenter))
