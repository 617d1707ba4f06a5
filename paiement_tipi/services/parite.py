"""Comparer nos tentatives de l'année à celles de PayFiP, réussies comprises : par petites tranches, sans insister."""

import logging
from collections import Counter
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from factures.argent import depuis_centimes, en_centimes
from factures.etats.rapprochement import GenreEcart, SourceEcart
from factures.models import Ecart, Reglement
from factures.services import rapprochement
from paiement_tipi.client import Guichet, GuichetIndisponible, GuichetRefuse
from paiement_tipi.etats import DE_RESULTAT, DEFINITIFS, ENCAISSES, LISIBLE, OUVERTS
from paiement_tipi.models import Paiement
from paiement_tipi.protocole import Lecture
from paiement_tipi.services import echanges
from paiement_tipi.services.constat import DELAI_AVANT_EXPIRATION, ORIGINE, ecarts_de, redemander
from paiement_tipi.services.disjoncteur import en_coupure
from portail.taches import progresser

journal = logging.getLogger(__name__)

PAR_TRANCHE = 50
RECENTES = timedelta(days=1)  # le relevé vient de les lire
ENTRE_DEUX = timedelta(days=1)


def a_comparer(maintenant: datetime) -> QuerySet[Paiement]:
    """Les tentatives finies que PayFiP garde encore et qu'on ne lui a pas redemandées depuis un jour."""
    connues = Paiement.objects.filter(
        Q(compare_le=None) | Q(compare_le__lte=maintenant - ENTRE_DEUX),
        idop__isnull=False, envoye_le__gt=maintenant - LISIBLE, envoye_le__lte=maintenant - RECENTES,
    )  # fmt: skip
    sans_objet = OUVERTS | (DEFINITIFS - ENCAISSES)  # le relevé suit les premières ; essais et rejets ne comptent plus
    return connues.exclude(etat__in=sans_objet).order_by(F("compare_le").asc(nulls_first=True), "pk")


def comparer(*, guichet: Guichet, maintenant: datetime) -> Counter[str]:
    """Une tranche ; rend le nombre d'écarts, de succès retrouvés, de concordances et de pannes.

    Une panne reste à comparer sans priver les autres ; la deuxième remet toute la suite.
    """
    issues: Counter[str] = Counter()
    for paiement in a_comparer(maintenant)[:PAR_TRANCHE]:
        progresser()
        if issues["panne"] > 1 or en_coupure():
            break
        try:
            issues[_comparer(paiement, guichet, maintenant)] += 1
        except GuichetIndisponible as panne:
            journal.warning("Parité, paiement %s : PayFiP ne répond pas (%s).", paiement.uuid, panne)
            issues["panne"] += 1
            continue
        Paiement.objects.filter(pk=paiement.pk).update(compare_le=maintenant)
    return issues


def _comparer(paiement: Paiement, guichet: Guichet, maintenant: datetime) -> str:
    if paiement.etat not in ENCAISSES:  # un succès là-bas s'applique comme au relevé
        retrouve = redemander(paiement=paiement, guichet=guichet, cause="parité", maintenant=maintenant)
        return "retrouvé" if retrouve and paiement.etat in ENCAISSES else "concordant"
    if paiement.idop is None:
        raise ValueError("Une tentative sans idop ne se compare pas.")
    try:
        lecture, _xml = echanges.lire(paiement, guichet, paiement.idop, maintenant=maintenant)
    except GuichetRefuse as refus:
        if refus.code not in DELAI_AVANT_EXPIRATION:
            journal.error("Parité, paiement %s : %s %s", paiement.uuid, refus.code, refus.libelle)
            return "refus"
        return _ouvrir(paiement, GenreEcart.MANQUE_LA_BAS, f"PayFiP répond {refus.code} : {refus.libelle}", 0)
    return _juger(paiement, lecture)


def _juger(paiement: Paiement, lecture: Lecture) -> str:
    centimes = lecture.montant or 0
    if DE_RESULTAT.get(lecture.resultat) not in ENCAISSES:
        return _ouvrir(paiement, GenreEcart.MANQUE_LA_BAS, f"PayFiP répond « {lecture.resultat[:8]} ».", 0)
    if centimes != en_centimes(paiement.montant):
        return _ouvrir(paiement, GenreEcart.MONTANT, "", centimes)
    autre = ecarts_de(paiement, lecture)
    return _ouvrir(paiement, GenreEcart.MANQUE_LA_BAS, autre, centimes) if autre else "concordant"


@transaction.atomic
def _ouvrir(paiement: Paiement, genre: GenreEcart, detail: str, centimes: int) -> str:
    """Un écart par tentative et par genre, quel que soit le nombre de fois qu'il se revoit."""
    rapprochement.tenir_la_commune(paiement.collectivite_id)
    reglement = Reglement.objects.filter(origine=f"{ORIGINE}{paiement.uuid}").order_by("pk").first()
    rapprochement.ouvrir([
        Ecart(
            collectivite_id=paiement.collectivite_id, cle=f"{ORIGINE}{paiement.uuid}:{genre}", genre=genre,
            source=SourceEcart.PAYFIP, tentative=paiement.uuid, reglement=reglement,
            facture_id=reglement.facture_id if reglement else None, moyen=reglement.moyen if reglement else "",
            montant_ici=paiement.montant, montant_la_bas=depuis_centimes(centimes), en_ligne=True, detail=detail[:300],
            jour=(paiement.date_payfip or paiement.cree_le).date(),
        )
    ])  # fmt: skip
    return "écart"
