"""La tentative ouverte d'une facture, lue avec elle : depuis quand, et jusqu'à quand au plus tard."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db.models import Exists, OuterRef, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import JSONObject

from comptes.models import Usager
from factures.models import Facture
from factures.registre import Operation
from paiement_tipi.etats import (
    ABANDON_CONFIRME,
    MINUTE_TRONQUEE,
    PAGE_OUVERTE,
    SANS_IDOP,
    SANS_RESULTAT,
    SANS_RETOUR,
    EtatPaiement,
)
from paiement_tipi.models import CoupurePayfip, Paiement, PartPaiement

CHAMPS = ("etat", "transport", "cree_le", "envoye_le", "date_payfip", "anomalie", "usager_id")


def colonne() -> Combinable:
    """De quoi lire l'opération, en une colonne ; l'index des parts ouvertes y mène."""
    ouverte = PartPaiement.objects.filter(facture=OuterRef("pk"), ouverte=True)
    muet = Exists(CoupurePayfip.objects.filter(finie_le=None))
    champs = JSONObject(muet=muet, **{champ: f"paiement__{champ}" for champ in CHAMPS})
    return Subquery(ouverte.annotate(champs=champs).values("champs")[:1])


def lire(colonne: Mapping[str, Any] | str) -> Operation:
    """La tentative de ``colonne``, que SQLite rend en texte quand elle est dans une autre."""
    champs = json.loads(colonne) if isinstance(colonne, str) else dict(colonne)
    instants = {nom: _instant(champs[nom]) for nom in ("cree_le", "envoye_le", "date_payfip")}
    muet = bool(champs.pop("muet"))
    return decrire(Paiement(**{**champs, **instants}), muet=muet)


def decrire(paiement: Paiement, *, muet: bool = False) -> Operation:
    """Ce que la personne a besoin d'en savoir ; ``muet`` : PayFiP ne répond plus à personne."""
    attend_payfip = muet and not paiement.par_url and paiement.etat != EtatPaiement.DEMARRE
    a_verifier = paiement.anomalie != ""  # PayFiP a répondu : sa page a servi
    envoyee = paiement.envoye_le if paiement.etat == EtatPaiement.ENVOYE and not a_verifier else None
    return Operation(
        debut=paiement.cree_le,
        usager=paiement.usager_id,
        jusqu_a=None if attend_payfip else _limite(paiement),
        rouvrable_jusqu_a=envoyee and envoyee + PAGE_OUVERTE,
        muette=attend_payfip,
        a_verifier=a_verifier,
    )


def liees(facture: Facture, usager: Usager) -> tuple[list[Facture], int]:
    """Les autres factures du paiement ouvert sur celle-ci : celles que cette personne voit, et combien d'autres."""
    ouvertes = PartPaiement.objects.filter(facture=facture, ouverte=True)
    dans_le_paiement = PartPaiement.objects.filter(paiement__in=ouvertes.values("paiement")).exclude(facture=facture)
    autres = list(dans_le_paiement.values_list("facture", flat=True))
    if not autres:
        return [], 0
    siennes = list(Facture.objects.de(usager, chez=facture.collectivite).filter(pk__in=autres).order_by("pk"))
    return siennes, len(autres) - len(siennes)


def _limite(paiement: Paiement) -> datetime | None:
    """Quand, au plus tard, la facture sera libre si rien n'est payé ; une réponse à vérifier n'a pas d'heure."""
    if paiement.anomalie:
        return None
    if paiement.etat == EtatPaiement.DEMARRE:
        return paiement.cree_le + SANS_IDOP
    if paiement.etat == EtatPaiement.ABANDON_SIGNALE:
        return paiement.date_payfip and paiement.date_payfip + ABANDON_CONFIRME + MINUTE_TRONQUEE
    return paiement.envoye_le and paiement.envoye_le + (SANS_RETOUR if paiement.par_url else SANS_RESULTAT)


def _instant(texte: str | None) -> datetime | None:
    """PostgreSQL y met le fuseau, SQLite ne garde que l'heure universelle."""
    if not texte:
        return None
    instant = datetime.fromisoformat(texte)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
