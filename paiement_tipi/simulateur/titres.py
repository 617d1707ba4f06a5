"""Les titres et rôles chargés d'avance : eux seuls se paient, et une seule fois (payfip.md §1 et §7.4, point 13)."""

import re
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from paiement_tipi.simulateur.erreurs import Erreur

NUMCLI = re.compile(r"[0-9]{6}")
REFDET = re.compile(r"[A-Za-z0-9]{6,30}")
# Les valeurs d'essai de payfip.md §2.5 : le titre de 18 chiffres, et le rôle sous ses deux longueurs vues.
REFERENCES_D_ESSAI = frozenset({"999900000000999999", "999999990000000000", "999999990000000000000"})


@dataclass(frozen=True, kw_only=True)
class Titre:
    """Une dette prise en charge dans Hélios ; `debut` et `fin`, inclus, bornent sa mise en ligne."""

    numcli: str
    refdet: str
    montant: int
    debut: str | None = None
    fin: str | None = None
    chargee: bool = True


CHAMPS = frozenset(champ.name for champ in fields(Titre))
OBLIGATOIRES = frozenset({"numcli", "refdet", "montant"})


def lire_titre(valeur: object) -> Titre:
    """Un titre reçu par la commande ; ValueError si quelque chose n'y va pas."""
    if not isinstance(valeur, dict) or not OBLIGATOIRES <= set(valeur) <= CHAMPS:
        raise ValueError(valeur)
    return Titre(
        numcli=_texte(valeur["numcli"], NUMCLI),
        refdet=_texte(valeur["refdet"], REFDET),
        montant=_montant(valeur["montant"]),
        debut=_jour(valeur.get("debut")),
        fin=_jour(valeur.get("fin")),
        chargee=_vrai_ou_faux(valeur.get("chargee", True)),
    )


def refus_du_titre(titre: Titre | None, *, montant_centimes: int, jour: date, payee: bool) -> Erreur | None:
    """Pourquoi cette dette ne se paie pas, ou rien si elle se paie."""
    if titre is None:
        return Erreur.TITRE_INCONNU
    refus = {
        Erreur.TITRE_NON_CHARGE: not titre.chargee,
        Erreur.TITRE_PAYE: payee,
        Erreur.TITRE_HORS_PERIODE: not _en_ligne(titre, jour),
        Erreur.TITRE_MONTANT: montant_centimes != titre.montant,
    }
    return next((erreur for erreur, vrai in refus.items() if vrai), None)


def _en_ligne(titre: Titre, jour: date) -> bool:
    return (titre.debut or "") <= jour.isoformat() <= (titre.fin or "9999")


def _texte(valeur: Any, forme: re.Pattern[str]) -> str:
    if not isinstance(valeur, str) or not forme.fullmatch(valeur):
        raise ValueError(valeur)
    return valeur


def _montant(valeur: Any) -> int:
    if type(valeur) is not int or valeur <= 0:
        raise ValueError(valeur)
    return valeur


def _jour(valeur: Any) -> str | None:
    if valeur is None:
        return None
    if not isinstance(valeur, str):
        raise ValueError(valeur)  # noqa: TRY004  # un seul genre de refus pour qui lit
    return date.fromisoformat(valeur).isoformat()


def _vrai_ou_faux(valeur: Any) -> bool:
    if not isinstance(valeur, bool):
        raise ValueError(valeur)  # noqa: TRY004  # même raison
    return valeur
