"""L'argent reçu et rendu. Le reste dû n'est jamais écrit ailleurs qu'ici."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Case, F, Sum, When
from django.utils import timezone

from factures import registre
from factures.argent import en_centimes
from factures.etats import Moyen, Sens
from factures.models import Facture, Reglement
from portail.journal import noter
from portail.versions import tenir

SOLDE = ("reste_du", "trop_percu", "version")


class ReglementImpossible(Exception):
    """Il n'y a pas, ou plus, cet argent à rendre."""


@dataclass(frozen=True)
class Recu:
    """De l'argent reçu ailleurs qu'en ligne : ce qui le distingue de tout autre règlement de la même facture."""

    moyen: str
    montant: Decimal
    jour: date
    bordereau: str = ""
    reference: str = ""

    @property
    def cle(self) -> str:
        """La même pour le même argent, qu'il soit saisi à la main ou lu dans un fichier."""
        valeurs = (self.moyen, str(en_centimes(self.montant)), self.jour.isoformat(), self.bordereau, self.reference)
        return f"recu:{hashlib.sha256('|'.join(valeurs).encode()).hexdigest()[:32]}:"

    def origine(self, origines: dict[str, bool]) -> str | None:
        """Son origine parmi celles de la facture (vrai : reprise depuis) ; rien s'il y est déjà.

        Repris parce qu'enregistré par erreur, le même argent peut l'être de nouveau.
        """
        siennes = [reprise for origine, reprise in origines.items() if origine.startswith(self.cle)]
        return f"{self.cle}{len(siennes)}" if all(siennes) else None


def origines(reglements: Any) -> dict[str, bool]:
    """L'origine de chacun, et s'il a été repris."""
    return {origine: reprise is not None for origine, reprise in reglements.values_list("origine", "reprise")}


def a_midi(facture: Facture, jour: date) -> datetime:
    """Un jour de la commune, sans heure connue."""
    return datetime.combine(jour, time(12), ZoneInfo(facture.collectivite.fuseau))


@transaction.atomic
def encaisser(
    *, facture: Facture, montant: Decimal, moyen: Moyen, origine: str, recu_le: datetime, **precisions: Any
) -> bool:
    """Enregistre ``montant`` euros reçus ; vrai si cet argent est nouveau, faux s'il l'était déjà (même ``origine``).

    Le surplus n'est jamais perdu : au-delà du dû, il devient le trop-perçu de la facture. ``precisions`` : le
    bordereau, la référence, le fichier d'où il vient.
    """
    verrouillee = tenir(Facture.objects.all(), facture.pk)
    champs = {"collectivite_id": verrouillee.collectivite_id, "montant": montant, "moyen": moyen, "recu_le": recu_le}
    _reglement, nouveau = Reglement.objects.get_or_create(
        facture=verrouillee, origine=origine, defaults=champs | precisions
    )
    if nouveau:
        _solder(verrouillee, "reglement.encaisse", montant=montant, moyen=moyen, origine=origine)
    return nouveau


@transaction.atomic
def enregistrer(*, facture: Facture, recu: Recu, version: int | None = None) -> bool:
    """Encaisse ce qu'un agent a reçu ; faux si le même argent y est déjà (même moyen, somme, jour et bordereau)."""
    tenue = tenir(Facture.objects.select_related("collectivite"), facture.pk, version=version)
    origine = recu.origine(origines(tenue.reglements))
    return origine is not None and encaisser(
        facture=tenue,
        montant=recu.montant,
        moyen=Moyen(recu.moyen),
        origine=origine,
        recu_le=a_midi(tenue, recu.jour),
        bordereau=recu.bordereau,
        reference=recu.reference,
    )


@transaction.atomic
def rejeter(*, reglement: Reglement, motif: str, depot: Any = None) -> bool:
    """Reprend un encaissement : chèque impayé, prélèvement rejeté, erreur ; faux s'il l'était déjà.

    Ce qui en a déjà été rendu n'est plus une dette de la facture : elle redevient due, jamais au-delà de son montant.
    ``ReglementImpossible`` si tout a été rendu ou reporté.
    """
    facture = _tenir_ensemble(reglement)
    if Reglement.objects.filter(reprend=reglement).exists():
        return False
    repris = min(reglement.montant, recu_net(facture))
    if repris <= 0:
        raise ReglementImpossible
    _reprendre(facture, Sens.REJET, repris, reglement.moyen, f"reprise:{reglement.pk}",
               motif=motif, reprend=reglement, depot=depot)  # fmt: skip
    registre.suivre_le_rejet(reglement.origine, motif)
    return True


