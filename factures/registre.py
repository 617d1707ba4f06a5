"""Ce que les apps d'en haut apprennent aux factures ; elles s'inscrivent dans ``AppConfig.ready()``."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, Q, Value
from django.db.models.expressions import Combinable

from factures.etats import Empechement

if TYPE_CHECKING:  # les apps s'inscrivent avant que les modèles existent
    from portail.models import Regie

# Une condition SQL sur une ligne de Facture, et l'empêchement qu'elle entraîne.
Cause = tuple[Q | Exists, Empechement]
Fournisseur = Callable[[], Iterable[Cause]]

# D'un service et des parties d'une référence (exercice, pièce, dette…) à la référence de paiement, ou vide.
Referenceur = Callable[["Regie", Mapping[str, Any]], str]


@dataclass(frozen=True)
class Operation:
    """Le paiement engagé sur une facture : depuis quand, par qui, et jusqu'à quand il la retient au plus tard.

    ``jusqu_a`` manque quand on ne peut pas le dire ; ``rouvrable_jusqu_a`` quand sa page ne peut plus s'ouvrir.
    ``muette`` : elle attend un guichet qui ne répond plus, sans qui rien ne se libère. ``a_verifier`` : elle attend le
    service, qui doit comprendre ce que le guichet a répondu.
    """

    debut: datetime
    usager: int | None  # aucun : depuis le papier
    jusqu_a: datetime | None
    rouvrable_jusqu_a: datetime | None
    muette: bool = False
    a_verifier: bool = False


# Comment la lire dans la requête qui lit la facture, et ce qu'elle dit.
Expressionniste = Callable[[], Combinable]
Lecteur = Callable[[Mapping[str, Any]], Operation]

# De la facture à l'adresse courte qui mène la payer sans compte.
Adresse = Callable[[Any], str]

# D'une facture et d'une personne à celles que le même paiement engage : les siennes, et combien d'autres.
Liees = Callable[[Any, Any], tuple[list[Any], int]]

_adresses_de_papier: list[Adresse] = []
_groupements: list[Callable[[], Q]] = []
_suivis: list[tuple[Expressionniste, Lecteur]] = []
_liees: list[Liees] = []

# De l'origine d'un règlement rejeté, et du motif, à ce qu'en fait l'app qui l'avait encaissé.
SuiteDeRejet = Callable[[str, str], None]

# De l'origine d'un règlement aux clés des factures que le même paiement a réglées.
FacturesLiees = Callable[[str], Iterable[int]]

# D'une facture et d'une personne aux adresses de ce qui prouve qu'elle l'a payée.
Justificatifs = Callable[[Any, Any], list[str]]


@dataclass(frozen=True)
class PaiementDeclare:
    """Un paiement en ligne annoncé sans preuve ; ``origine`` : celle qu'auraient ses règlements, un par facture."""

    origine: str
    le: datetime
    moyen: str
    parts: Mapping[int, Decimal]  # la somme de chaque facture


# Ceux de ces factures, tenus jusqu'à la fin de la transaction si on le demande ; et comment encaisser l'un d'eux.
Declares = Callable[[Collection[int], bool], list[PaiementDeclare]]
Confirmation = Callable[[str, str], bool]

_declares: list[tuple[Declares, Confirmation]] = []
_justificatifs: list[Justificatifs] = []
_origines_en_ligne: list[str] = []
_operations: list[Fournisseur] = []
_conditions: list[Fournisseur] = []
_referenceurs: list[Referenceur] = []
_suites_de_rejet: list[SuiteDeRejet] = []
_factures_liees: list[FacturesLiees] = []


def declarer_origine_en_ligne(debut: str) -> None:
    """Comment commence l'``origine`` des règlements qu'une app de paiement encaisse."""
    _origines_en_ligne.append(debut)


def origines_en_ligne() -> list[str]:
    """Les débuts inscrits par ``declarer_origine_en_ligne``."""
    return list(_origines_en_ligne)


def declarer_declares(lire: Declares, confirmer: Confirmation) -> None:
    """Comment lire les paiements annoncés sans preuve, et encaisser celui que la banque montre."""
    _declares[:] = [(lire, confirmer)]


def declares(factures: Collection[int], *, tenir: bool = False) -> list[PaiementDeclare]:
    """Ceux de ces factures."""
    return [declare for lire, _confirmer in _declares for declare in lire(factures, tenir)]


