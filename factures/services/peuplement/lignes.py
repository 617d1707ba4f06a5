"""Des tirages aux lignes de la base, dans l'ordre des colonnes de chaque table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import NamedTuple

from factures.etats import Nature, Sens, Statut
from factures.services.peuplement.insertion import Ligne
from factures.services.peuplement.tirage import JOURS, MOYENS, SERVICES, Tirage

FACTURE = (
    *("id", "uuid", "collectivite", "regie", "redevable", "numero", "reference", "objet"),
    *("nature", "statut", "motif_annulation", "publiee_le", "exercice", "date_emission"),
    *("montant", "reste_du", "trop_percu", "date_echeance", "date_limite_en_ligne", "date_prelevement"),
    *("code_recette", "periode", "piece", "ligne", "dette", "pdf"),
)
LIGNE = ("facture", "collectivite", "rang", "libelle", "montant", "quantite", "prix_unitaire")
REGLEMENT = ("facture", "collectivite", "sens", "moyen", "montant", "recu_le", "cree_le", "origine")
ECHEANCE, LIMITE, PRELEVEMENT = (timedelta(days=jours) for jours in (45, 105, 50))
VIDES = ("",) * 6
MOTIF = "Erreur de relevé : une nouvelle facture vous sera adressée."
# Nature, statut et motif d'annulation des issues qui ne sont pas une facture publiée.
PUBLIEE = (Nature.FACTURE.value, Statut.PUBLIEE.value, "")
SORTS = {
    "avoir": (Nature.AVOIR.value, Statut.PUBLIEE.value, ""),
    "annulee": (Nature.FACTURE.value, Statut.ANNULEE.value, MOTIF),
    "brouillon": (Nature.FACTURE.value, Statut.BROUILLON.value, ""),
}


class Jour(NamedTuple):
    """Un jour d'émission et ce qui s'ensuit."""

    emission: date
    midi: datetime
    echeance: date
    limite: date
    prelevement: date


@dataclass(frozen=True)
class Commune:
    """Où vont les factures tirées."""

    cle: int
    regies: Mapping[str, int]
    aujourd_hui: date

    @cached_property
    def jours(self) -> list[Jour]:
        """Par âge de la facture ; la plus récente est d'hier."""
        emissions = (self.aujourd_hui - timedelta(days=age + 1) for age in range(JOURS))
        return [
            Jour(j, datetime.combine(j, time(12), tzinfo=UTC), j + ECHEANCE, j + LIMITE, j + PRELEVEMENT)
            for j in emissions
        ]

    def facture(self, cle: int, tirage: Tirage, redevable: int) -> Ligne:
        """Reste dû et trop-perçu y sont le solde de ses règlements."""
        rang, uuid, age, code, issue, _, hasard = tirage
        jour, objets = self.jours[age], SERVICES[code].objets
        publiee_le = None if issue == "brouillon" else jour.midi
        return (
            *(cle, uuid, self.cle, self.regies[code], redevable, f"P{rang:09d}", f"P{rang:019d}"),
            objets[hasard % len(objets)],
            *SORTS.get(issue, PUBLIEE),
            *(publiee_le, jour.emission.year, jour.emission),
            *(_avoir(tirage) if issue == "avoir" else _du(tirage, jour)),
            *VIDES,
        )

    def lignes(self, facture: int, tirage: Tirage) -> Iterator[Ligne]:
        """Leur somme est le montant."""
        libelles = SERVICES[tirage.code].lignes
        montant = -tirage.montant if tirage.issue == "avoir" else tirage.montant
        premiere = montant * 2 // 5 if len(libelles) > 1 else montant
        for rang, (libelle, part) in enumerate(zip(libelles, (premiere, montant - premiere), strict=False), start=1):
            yield (facture, self.cle, rang, libelle, part, "", "")

    def reglements(self, facture: int, tirage: Tirage) -> Iterator[Ligne]:
        """Reçus dans le mois, au plus tard hier."""
        moyen = MOYENS[tirage.hasard % len(MOYENS)]
        for numero, recu in enumerate(tirage.recus):
            le = self.jours[max(tirage.age - tirage.hasard % 30 - numero, 0)].midi
            sens = Sens.ENCAISSEMENT if recu > 0 else Sens.REJET
            yield (facture, self.cle, sens.value, moyen, abs(recu), le, le, f"peupler:{numero}")


def _avoir(tirage: Tirage) -> Ligne:
    return (-tirage.montant, 0, 0, None, None, None)


def _du(tirage: Tirage, jour: Jour) -> Ligne:
    solde = tirage.montant - sum(tirage.recus)
    prelevement = jour.prelevement if tirage.issue == "prelevement" else None
    return (tirage.montant, max(solde, 0), max(-solde, 0), jour.echeance, jour.limite, prelevement)
