"""Tenir à jour les chiffres de l'accueil de la gestion, que personne n'attend."""

from collections import defaultdict
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Sum, When
from django.db.models.functions import TruncDate
from django.utils import timezone

from comptes.etats import EtatRattachement
from comptes.models import ModeEnvoi, Rattachement, Redevable
from factures.etats import Sens
from factures.models import BilanJour, BilanService, Facture, Reglement
from factures.models.bilans import CHIFFRES, PUBLIEES, SUIVIS, en_ligne
from factures.services.lots.etapes import patienter
from portail.models import Collectivite

PAR_ECRITURE = 1000

Jour = tuple[int, date]  # le service, et le jour dans le fuseau de la commune


@transaction.atomic
def tenir_le_bilan(*, collectivite: Collectivite) -> None:
    """Recompte les factures et les redevables de la commune ; n'écrit que les jours qui ont changé.

    Peut être appelé n'importe quand, autant de fois qu'on veut.
    """
    patienter()
    jours: dict[Jour, dict[str, Any]] = defaultdict(dict)
    for lus in (_publications(collectivite), _encaissements(collectivite)):
        for ligne in lus:
            jours[ligne.pop("regie_id"), ligne.pop("le_jour")] |= ligne
    _ecrire(collectivite, jours)
    for regie in (None, *collectivite.regies.all()):
        BilanService.objects.update_or_create(
            collectivite=collectivite, regie=regie, defaults=_redevables(collectivite, regie)
        )


def _publications(collectivite: Collectivite) -> QuerySet[Any, dict[str, Any]]:
    """Ce que chaque service a publié chaque jour, et ce qu'il en est au jour d'aujourd'hui."""
    jour = collectivite.aujourd_hui()
    publiees: Any = Facture.objects.filter(collectivite=collectivite, publiee_le__isnull=False)
    par_jour = publiees.annotate(le_jour=TruncDate("publiee_le", tzinfo=ZoneInfo(collectivite.fuseau)))
    return par_jour.values("regie_id", "le_jour").annotate(  # type: ignore[no-any-return]  # les noms sont dynamiques
        **{nom: Count("pk", filter=condition(jour)) for nom, condition in SUIVIS.items()},
        total=Sum("montant", filter=PUBLIEES, default=0),
        reste=Sum("reste_du", filter=PUBLIEES, default=0),
        du_en_retard=Sum("reste_du", filter=SUIVIS["en_retard"](jour), default=0),
    )


def _encaissements(collectivite: Collectivite) -> QuerySet[Any, dict[str, Any]]:
    """Ce que chaque service a reçu chaque jour, moins ce qu'il a rendu."""
    net = Case(When(sens=Sens.ENCAISSEMENT, then=F("montant")), default=-F("montant"))
    recus: Any = Reglement.objects.filter(collectivite=collectivite)
    par_jour = recus.annotate(
        le_jour=TruncDate("recu_le", tzinfo=ZoneInfo(collectivite.fuseau)), regie_id=F("facture__regie_id")
    )
    return par_jour.values("regie_id", "le_jour").annotate(  # type: ignore[no-any-return]  # de même
        recu_en_ligne=Sum(net, filter=en_ligne(), default=0), recu_ailleurs=Sum(net, filter=~en_ligne(), default=0)
    )


def _ecrire(collectivite: Collectivite, jours: dict[Jour, dict[str, Any]]) -> None:
    """Les jours nouveaux ou changés, et ceux où il n'y a plus rien."""
    anciens = {(b.regie_id, b.jour): b for b in BilanJour.objects.filter(collectivite=collectivite)}
    nouveaux = {cle: _bilan(collectivite, cle, chiffres) for cle, chiffres in jours.items()}
    changes = [b for cle, b in nouveaux.items() if cle not in anciens or _chiffres(anciens[cle]) != _chiffres(b)]
    BilanJour.objects.bulk_create(
        changes,
        batch_size=PAR_ECRITURE,
        update_conflicts=True,
        unique_fields=["regie", "jour"],
        update_fields=list(CHIFFRES),
    )
    vides = [bilan.pk for cle, bilan in anciens.items() if cle not in nouveaux]
    BilanJour.objects.filter(pk__in=vides).delete()


def _bilan(collectivite: Collectivite, cle: Jour, chiffres: dict[str, Any]) -> BilanJour:
    regie, jour = cle
    noms = {"total": "montant", "reste": "reste_du"}
    renommes = {noms.get(nom, nom): valeur for nom, valeur in chiffres.items()}
    return BilanJour(collectivite=collectivite, regie_id=regie, jour=jour, **renommes)


def _chiffres(bilan: BilanJour) -> list[Any]:
    return [getattr(bilan, nom) for nom in CHIFFRES]


def _redevables(collectivite: Collectivite, regie: Any) -> dict[str, Any]:
    """Ceux de la commune, ou ceux à qui ce service a publié une facture."""
    redevables = Redevable.objects.filter(collectivite=collectivite)
    if regie is not None:
        redevables = redevables.filter(Exists(Facture.objects.filter(PUBLIEES, redevable=OuterRef("pk"), regie=regie)))
    actif = Rattachement.objects.filter(redevable=OuterRef("pk"), etat=EtatRattachement.ACTIF)
    comptes = redevables.aggregate(
        redevables=Count("pk"),
        avec_compte=Count("pk", filter=Exists(actif)),
        electronique=Count("pk", filter=Q(mode_envoi=ModeEnvoi.ELECTRONIQUE)),
    )
    return {**comptes, "compte_le": timezone.now()}
