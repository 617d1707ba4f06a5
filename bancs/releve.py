"""Le relevé : combien de temps entre payé à la banque et réglé ici, sans notification ; et ce qu'il coûte."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from unittest.mock import patch
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bancs.donnees import Commune, creer, ranger
from comptes.models import Redevable
from factures.models import Facture
from paiement_tipi.client import GuichetRefuse
from paiement_tipi.etats import EtatPaiement
from paiement_tipi.models import ContratTipi, Paiement, PartPaiement
from paiement_tipi.protocole import Faute, Lecture
from paiement_tipi.services import rapprochement
from portail.models import Collectivite

OUVERTES = 10_000
PAR_HEURE, HEURES = 300, 3
PART_PAYEE = 0.7  # les autres quittent la page sans rien faire : PayFiP répond P5 deux heures durant
LATENCE_SECONDES = 1.0


@dataclass
class Monde:
    """Un PayFiP et une horloge simulés : chaque question fait passer ``latence`` secondes."""

    maintenant: datetime
    latence: float
    payes: dict[UUID, datetime] = field(default_factory=dict)
    paiements: dict[UUID, Paiement] = field(default_factory=dict)
    attentes: list[float] = field(default_factory=list)
    questions: int = 0

    def monotonic(self) -> float:
        """Ce que le relevé lit pour savoir s'il dure trop."""
        return self.maintenant.timestamp()

    def lire(self, idop: UUID) -> tuple[Lecture, bytes]:
        """P dès que la banque a encaissé, P5 avant."""
        self.questions += 1
        self.maintenant += timedelta(seconds=self.latence)
        paye = self.payes.get(idop)
        if paye is None or paye > self.maintenant:
            raise GuichetRefuse(Faute("P5", "", technique=False))
        self.attentes.append((self.maintenant - paye).total_seconds())
        p = self.paiements[idop]
        centimes = int(p.montant * 100)
        return Lecture(str(idop), "P", p.numcli, p.refdet, p.saisie, centimes, "A55A", paye), b"<reponse/>"


def mesurer_le_releve() -> dict[str, dict[str, float]]:
    """De payé à réglé, puis un relevé devant dix mille tentatives ouvertes."""
    return {"paye_a_regle": _attentes(LATENCE_SECONDES), "releve_10000": _dix_mille()}


def _attentes(latence: float) -> dict[str, float]:
    """Trois heures de départs au hasard, et le relevé à sa période ; personne ne revient, PayFiP ne notifie rien."""
    hasard, debut = random.Random(1317), timezone.now() - timedelta(days=2)
    monde = Monde(debut, latence)
    departs = list(_departs(hasard, debut))
    for paiement in _tenter(departs):
        monde.paiements[paiement.idop] = paiement
        if hasard.random() < PART_PAYEE:
            monde.payes[paiement.idop] = paiement.envoye_le + timedelta(seconds=hasard.uniform(60, 720))
    fin = debut + timedelta(hours=HEURES, minutes=30)
    with patch.object(rapprochement, "time", monde):
        while monde.maintenant < fin:
            prochain = monde.maintenant + timedelta(seconds=settings.RAPPROCHEMENT_SECONDES)
            _un_releve(monde)
            monde.maintenant = max(monde.maintenant, prochain)
    assert len(monde.attentes) == len(monde.payes), f"{len(monde.payes) - len(monde.attentes)} paiements non réglés."
    _clore()
    return _minutes(sorted(monde.attentes), questions=monde.questions)


def _un_releve(monde: Monde) -> None:
    """Ce que fait la tâche, suites comprises."""
    debut = monde.maintenant
    rapprochement.relever(guichet=monde, maintenant=debut)
    reste = debut - timedelta(microseconds=1)
    while rapprochement.reste_a_relever(reste):
        rapprochement.relever(guichet=monde, maintenant=monde.maintenant, dues_le=reste)


def _minutes(attentes: list[float], **autres: float) -> dict[str, float]:
    rang = min(len(attentes) - 1, int(len(attentes) * 0.999))
    return {
        "paiements": len(attentes),
        "min_mediane": median(attentes) / 60,
        "min_p999": attentes[rang] / 60,
        **autres,
    }


def _departs(hasard: random.Random, debut: datetime) -> Iterator[datetime]:
    instant = debut
    while instant < debut + timedelta(hours=HEURES):
        instant += timedelta(seconds=hasard.expovariate(PAR_HEURE / 3600))
        yield instant


def _dix_mille() -> dict[str, float]:
    """Un relevé quand PayFiP répond aussitôt : ce qu'il nous coûte, par question."""
    maintenant = timezone.now()
    _tenter([maintenant - timedelta(minutes=1)] * OUVERTES)
    ranger()
    monde = Monde(maintenant, 0)
    with CaptureQueriesContext(connection) as requetes:
        debut = time.perf_counter()
        rapprochement.relever(guichet=monde, maintenant=maintenant)
        secondes = time.perf_counter() - debut
    _clore()
    return {
        "questions": monde.questions,
        "secondes": secondes,
        "ms_question": 1000 * secondes / monde.questions,
        "sql_question": len(requetes) / monde.questions,
    }


def _tenter(departs: list[datetime]) -> list[Paiement]:
    """Une facture et une tentative ouverte par départ."""
    collectivite = Collectivite.objects.get(par_defaut=True)
    commune = Commune(collectivite, {regie.code: regie for regie in collectivite.regies.all()})
    redevable = Redevable.objects.filter(source="BANC").latest("pk")
    usager = redevable.rattachements.get().usager
    contrat = ContratTipi.objects.get(regie=commune.regies["EAU"])
    factures = [commune.facture(redevable, 0) for _ in departs]
    creer(Facture, factures)
    paiements = [
        Paiement(
            collectivite=collectivite, contrat=contrat, usager=usager, formulaire=uuid4(), etat=EtatPaiement.ENVOYE,
            numcli=contrat.numcli, saisie="W", refdet=facture.reference, montant=facture.montant, idop=uuid4(),
            envoye_le=depart, relire_le=depart,
        )
        for facture, depart in zip(factures, departs, strict=True)
    ]  # fmt: skip
    creer(Paiement, paiements)
    creer(
        PartPaiement,
        (
            PartPaiement(paiement=p, facture=f, collectivite=collectivite, montant=f.montant, ouverte=True)
            for p, f in zip(paiements, factures, strict=True)
        ),
    )
    return paiements


def _clore() -> None:
    """Les tentatives restées ouvertes ne comptent pas dans la mesure suivante."""
    Paiement.objects.filter(relire_le__isnull=False).update(relire_le=None)
