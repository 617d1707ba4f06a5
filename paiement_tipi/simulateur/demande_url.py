"""Les contrôles de la demande par URL (payfip.md §2.2) : les noms sans égard à leur casse, une seule faute dite."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from paiement_tipi.simulateur.clients import Client
from paiement_tipi.simulateur.controles import (
    CHIFFRES,
    LIBELLES,
    MONTANT_MINIMUM,
    Annuaire,
    Champs,
    FauteFonctionnelleError,
    est_url,
    identifier,
    refus_mel,
    refus_reference,
)
from paiement_tipi.simulateur.echange import CHAMPS_MAXIMUM
from paiement_tipi.simulateur.erreurs import RECOMMENCER, Erreur, PageRefuseeError
from paiement_tipi.simulateur.operations import Demande

PARAMETRES = ("numcli", "exer", "refdet", "objet", "montant", "mel", "saisie", "urlcl")
RENVOYES = PARAMETRES[:-1]
SAISIES = frozenset("TXAM")
MONTANT_MAXIMUM = 999_999
CHIFFRES_MONTANT_MAXIMUM = 11
EXER = re.compile(r"[0-9]{4}")
OBJET = re.compile(r"[A-Za-z0-9 ]{1,99}")

Controle = Callable[[Champs], bool]


def lire_parametres(requete: str) -> dict[str, str]:
    """Les paramètres connus sous leur nom en minuscules ; un inconnu est ignoré, un doublon est refusé."""
    try:
        paires = parse_qsl(requete, keep_blank_values=True, max_num_fields=CHAMPS_MAXIMUM)
    except ValueError as erreur:
        raise PageRefuseeError(Erreur.REQUETE) from erreur
    lus: dict[str, str] = {}
    for brut, valeur in paires:
        nom = brut.lower()
        if nom in lus:
            raise _refus(f"Le paramètre {nom.upper()} est donné deux fois.")
        if nom in PARAMETRES:
            lus[nom] = valeur
    return lus


def controler_url(champs: Champs, annuaire: Annuaire) -> tuple[Demande, Client]:
    """La demande et son client si tout est bon, sinon la page qui dit ce qui ne va pas."""
    try:
        client = identifier(champs.get("numcli", ""), annuaire)
    except FauteFonctionnelleError as faute:
        raise _refus(LIBELLES[faute.code]) from faute
    _controler_saisie(champs.get("saisie", ""), client)
    for nom, conforme in CONTROLES.items():
        if not conforme(champs):
            raise _refus(f"Le paramètre {nom.upper()} n'est pas conforme.")
    return _demande(champs), client


def echo(champs: Champs) -> dict[str, str]:
    """Ce que le résultat renverra tel que reçu, dans l'ordre de payfip.md §2.6 ; l'objet absent reste absent."""
    return {nom: champs[nom] for nom in RENVOYES if champs.get(nom)}


def _demande(champs: Champs) -> Demande:
    return Demande(
        exer=champs.get("exer", ""),
        mel=champs["mel"],
        montant_centimes=int(champs["montant"]),
        numcli=champs["numcli"],
        objet=champs.get("objet", ""),
        refdet=champs["refdet"],
        saisie=champs["saisie"],
        urlnotif=champs["urlcl"],
        urlredirect="",
    )


def _controler_saisie(saisie: str, client: Client) -> None:
    if saisie not in SAISIES:
        raise _refus("Le paramètre SAISIE n'est pas conforme.")
    if saisie not in client.saisies_url:
        raise _refus("Ce client n'est pas encore activé : il n'accepte que des paiements de test ou d'activation.")


def _montant_conforme(champs: Champs) -> bool:
    montant = champs.get("montant", "")
    if len(montant) > CHIFFRES_MONTANT_MAXIMUM or not CHIFFRES.fullmatch(montant):
        return False
    return MONTANT_MINIMUM <= int(montant) <= MONTANT_MAXIMUM


def _facultatif(nom: str, forme: re.Pattern[str]) -> Controle:
    return lambda champs: not champs.get(nom) or bool(forme.fullmatch(champs[nom]))


def _refus(phrase: str) -> PageRefuseeError:
    return PageRefuseeError(Erreur.DEMANDE, precision=f"{phrase} {RECOMMENCER}")


CONTROLES: Mapping[str, Controle] = {
    "exer": _facultatif("exer", EXER),
    "refdet": lambda champs: refus_reference(champs) is None,
    "objet": _facultatif("objet", OBJET),
    "mel": lambda champs: refus_mel(champs) is None,
    "montant": _montant_conforme,
    "urlcl": lambda champs: est_url(champs.get("urlcl", "")),
}
