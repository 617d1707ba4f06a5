"""De quoi écrire une facture à la main dans un essai."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from factures.services import creer
from factures.services.reglements import Recu
from factures.services.saisie import LigneSaisie, Saisie, proposer_numero, proposer_reference

JOUR = date(2026, 3, 2)


def saisie(regie: Any, redevable: Any, *montants: str, **champs: Any) -> Saisie:
    numero = champs.pop("numero", "") or proposer_numero(regie=regie, annee=2026)
    valeurs = {
        "numero": numero,
        "reference": proposer_reference(regie=regie, numero=numero, parties={"exercice": 2026}),
        "objet": "Restauration scolaire",
        "date_emission": JOUR,
        "date_limite_en_ligne": date.today() + timedelta(days=60),
        "exercice": 2026,
        **champs,
    }
    lignes = tuple(LigneSaisie(f"ligne {n}", "", "", Decimal(m)) for n, m in enumerate(montants or ("243.11",)))
    return Saisie(regie=regie, redevable=redevable, lignes=lignes, **valeurs)


def brouillon(regie: Any, redevable: Any, *montants: str, **champs: Any) -> Any:
    return creer(saisie=saisie(regie, redevable, *montants, **champs))


def recu(montant: str, **champs: Any) -> Recu:
    return Recu(**{"moyen": "cheque", "montant": Decimal(montant), "jour": JOUR, "bordereau": "B-1", **champs})
