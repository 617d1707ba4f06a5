"""L'argent reçu. Le reste dû n'est jamais écrit ailleurs qu'ici."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Case, F, Sum, When

from factures.argent import en_centimes
from factures.etats import Moyen, Sens
from factures.models import Facture, Reglement
from portail.journal import noter


@transaction.atomic
def encaisser(*, facture: Facture, montant: Decimal, moyen: Moyen, origine: str, recu_le: datetime) -> bool:
    """Enregistre ``montant`` euros reçus ; vrai si cet argent est nouveau, faux s'il l'était déjà (même ``origine``).

    Le surplus n'est jamais perdu : au-delà du dû, il devient le trop-perçu de la facture.
    """
    verrouillee = Facture.objects.select_for_update().get(pk=facture.pk)
    _reglement, nouveau = Reglement.objects.get_or_create(
        facture=verrouillee,
        origine=origine,
        defaults={
            "collectivite_id": verrouillee.collectivite_id,
            "montant": montant,
            "moyen": moyen,
            "recu_le": recu_le,
        },
    )
    if nouveau:
        avant = _solde(verrouillee)
        solder(verrouillee)
        verrouillee.save(update_fields=["reste_du", "trop_percu"])
        recu = {"montant": en_centimes(montant), "moyen": moyen, "origine": origine}
        noter("reglement.encaisse", sur=verrouillee, avant=avant, apres={**_solde(verrouillee), **recu})
    return nouveau


def _solde(facture: Facture) -> dict[str, int]:
    """En centimes, pour le journal."""
    return {"reste_du": en_centimes(facture.reste_du), "trop_percu": en_centimes(facture.trop_percu)}


def solder(facture: Facture) -> None:
    """Reste dû et trop-perçu sont toujours le solde des règlements ; à enregistrer, sous le verrou de la facture."""
    net = facture.reglements.aggregate(
        net=Sum(Case(When(sens=Sens.ENCAISSEMENT, then=F("montant")), default=-F("montant")), default=Decimal(0))
    )["net"]
    solde = facture.montant - net
    facture.reste_du, facture.trop_percu = max(solde, Decimal(0)), max(-solde, Decimal(0))
