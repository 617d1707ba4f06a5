"""Ce que la publication fera de chaque ligne, d'après ce que la base connaît déjà."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q
from django.utils.formats import number_format

from comptes.models import Redevable, normaliser_courriel
from factures.etats import Decision, Nature, SortLigne, Statut
from factures.imports import Ligne
from factures.imports.sensibles import nature
from factures.models import Consultation, Declaration, Facture, FactureQuerySet, LigneImport, LotImport, Reglement
from factures.models.situation import engagee
from factures.services.lots.documents import DocumentRange

IDENTITE = ("nom", "prenom", "adresse", "code_postal", "ville", "courriel")
# Ce qu'un nouveau fichier peut corriger d'une facture que personne n'a encore ni lue ni payée.
CORRIGEABLES = (
    *("exercice", "code_recette", "periode", "piece", "ligne", "dette", "objet", "date_emission"),
    *("date_echeance", "date_limite_en_ligne", "date_prelevement", "pdf"),
)
COPIES = ("numero", "reference", "montant", *(champ for champ in CORRIGEABLES if champ != "pdf"))


def touchee() -> Q:
    """Vrai d'une facture que quelqu'un a lue, marquée, payée ou commencé à payer."""
    suivi = (Consultation, Declaration, Reglement)
    return Q(*(Q(Exists(m._default_manager.filter(facture=OuterRef("pk")))) for m in suivi), engagee(), _connector=Q.OR)


class Connues(NamedTuple):
    """Ce que la base sait des lignes d'un paquet : factures et redevables ; et ce qu'un agent a décidé de certaines."""

    factures: dict[tuple[str, str], Facture]
    redevables: dict[tuple[str, str], Redevable]
    decisions: dict[int, str]


def comparer(lot: LotImport, lignes: list[tuple[Ligne, DocumentRange]], decisions: dict[int, str]) -> list[LigneImport]:
    """Les lignes à étager, chacune avec son sort ; ``lignes`` : ce qui est lu, et son document."""
    lues = [lue for lue, _ in lignes]
    connues = Connues(_factures_connues(lot, lues), _redevables_connus(lot, lues), decisions)
    return [_comparee(lot, lue, document, connues) for lue, document in lignes]


def _factures_connues(lot: LotImport, lues: list[Ligne]) -> dict[tuple[str, str], Facture]:
    """Sous leur numéro et sous leur référence."""
    numeros, references = [lue.numero for lue in lues], [lue.reference for lue in lues]
    factures: FactureQuerySet = Facture.objects.filter(regie_id=lot.regie_id)
    factures = factures.filter(Q(numero__in=numeros) | Q(reference__in=references)).select_related("redevable")
    connues = {}
    for facture in factures.annotate(est_touchee=ExpressionWrapper(touchee(), BooleanField())):
        connues["numero", facture.numero] = connues["reference", facture.reference] = facture
    return connues


def _redevables_connus(lot: LotImport, lues: Iterable[Ligne]) -> dict[tuple[str, str], Redevable]:
    codes = {lue.code_redevable for lue in lues}
    redevables = Redevable.objects.filter(collectivite_id=lot.collectivite_id, code__in=codes)
    return {(redevable.source, redevable.code): redevable for redevable in redevables}


def _comparee(lot: LotImport, lue: Ligne, document: DocumentRange, connues: Connues) -> LigneImport:
    redevable = connues.redevables.get((lue.source, lue.code_redevable))
    ligne = LigneImport(
        lot=lot,
        collectivite_id=lot.collectivite_id,
        rang=lue.numero_de_ligne,
        source=lue.source,
        code_redevable=lue.code_redevable,
        nature=Nature.FACTURE if lue.montant > 0 else Nature.AVOIR,
        sensible=nature(lue.objet),
        fichier_pdf=document.depose or lue.fichier_pdf,
        pdf=document.nom,
        pdf_douteux=document.douteux,
        **{champ: getattr(lue, champ) for champ in (*IDENTITE, *COPIES)},
    )
    ligne.courriel = normaliser_courriel(lue.courriel)
    ligne.redevable_nouveau = redevable is None
    ligne.redevable_avant = remplacees(redevable, ligne, IDENTITE) if redevable else {}
    existante = connues.factures.get(("numero", lue.numero))
    homonyme = connues.factures.get(("reference", lue.reference))
    ligne.motif = _motif(ligne, existante, homonyme)
    ligne.sort = (
        _tranche(ligne, existante, connues.decisions.get(ligne.rang, "")) if ligne.motif else _sort(ligne, existante)
    )
    return ligne


def remplacees(objet: Redevable | Facture, ligne: LigneImport, champs: tuple[str, ...]) -> dict[str, Any]:
    """Les valeurs que la ligne changerait ; une case vide ne change rien."""
    nouvelles = {champ: getattr(ligne, champ) for champ in champs}
    return {
        champ: str(ancienne) if champ == "pdf" else ancienne
        for champ, nouvelle in nouvelles.items()
        if nouvelle not in {"", None} and nouvelle != (ancienne := getattr(objet, champ))
    }


def _tranche(ligne: LigneImport, existante: Facture | None, decision: str) -> SortLigne:
    """Un conflit, à moins qu'un agent l'ait tranché ; ``avant`` y dit le montant qu'il pourrait remplacer."""
    if existante is not None and _montant_remplacable(ligne, existante):
        ligne.facture, ligne.avant = existante.uuid, remplacees(existante, ligne, (*CORRIGEABLES, "montant"))
        if decision == Decision.REMPLACER:
            return SortLigne.MODIFIEE
    return SortLigne.ECARTEE if decision == Decision.GARDER else SortLigne.CONFLIT


