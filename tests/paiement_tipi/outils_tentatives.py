"""Mener une tentative contre un PayFiP en marche, et dire en un tuple où l'on en est."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from itertools import count
from typing import Any
from uuid import UUID

import requests
from lxml import etree

from comptes.models import Usager
from factures.models import Facture
from paiement_tipi import services
from paiement_tipi.client import Guichet
from paiement_tipi.models import Paiement
from tests.paiement_tipi.test_simulateur_outils import Simulateur

_formulaires = count(1)


def formulaire() -> UUID:
    return UUID(int=next(_formulaires))


@contextmanager
def pilote(simulateur: Any) -> Iterator[Simulateur]:
    """De quoi régler le simulateur et y payer ; il ne notifie que si le test le demande."""
    with requests.Session() as client:
        payfip = Simulateur(simulateur.url, client)
        payfip.regler(notification="jamais")
        yield payfip


def demarrer(facture: Facture, usager: Usager, *, par: UUID | None = None, guichet: Guichet | None = None) -> Paiement:
    services.demarrer_paiement(
        facture=facture,
        usager=usager,
        formulaire=par or formulaire(),
        guichet=guichet or services.guichet(personne=True),
    )
    return Paiement.objects.latest("pk")


def constater(paiement: Paiement, maintenant: datetime, guichet: Guichet | None = None, **options: bool) -> bool:
    """Un constat à cet instant ; ``paiement`` est relu de la base ensuite."""
    guichet = guichet or services.guichet(personne=True)
    gagne = services.constater(paiement=paiement, guichet=guichet, cause="essai", maintenant=maintenant, **options)
    paiement.refresh_from_db()
    return gagne


def bilan(facture: Facture) -> tuple[str, str, list[str]]:
    """Reste dû, trop-perçu, et le moyen de chaque règlement."""
    facture.refresh_from_db()
    moyens = list(facture.reglements.order_by("pk").values_list("moyen", flat=True))
    return str(facture.reste_du), str(facture.trop_percu), moyens


DUE = ("243.11", "0.00", [])
PAYEE_PAR_CARTE = ("0.00", "0.00", ["carte"])


def empechement(facture: Facture) -> str:
    lue: str = Facture.objects.avec_etat(date.today()).get(pk=facture.pk).empechement
    return lue


def histoire(paiement: Paiement) -> list[str]:
    """Les états par lesquels la tentative est passée."""
    return list(paiement.transitions.values_list("vers", flat=True))


def appels(payfip: Simulateur, operation: str) -> list[dict[str, str]]:
    """Les feuilles de chaque appel de cette opération reçu par PayFiP."""
    recues = [
        r["corps"] for r in payfip.etat()["requetes"] if r["methode"] == "POST" and f":{operation}>" in r["corps"]
    ]
    return [{f.tag: f.text for f in etree.fromstring(corps.encode()).iterfind(".//arg0/*")} for corps in recues]


def creations(payfip: Simulateur) -> list[dict[str, str]]:
    return appels(payfip, "creerPaiementSecurise")


def lectures(payfip: Simulateur) -> list[str]:
    return [champs["idOp"] for champs in appels(payfip, "recupererDetailPaiementSecurise")]