def confirmer_le_declare(origine: str, source: str) -> bool:
    """L'encaisse ; faux s'il n'est pas, ou plus, à confirmer. ``source`` : d'où on le sait, en quelques mots."""
    return any(confirmer(origine, source) for _lire, confirmer in _declares)


def declarer_operations(fournisseur: Fournisseur) -> None:
    """Des opérations de paiement engagées : elles font l'état « en cours » de la facture."""
    _operations.append(fournisseur)


def declarer_suivi(expression: Expressionniste, lecteur: Lecteur) -> None:
    """Comment lire l'opération engagée sur une facture : une colonne, nulle s'il n'y en a pas, et son lecteur."""
    _suivis[:] = [(expression, lecteur)]


def suivi() -> Combinable:
    """La colonne inscrite par ``declarer_suivi``."""
    return next((expression() for expression, _lecteur in _suivis), Value(None))


def lire_l_operation(colonne: Mapping[str, Any] | None) -> Operation | None:
    """Ce que dit la colonne ``suivi``."""
    return _suivis[0][1](colonne) if colonne else None


def declarer_liees(fournisseur: Liees) -> None:
    """Quelles autres factures le paiement engagé sur celle-ci retient aussi."""
    _liees[:] = [fournisseur]


def liees(facture: Any, usager: Any) -> tuple[list[Any], int]:
    """Celles que cette personne voit, et le nombre des autres."""
    return next((fournisseur(facture, usager) for fournisseur in _liees), ([], 0))


def declarer_adresse_de_papier(adresse: Adresse) -> None:
    """Où payer la facture depuis son document, sans compte."""
    _adresses_de_papier[:] = [adresse]


def adresse_de_papier(facture: Any) -> str:
    """L'adresse à imprimer ; vide si personne n'en donne."""
    return next((adresse(facture) for adresse in _adresses_de_papier), "")


def declarer_justificatifs(fournisseur: Justificatifs) -> None:
    """Où une personne lit les justificatifs des paiements en ligne qu'elle a faits d'une facture."""
    _justificatifs.append(fournisseur)


def justificatifs(facture: Any, usager: Any) -> list[str]:
    """Leurs adresses."""
    return [adresse for fournisseur in _justificatifs for adresse in fournisseur(facture, usager)]


def declarer_groupement(condition: Callable[[], Q]) -> None:
    """Ce qui permet de payer une facture avec d'autres du même service, en une fois."""
    _groupements.append(condition)


def groupement() -> Q:
    """Vrai si tous ceux qui l'ont dit le permettent ; faux si personne n'en a rien dit."""
    return Q(*(condition() for condition in _groupements)) if _groupements else Q(pk__isnull=True)


def declarer_conditions(fournisseur: Fournisseur) -> None:
    """Des conditions pour payer en ligne, vérifiées en dernier et sans effet sur l'état."""
    _conditions.append(fournisseur)


def operations() -> list[Cause]:
    """Les causes inscrites par ``declarer_operations``, dans l'ordre d'inscription."""
    return [cause for fournisseur in _operations for cause in fournisseur()]


def conditions() -> list[Cause]:
    """Les causes inscrites par ``declarer_conditions``, dans l'ordre d'inscription."""
    return [cause for fournisseur in _conditions for cause in fournisseur()]


def declarer_reference(referenceur: Referenceur) -> None:
    """Qui sait composer une référence qu'un fichier ne donne pas."""
    _referenceurs.append(referenceur)


def composer_reference(regie: "Regie", parties: Mapping[str, Any]) -> str:
    """La première référence que quelqu'un sait composer ; vide si personne ne le peut."""
    return next(filter(None, (referenceur(regie, parties) for referenceur in _referenceurs)), "")


def declarer_suite_de_rejet(suite: SuiteDeRejet) -> None:
    """Ce qu'une app de paiement fait quand un agent rejette un règlement, dans la même transaction."""
    _suites_de_rejet.append(suite)


def declarer_factures_liees(liees: FacturesLiees) -> None:
    """Quelles factures un rejet touche ensemble ; elles se tiennent toutes avant qu'il n'écrive."""
    _factures_liees.append(liees)


def factures_liees(origine: str) -> set[int]:
    """Celles du paiement de cette origine ; aucune s'il n'est d'aucune app."""
    return {cle for liees in _factures_liees for cle in liees(origine)}


def suivre_le_rejet(origine: str, motif: str) -> None:
    """Le dit à toutes ; chacune reconnaît les siens à leur ``origine``."""
    for suite in _suites_de_rejet:
        suite(origine, motif)
