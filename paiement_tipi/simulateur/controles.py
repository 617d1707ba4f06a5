"""Les contrôles de creerPaiementSecurise, dans l'ordre de payfip.md §7.4 : une seule faute par appel."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from paiement_tipi.simulateur.clients import Client, Libelles
from paiement_tipi.simulateur.operations import Demande

SAISIES = frozenset("TXW")
MONTANT_MINIMUM = 100
CHIFFRES_MONTANT_MAXIMUM = 7
MEL_LONGUEURS = range(6, 81)
URL_LONGUEUR_MAXIMUM = 249
NUMCLI = re.compile(r"[0-9]{6}")
REFDET = re.compile(r"[A-Za-z0-9]{6,30}")
MEL = re.compile(r"[!-?A-~]+@[!-?A-~]+")
CHIFFRES = re.compile(r"[0-9]+")
URL = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?([/?#][!-~]*)?", re.IGNORECASE)

LIBELLES: Mapping[str, str] = {
    "A1": "Adresse mél absente.",
    "A2": "Adresse mél incorrecte. ",
    "D1": "L'adresse de retour URLREDIRECT n'est pas conforme.",
    "M1": "Le format du paramètre MONTANT n'est pas conforme.",
    "M3": "Le montant est inférieur à 1 euro.",
    "M5": "Le montant est supérieur au montant maximum.",
    "N1": "L'adresse de notification URLNOTIF n'est pas conforme.",
    "P1": "IdOp incorrect.",
    "P5": "Résultat de la transaction non connu.",
    "R3": "Le format du paramètre REFDET n'est pas conforme",
    "S1": "Le paramètre SAISIE n'est pas conforme.",
    "T1": "Le numéro de client n'est pas conforme.",
    "T2": "Le numéro de client est inconnu.",
    "T4": "Ce client n'a pas accès au paiement sécurisé.",
}

Champs = Mapping[str, str]
Controle = Callable[[Champs], str | None]
Annuaire = Callable[[str], Client | None]


class FauteFonctionnelleError(Exception):
    """Le guichet refuse ; `code` est celui de payfip.md §3.6."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def controler_demande(champs: Champs, annuaire: Annuaire) -> tuple[Demande, Client]:
    """La demande et son client si tout est bon, sinon la première faute."""
    client = _client(champs.get("numcli", ""), champs.get("saisie", ""), annuaire)
    for controle in CONTROLES:
        if code := controle(champs):
            raise FauteFonctionnelleError(code)
    demande = Demande(
        exer=champs.get("exer", ""),
        mel=champs["mel"],
        montant_centimes=int(champs["montant"]),
        numcli=champs["numcli"],
        objet=champs.get("objet", ""),
        refdet=champs["refdet"],
        saisie=champs["saisie"],
        urlnotif=champs["urlnotif"],
        urlredirect=champs["urlredirect"],
    )
    return demande, client


def libelles_client(numcli: str, annuaire: Annuaire) -> Libelles:
    """Les trois libellés d'un client qui a accès au service web (payfip.md §3.4)."""
    return _client(numcli, "", annuaire).libelles


def identifier(numcli: str, annuaire: Annuaire) -> Client:
    """Le client, ou la faute qui dit pourquoi son numéro n'en désigne aucun."""
    if not NUMCLI.fullmatch(numcli):
        raise FauteFonctionnelleError("T1")
    client = annuaire(numcli)
    if client is None:
        raise FauteFonctionnelleError("T2")
    return client


def _client(numcli: str, saisie: str, annuaire: Annuaire) -> Client:
    """W avant l'activation : le code du vrai service est inconnu, T4 est notre choix (payfip.md §7.4, point 14)."""
    client = identifier(numcli, annuaire)
    if not client.saisies_ws or saisie in SAISIES - client.saisies_ws:
        raise FauteFonctionnelleError("T4")
    return client


def _saisie(champs: Champs) -> str | None:
    return None if champs.get("saisie", "") in SAISIES else "S1"


def refus_reference(champs: Champs) -> str | None:
    """R3 : de 6 à 30 lettres et chiffres."""
    return None if REFDET.fullmatch(champs.get("refdet", "")) else "R3"


def refus_mel(champs: Champs) -> str | None:
    """A1 ou A2 : de 6 à 80 caractères ASCII autour d'une arobase."""
    mel = champs.get("mel", "")
    if not mel:
        return "A1"
    return None if len(mel) in MEL_LONGUEURS and MEL.fullmatch(mel) else "A2"


def _montant(champs: Champs) -> str | None:
    montant = champs.get("montant", "")
    if not CHIFFRES.fullmatch(montant):
        return "M1"
    if len(montant.lstrip("0")) > CHIFFRES_MONTANT_MAXIMUM:
        return "M5"
    return "M3" if int(montant) < MONTANT_MINIMUM else None


def _urlnotif(champs: Champs) -> str | None:
    return None if est_url(champs.get("urlnotif", "")) else "N1"


def _urlredirect(champs: Champs) -> str | None:
    return None if est_url(champs.get("urlredirect", "")) else "D1"


CONTROLES: tuple[Controle, ...] = (_saisie, refus_reference, refus_mel, _montant, _urlnotif, _urlredirect)


def est_url(texte: str) -> bool:
    """Une adresse http(s) de moins de 250 caractères, en ASCII et sans espace."""
    if len(texte) > URL_LONGUEUR_MAXIMUM or not URL.fullmatch(texte):
        return False
    try:
        return urlsplit(texte).port != 0
    except ValueError:
        return False
