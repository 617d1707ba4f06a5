"""L'état d'une facture et ce qui empêche de la payer, déduits par la base : la seule décision, lue partout."""

from datetime import date
from functools import cache
from typing import Any, Self, TypedDict

from django.apps import apps
from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Exists,
    Expression,
    ExpressionWrapper,
    F,
    JSONField,
    OuterRef,
    Q,
    Value,
    When,
)
from django.db.models.functions import JSONObject

from comptes.models import Usager
from factures import registre
from factures.etats import ETAT_DE, Empechement, EtatFacture, Moyen, Nature, Sens, Statut
from factures.etats.rapprochement import EtatDeclaration
from portail.models import en_suspension

A_REGLER = Q(nature=Nature.FACTURE, statut=Statut.PUBLIEE, reste_du__gt=0)

# Les premières causes de toutes : qui n'est dans aucun de ces états a un reste dû.
SANS_RESTE_DU = frozenset({EtatFacture.AVOIR, EtatFacture.ANNULEE, EtatFacture.PAYEE})


class Situation(TypedDict):
    """``cause`` empêche de payer et donne l'état ; sans elle, ``obstacle`` empêche et ``suite`` donne l'état."""

    cause: str
    obstacle: str
    suite: str
    debitee: bool
    operation: Any
    groupable: bool


class UneFois(ExpressionWrapper):  # type: ignore[type-arg]  # générique pour mypy seulement
    """Une expression dont le SQL n'est composé qu'une fois : le composer prend plus de temps que l'exécuter."""

    def __init__(self, expression: Expression, output_field: Any) -> None:
        super().__init__(expression, output_field)
        self._compose: dict[str, tuple[str, Any]] = {}

    def copy(self) -> Self:
        """Une copie ira dans une autre requête, où les tables peuvent avoir d'autres noms."""
        copie = super().copy()
        copie._compose = {}  # la nôtre
        return copie

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        if connection.vendor not in self._compose:
            self._compose[connection.vendor] = super().as_sql(compiler, connection)
        sql, parametres = self._compose[connection.vendor]
        return sql, tuple(parametres)


def a_regler() -> Expression:
    """Vrai s'il reste à payer, en ligne ou non."""
    return UneFois(Case(When(A_REGLER, then=Value(True)), default=Value(False)), BooleanField())


def situation(aujourd_hui: date) -> Expression:
    """``Situation`` du jour, en une colonne : PostgreSQL ne la calcule ainsi qu'après le tri, pour une seule page."""
    decision = JSONObject(
        cause=cause(aujourd_hui),
        obstacle=_premier(*registre.conditions(), defaut=""),
        suite=suite(aujourd_hui),
        debitee=existe("Reglement", sens=Sens.ENCAISSEMENT, moyen=Moyen.PRELEVEMENT),
        operation=registre.suivi(),
        groupable=Case(When(registre.groupement(), then=Value(True)), default=Value(False)),
    )
    return UneFois(decision, JSONField())


def marquee(usager: Usager | None) -> Exists | Value:
    """Vrai si cette personne dit avoir payé, et que personne ne lui a encore répondu."""
    return existe("Declaration", usager=usager, etat=EtatDeclaration.DECLAREE) if usager else Value(False)


def cause(aujourd_hui: date) -> Case:
    """Ce qui empêche de payer et donne en même temps son état à la facture ; la première vraie l'emporte."""
    return _premier(*_causes(aujourd_hui), defaut="")


def _causes(aujourd_hui: date) -> tuple[registre.Cause, ...]:
    return (
        (Q(nature=Nature.AVOIR), Empechement.AVOIR),
        (Q(statut=Statut.ANNULEE), Empechement.ANNULEE),
        (Q(reste_du=0), Empechement.DEJA_PAYEE),
        *registre.operations(),
        (Q(date_prelevement__isnull=False), Empechement.PRELEVEMENT_AUTOMATIQUE),
        (Q(date_limite_en_ligne__lt=aujourd_hui), Empechement.DELAI_DEPASSE),
        (~Q(motif_attente=""), Empechement.MISE_EN_ATTENTE),
        (en_suspension("regie__"), Empechement.PAIEMENT_SUSPENDU),
    )


def suite(aujourd_hui: date) -> Case:
    """L'état d'une facture que rien n'arrête, hors la marque personnelle."""
    return _premier(*_suites(aujourd_hui), defaut=EtatFacture.A_PAYER)


def _suites(aujourd_hui: date) -> tuple[tuple[Q, EtatFacture], ...]:
    return (
        (Q(date_echeance__lt=aujourd_hui), EtatFacture.ECHUE),
        (Q(reste_du__lt=F("montant")), EtatFacture.PARTIELLEMENT_PAYEE),
    )


def dans_l_etat(etat: EtatFacture) -> Q:
    """Le même ordre que ``Facture.etat``, sur les annotations ``cause``, ``marquee`` et ``suite``."""
    causes = [cause for cause, etat_de in ETAT_DE.items() if etat_de == etat]
    if causes:
        return Q(cause__in=causes)
    if etat == EtatFacture.DECLAREE:
        return Q(cause="", marquee=True)
    return Q(cause="", marquee=False, suite=etat)


def engagee() -> Q:
    """Vrai d'une facture pour laquelle une opération de paiement est engagée."""
    return Q(*(Q(condition) for condition, _ in registre.operations()), _connector=Q.OR)


def suppose(etat: EtatFacture, aujourd_hui: date) -> Q:
    """Ce que cet état implique, et qu'un index ou un coup d'œil vérifie avant que la décision entière se prenne."""
    menent = [Q(quand) for quand, cause in _causes(aujourd_hui) if ETAT_DE[cause] == etat]
    menent += [quand for quand, suite in _suites(aujourd_hui) if suite == etat]
    implique = Q(*menent, _connector=Q.OR)
    return implique if etat in SANS_RESTE_DU else implique & Q(reste_du__gt=0)


def existe(modele: str, **filtre: object) -> Exists:
    """Vrai s'il y a pour la facture un tel objet de cette app."""
    return Exists(_lies(modele).filter(**filtre))


@cache
def _lies(modele: str) -> Any:
    return apps.get_model("factures", modele)._default_manager.filter(facture=OuterRef("pk"))


def _premier(*cas: tuple[Q | Exists, str], defaut: str) -> Case:
    """La valeur du premier cas vrai."""
    return Case(
        *(When(quand, then=Value(valeur)) for quand, valeur in cas),
        default=Value(defaut),
        output_field=CharField(),
    )