def _tenir_ensemble(reglement: Reglement) -> Facture:
    """La facture du règlement, tenue avec celles que le même paiement a réglées, de la plus ancienne à la plus récente.

    Sans cet ordre, deux agents qui rejettent deux parts du même paiement s'attendraient l'un l'autre.
    """
    cles = {reglement.facture_id, *registre.factures_liees(reglement.origine)}
    tenues = Facture.objects.select_for_update(of=("self",)).filter(pk__in=cles).order_by("pk")
    return {facture.pk: facture for facture in tenues}[reglement.facture_id]


def rendus_avec(reglement: Reglement) -> list[tuple[Reglement, Decimal]]:
    """D'un paiement rejeté, les règlements des autres factures, chacun avec ce qui n'a pu en être repris."""
    autres = Reglement.objects.filter(
        facture__in=registre.factures_liees(reglement.origine), origine=reglement.origine, sens=Sens.ENCAISSEMENT
    ).exclude(pk=reglement.pk)
    lus = autres.select_related("facture", "reprise").order_by("facture_id")
    repris = [(autre, autre.reprise.montant if hasattr(autre, "reprise") else Decimal(0)) for autre in lus]
    return [(autre, autre.montant - somme) for autre, somme in repris if somme < autre.montant]


@transaction.atomic
def rembourser(*, facture: Facture, recu: Recu, motif: str, version: int | None = None) -> bool:
    """Note ce qui a été rendu à la personne ; faux si la même somme y est déjà, ReglementImpossible au-delà du reçu."""
    tenue = tenir(Facture.objects.select_related("collectivite"), facture.pk, version=version)
    origine = f"rendu:{recu.cle}"
    if Reglement.objects.filter(facture=tenue, origine=origine).exists():
        return False
    _reprendre(tenue, Sens.REMBOURSEMENT, recu.montant, recu.moyen, origine, motif=motif,
               recu_le=a_midi(tenue, recu.jour), bordereau=recu.bordereau, reference=recu.reference)  # fmt: skip
    return True


@transaction.atomic
def reporter(*, de: Facture, vers: Facture) -> Decimal:
    """Fait suivre sur ``vers`` tout ce que ``de`` avait reçu, et le rend ; aucun argent ne bouge."""
    ancienne = tenir(Facture.objects.all(), de.pk)
    somme = recu_net(ancienne)
    if somme > 0:
        _reprendre(ancienne, Sens.REMBOURSEMENT, somme, Moyen.REPORT, f"report:{vers.uuid}")
        encaisser(facture=vers, montant=somme, moyen=Moyen.REPORT, origine=f"report:{de.uuid}", recu_le=timezone.now())
    return somme


def _reprendre(  # un règlement a six traits
    facture: Facture, sens: Sens, montant: Decimal, moyen: str, origine: str, **precisions: Any
) -> None:
    """Écrit la contre-écriture, sous le verrou de la facture : on ne rend jamais plus qu'il n'a été reçu."""
    if montant > recu_net(facture):
        raise ReglementImpossible
    champs = {"collectivite_id": facture.collectivite_id, "recu_le": timezone.now()} | precisions
    Reglement.objects.create(facture=facture, sens=sens, montant=montant, moyen=moyen, origine=origine, **champs)
    action = "reglement.rejete" if sens == Sens.REJET else "reglement.rembourse"
    _solder(facture, action, montant=montant, moyen=moyen, origine=origine)


def recu_net(facture: Facture) -> Decimal:
    """Ce qui a été reçu, moins ce qui a été repris ou rendu."""
    net: Decimal = facture.reglements.aggregate(
        net=Sum(Case(When(sens=Sens.ENCAISSEMENT, then=F("montant")), default=-F("montant")), default=Decimal(0))
    )["net"]
    return net


def _solder(facture: Facture, action: str, *, montant: Decimal, moyen: str, origine: str) -> None:
    """Recalcule la facture verrouillée, et le note."""
    avant = _solde(facture)
    poser_le_solde(facture, recu_net(facture))
    facture.save(update_fields=SOLDE)
    fait = {"montant": en_centimes(montant), "moyen": moyen, "origine": origine}
    noter(action, sur=facture, avant=avant, apres={**_solde(facture), **fait})


def poser_le_solde(facture: Facture, net: Decimal) -> None:
    """Reste dû et trop-perçu sont toujours le solde des règlements ; l'appelant enregistre ``SOLDE`` sous le verrou."""
    solde = facture.montant - net
    facture.reste_du, facture.trop_percu = max(solde, Decimal(0)), max(-solde, Decimal(0))
    facture.version += 1


def _solde(facture: Facture) -> dict[str, int]:
    """En centimes, pour le journal."""
    return {"reste_du": en_centimes(facture.reste_du), "trop_percu": en_centimes(facture.trop_percu)}


def solder(facture: Facture) -> None:
    """Recalcule le solde d'une facture verrouillée dont le montant a changé ; à enregistrer (``SOLDE``)."""
    poser_le_solde(facture, recu_net(facture))
