"""Les réglages que l'on change par /simulateur/etat : leurs valeurs, leur contrôle (design.md §5.6)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from paiement_tipi.simulateur.clients import EtatClient
from paiement_tipi.simulateur.horloge import lire_instant
from paiement_tipi.simulateur.titres import Titre, lire_titre

FAUTES_TECHNIQUES: Final = (
    "TechIndisponibiliteErreur",
    "TechDysfonctionnementErreur",
    "TechProtocolaireErreur",
)
VALEURS: Final[Mapping[str, tuple[str, ...]]] = {
    "notification": ("une", "jamais", "double", "avant_retour", "apres_retour", "retardee", "reprises", "http"),
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
    "nom_idop": ("idop", "idOp"),
    "redirection": ("get", "formulaire", "sans_parametre"),
    "exer": ("entier", "tronque"),
    "noms": ("minuscules", "majuscules"),
    "service": ("ouvert", "maintenance"),
    "helios": ("normal", "panne"),
}
TOUJOURS_MONTRES: Final = frozenset({"notification", "panne", "resultat", "horloge"})
NUMCLI = re.compile(r"[0-9]{6}")
TITRES_MAXIMUM = 1000


class ReglageRefuseError(Exception):
    """Un réglage demandé n'existe pas ; le message est la phrase à montrer."""


@dataclass(frozen=True, kw_only=True)
class Reglages:
    """Le temps qu'il fait chez PayFiP ; les quatre premiers forment le contrat de design.md §5.6."""

    notification: str = "une"
    panne: str = "aucune"
    resultat: str = "normal"
    horloge: str | None = None
    nom_idop: str = "idop"
    redirection: str = "get"
    exer: str = "entier"
    noms: str = "minuscules"
    service: str = "ouvert"
    helios: str = "normal"
    clients: Mapping[str, str] = field(default_factory=dict)
    titres: tuple[Titre, ...] = ()

    def en_clair(self) -> dict[str, Any]:
        """Les réglages du contrat, et ceux des autres qui ne sont pas à leur valeur de départ."""
        neufs = Reglages()
        return {
            nom: valeur
            for nom, valeur in asdict(self).items()
            if nom in TOUJOURS_MONTRES or getattr(self, nom) != getattr(neufs, nom)
        }


def fusionner(reglages: Reglages, changements: object) -> Reglages:
    """Les réglages après ces changements ; un objet vide remet tout à zéro."""
    if not isinstance(changements, dict):
        phrase = "Le corps doit être un objet JSON."
        raise ReglageRefuseError(phrase)
    lus = {nom: _lire(nom, valeur) for nom, valeur in changements.items()}
    return replace(reglages, **lus) if lus else Reglages()


def _lire(nom: str, valeur: object) -> Any:
    if nom in LECTURES:
        lire, attendu = LECTURES[nom]
        try:
            return lire(valeur)
        except ValueError as erreur:
            phrase = f"Valeur refusée pour « {nom} » : il faut {attendu}."
            raise ReglageRefuseError(phrase) from erreur
    if nom not in VALEURS:
        connus = ", ".join([*VALEURS, *LECTURES])
        phrase = f"Le réglage « {nom} » n'existe pas. Réglages connus : {connus}."
        raise ReglageRefuseError(phrase)
    if not isinstance(valeur, str) or valeur not in VALEURS[nom]:
        connues = ", ".join(VALEURS[nom])
        phrase = f"Valeur refusée pour « {nom} ». Valeurs connues : {connues}."
        raise ReglageRefuseError(phrase)
    return valeur


def _lire_horloge(valeur: object) -> str | None:
    if valeur is None:
        return None
    texte = valeur if isinstance(valeur, str) else ""
    lire_instant(texte)
    return texte


def _lire_clients(valeur: object) -> dict[str, str]:
    """Chaque numéro et son état ; la déclaration remplace la précédente en entier."""
    if not isinstance(valeur, dict) or not all(NUMCLI.fullmatch(numcli) for numcli in valeur):
        raise ValueError(valeur)
    return {numcli: EtatClient(etat).value for numcli, etat in valeur.items()}


def _lire_titres(valeur: object) -> tuple[Titre, ...]:
    if not isinstance(valeur, list) or len(valeur) > TITRES_MAXIMUM:
        raise ValueError(valeur)
    titres = tuple(lire_titre(titre) for titre in valeur)
    if len({(titre.numcli, titre.refdet) for titre in titres}) < len(titres):
        raise ValueError(valeur)
    return titres


ETATS = ", ".join(EtatClient)
LECTURES: Final[Mapping[str, tuple[Callable[[object], Any], str]]] = {
    "horloge": (_lire_horloge, "une heure ISO 8601 (de 2000 à 2100) ou null"),
    "clients": (_lire_clients, f"un objet qui donne à chaque numcli de 6 chiffres son état ({ETATS})"),
    "titres": (
        _lire_titres,
        "une liste d'objets numcli, refdet, montant (en centimes) et, au besoin, debut, fin (AAAA-MM-JJ) et chargee",
    ),
}
