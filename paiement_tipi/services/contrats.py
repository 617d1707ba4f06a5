"""Le contrat d'un service avec PayFiP : chaque changement a un motif, et le journal en garde l'avant et l'après."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from factures.argent import en_centimes
from paiement_tipi import references
from paiement_tipi.client import Guichet, GuichetIndisponible
from paiement_tipi.etats import VIE_DU_CONTRAT, EtatPaiement, MiseEnService
from paiement_tipi.models import ContratTipi, Paiement, Transport
from paiement_tipi.protocole import PRODUCTIONS, Resultat, Saisie
from portail.journal import noter
from portail.models import Collectivite, Regie
from portail.registre import Exigence


def _a_un_contrat(collectivite: Collectivite) -> bool:
    """Un portail où rien ne se paie en ligne n'est pas prêt."""
    services = Regie.objects.ouvertes().filter(collectivite=collectivite)
    return ContratTipi.objects.filter(regie__in=services, saisie__in=PRODUCTIONS).exists()


EN_PRODUCTION = Exigence(
    "contrat",
    _("un service dont le contrat PayFiP est en production"),
    _a_un_contrat,
    lambda _collectivite: reverse("gestion:portail_regie_changelist"),
)


class MiseEnServiceImpossible(Exception):
    """Ce n'est pas l'étape suivante, ou il manque un paiement d'activation."""


@dataclass(frozen=True)
class Raccordement:
    """Ce que la commune sait de son adhésion : rien de ce qui dit où elle en est (``mettre_en_service``)."""

    numcli: str
    transport: str = Transport.SERVICE_WEB
    carte: bool = True
    prelevement: bool = True
    montant_minimal: Decimal | None = None
    montant_maximal: Decimal | None = None
    dette_sur_13: bool = True

    @classmethod
    def de(cls, contrat: ContratTipi) -> "Raccordement":
        """Celui de ce contrat."""
        return cls(**{nom: getattr(contrat, nom) for nom in cls.__dataclass_fields__})

    def faits(self) -> dict[str, Any]:
        """Pour le journal, qui garde des centimes."""
        return {nom: en_centimes(v) if isinstance(v, Decimal) else v for nom, v in asdict(self).items()}


@transaction.atomic
def regler_contrat(*, regie: Regie, raccordement: Raccordement, motif: str) -> bool:
    """Crée le contrat du service, ou le modifie ; faux si rien ne change. Les tentatives en cours gardent le leur.

    Un autre numéro de client ou un autre transport se remet en service depuis le test.
    """
    Regie.objects.select_for_update().get(pk=regie.pk)
    actuel = ContratTipi.objects.filter(regie=regie).first()
    avant = Raccordement.de(actuel) if actuel else None
    if avant == raccordement:
        return False
    champs = asdict(raccordement) | {"collectivite_id": regie.collectivite_id}
    if avant and (avant.numcli, avant.transport) != (raccordement.numcli, raccordement.transport):
        champs |= {"saisie": Saisie.TEST, "libelles": "", "verifie_le": None, "alerte": ""}
    contrat, cree = ContratTipi.objects.update_or_create(regie=regie, defaults=champs)
    apres = raccordement.faits() | {"saisie": contrat.saisie, "motif": motif}
    dit = avant.faits() | {"saisie": actuel.saisie} if avant and actuel else None
    noter("contrat.cree" if cree else "contrat.modifie", sur=contrat, avant=dit, apres=apres)
    return True


def activations(contrat: ContratTipi) -> dict[str, Paiement | None]:
    """Le premier paiement d'activation réussi de chaque moyen que le contrat propose, s'il y en a un."""
    reussies = Paiement.objects.filter(
        contrat=contrat, numcli=contrat.numcli, saisie=Saisie.ACTIVATION, etat=EtatPaiement.ESSAI_REUSSI
    ).order_by("pk")
    codes = {"carte": Resultat.PAYE, "prelevement": Resultat.PRELEVE}
    return {m: reussies.filter(resultat=code).first() for m, code in codes.items() if getattr(contrat, m)}


def suites(contrat: ContratTipi) -> list[MiseEnService]:
    """Où ce contrat peut aller, dans l'ordre de sa vie."""
    return [etape for etape in MiseEnService if etape in VIE_DU_CONTRAT[contrat.etape]]


@transaction.atomic
def mettre_en_service(*, contrat: ContratTipi, vers: MiseEnService, motif: str, derogation: bool = False) -> None:
    """Passe le contrat à ``vers`` ; MiseEnServiceImpossible si ce n'est pas sa suite.

    Sans activation réussie de chaque moyen, la production demande une ``derogation`` : une commune qui change de
    logiciel a déjà fait les siennes.
    """
    tenu = ContratTipi.objects.select_for_update().get(pk=contrat.pk)
    if vers not in VIE_DU_CONTRAT[tenu.etape]:
        raise MiseEnServiceImpossible(_("Ce contrat n'en est pas là : rechargez sa page."))
    if vers == MiseEnService.PRODUCTION and not derogation and None in activations(tenu).values():
        raise MiseEnServiceImpossible(_("Il manque un paiement d'activation réussi pour un des moyens de paiement."))
    avant, saisie = tenu.saisie, _saisie(tenu, vers)
    ContratTipi.objects.filter(pk=tenu.pk).update(saisie=saisie)
    apres = {"saisie": saisie, "motif": motif, "derogation": derogation}
    noter("contrat.mis_en_service", sur=tenu, avant={"saisie": avant}, apres=apres)


def _saisie(contrat: ContratTipi, etape: MiseEnService) -> Saisie:
    if etape != MiseEnService.PRODUCTION:
        return {MiseEnService.TEST: Saisie.TEST, MiseEnService.ACTIVATION: Saisie.ACTIVATION}[etape]
    return Saisie.PRODUCTION if contrat.transport == Transport.SERVICE_WEB else Saisie.PRODUCTION_URL


def verifier_contrat(*, contrat: ContratTipi, guichet: Guichet) -> tuple[str, ...]:
    """Ce que PayFiP dit de ce numéro de client, gardé avec sa date. GuichetRefuse s'il ne le connaît pas."""
    detail = guichet.detail_client(contrat.numcli)
    if detail.numcli.zfill(6) != contrat.numcli:
        raise GuichetIndisponible("un autre numéro de client")
    with transaction.atomic():
        tenu = ContratTipi.objects.filter(pk=contrat.pk, numcli=contrat.numcli)
        tenu.update(libelles="\n".join(detail.libelles), verifie_le=timezone.now(), alerte="")
        noter("contrat.verifie", sur=contrat, apres={"numcli": contrat.numcli})
    return detail.libelles


def revient(regie: Regie) -> bool:
    """Vrai si PayFiP ramène ici la personne qui a payé ; par URL, elle revient d'elle-même."""
    contrat: ContratTipi | None = getattr(regie, "contrat_tipi", None)
    return contrat is None or contrat.transport == Transport.SERVICE_WEB


def reference(regie: Regie, parties: Mapping[str, Any]) -> str:
    """La référence d'une facture de ce service, composée comme le veut son contrat."""
    contrat: ContratTipi | None = getattr(regie, "contrat_tipi", None)
    return references.composer(regie.mode, parties, dette_sur_13=contrat is None or contrat.dette_sur_13)
