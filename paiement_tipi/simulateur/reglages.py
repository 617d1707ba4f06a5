"""Les réglages que l'on change par /simulateur/etat : leurs valeurs, leur contrôle (design.md §5.6)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from paiement_tipi.simulateur.horloge import lire_instant

FAUTES_TECHNIQUES: Final = (
    "TechIndisponibiliteErreur",
    "TechDysfonctionnementErreur",
    "TechProtocolaireErreur",
)
VALEURS: Final[Mapping[str, tuple[str, ...]]] = {
    "notification": ("une", "jamais", "double", "avant_retour"),
    "panne": (
        "aucune",
        "502",
        "lenteur",
        "coupure",
        "html",
        "xml_tronque",
        *FAUTES_TECHNIQUES,
        "montant_faux",
        "reponse_perdue",
    ),
    "resultat": ("normal", "inconnu", "abandon_puis_paye"),
}


class ReglageRefuseError(Exception):
    """Un réglage demandé n'existe pas ; le message est la phrase à montrer."""


@dataclass(frozen=True, kw_only=True)
class Reglages:
    """Le temps qu'il fait chez PayFiP."""

    notification: str = "une"
    panne: str = "aucune"
    resultat: str = "normal"
    horloge: str | None = None


def fusionner(reglages: Reglages, changements: object) -> Reglages:
    """Les réglages après ces changements ; un objet vide remet tout à zéro."""
    if not isinstance(changements, dict):
        phrase = "Le corps doit être un objet JSON."
        raise ReglageRefuseError(phrase)
    for nom, valeur in changements.items():
        _controler(nom, valeur)
    return replace(reglages, **changements) if changements else Reglages()


def _controler(nom: str, valeur: object) -> None:
    if nom == "horloge":
        _controler_horloge(valeur)
    elif nom not in VALEURS:
        connus = ", ".join([*VALEURS, "horloge"])
        phrase = f"Le réglage « {nom} » n'existe pas. Réglages connus : {connus}."
        raise ReglageRefuseError(phrase)
    elif not isinstance(valeur, str) or valeur not in VALEURS[nom]:
        connues = ", ".join(VALEURS[nom])
        phrase = f"Valeur refusée pour « {nom} ». Valeurs connues : {connues}."
        raise ReglageRefuseError(phrase)


def _controler_horloge(valeur: object) -> None:
    if valeur is None:
        return
    try:
        lire_instant(valeur if isinstance(valeur, str) else "")
    except ValueError as erreur:
        phrase = "Valeur refusée pour « horloge » : il faut une heure ISO 8601 (de 2000 à 2100) ou null."
        raise ReglageRefuseError(phrase) from erreur