def _montant_remplacable(ligne: LigneImport, existante: Facture) -> bool:
    """Publiée, la même à son montant près, et que personne n'a lue ni commencé à payer."""
    redevable = existante.redevable
    memes = (redevable.source, redevable.code, existante.reference, existante.nature, existante.statut)
    attendues = (ligne.source, ligne.code_redevable, ligne.reference, ligne.nature, Statut.PUBLIEE)
    return memes == attendues and not existante.est_touchee  # type: ignore[attr-defined]  # annotée plus haut


def _sort(ligne: LigneImport, existante: Facture | None) -> SortLigne:
    if existante is None:
        return SortLigne.NOUVELLE
    ligne.facture = existante.uuid
    ligne.avant = remplacees(existante, ligne, CORRIGEABLES)
    if ligne.avant and existante.est_touchee:  # type: ignore[attr-defined]  # annotée par _factures_connues
        ligne.motif = "elle a changé, mais quelqu'un l'a déjà lue ou payée ; corrigez-la à la main."
        return SortLigne.CONFLIT
    return SortLigne.MODIFIEE if ligne.avant else SortLigne.INCHANGEE


def _motif(ligne: LigneImport, existante: Facture | None, homonyme: Facture | None) -> str:
    """Pourquoi la ligne ne peut pas entrer ; vide si elle le peut."""
    if homonyme is not None and homonyme.numero != ligne.numero:
        return f"la référence « {ligne.reference} » est déjà celle de la facture « {homonyme.numero} »."
    return _desaccord(ligne, existante) if existante is not None else ""


def _desaccord(ligne: LigneImport, existante: Facture) -> str:
    facture = f"la facture « {ligne.numero} »"
    redevable = existante.redevable
    if existante.statut == Statut.ANNULEE:
        return f"{facture} a été annulée ; donnez un autre numéro à celle qui la remplace."
    if existante.statut == Statut.BROUILLON:
        return f"{facture} est déjà préparée ailleurs et n'est pas encore publiée."
    if (redevable.source, redevable.code) != (ligne.source, ligne.code_redevable):
        return f"{facture} est déjà celle du redevable « {redevable.source} {redevable.code} »."
    if existante.montant != ligne.montant:
        return f"{facture} est publiée pour {_euros(existante.montant)}, le fichier dit {_euros(ligne.montant)}."
    if existante.reference != ligne.reference:
        return f"{facture} est publiée sous la référence « {existante.reference} »."
    return ""


def _euros(montant: Decimal) -> str:
    return f"{number_format(montant, 2)}\u00a0€"
