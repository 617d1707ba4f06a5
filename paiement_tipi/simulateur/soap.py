"""Le guichet SOAP : les trois opérations de payfip.md §3.2 à §3.4 et leurs fautes."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from paiement_tipi.simulateur.controles import (
    LIBELLES,
    FauteFonctionnelleError,
    controler_demande,
    libelles_client,
)
from paiement_tipi.simulateur.echange import Reponse
from paiement_tipi.simulateur.enveloppe import (
    Appel,
    EnveloppeIllisibleError,
    ecrire_faute,
    ecrire_reponse,
    lire_appel,
)
from paiement_tipi.simulateur.etat import Etat, Lecture
from paiement_tipi.simulateur.horloge import date_paris, heure_paris
from paiement_tipi.simulateur.operations import numero_autorisation

TYPE_XML = "text/xml; charset=utf-8"
CREATION = "creerPaiementSecurise"
DETAIL_PAIEMENT = "recupererDetailPaiementSecurise"
DETAIL_CLIENT = "recupererDetailClient"
IDOP_INCORRECT = "P1"
RESULTAT_NON_CONNU = "P5"
CODE_TECHNIQUE = "999"
SEVERITE_FONCTIONNELLE = 2
SEVERITE_TECHNIQUE = 3
LIBELLES_TECHNIQUES: Mapping[str, str] = {
    "TechIndisponibiliteErreur": "Service momentanément indisponible.",
    "TechDysfonctionnementErreur": "Dysfonctionnement technique.",
    "TechProtocolaireErreur": "Message non conforme au contrat de service.",
}

Feuilles = tuple[tuple[str, str], ...]


def servir(etat: Etat, corps: bytes) -> tuple[str, Reponse]:
    """Traite un message ; rend le nom de l'opération (vide si illisible) et la réponse."""
    try:
        appel = lire_appel(corps)
    except EnveloppeIllisibleError:
        return "", faute_technique("TechProtocolaireErreur")
    return appel.operation, _repondre(etat, appel)


def _repondre(etat: Etat, appel: Appel) -> Reponse:
    executer = OPERATIONS.get(appel.operation)
    if executer is None:
        return faute_technique("TechProtocolaireErreur")
    try:
        return _xml(ecrire_reponse(appel.operation, executer(etat, appel.champs)))
    except FauteFonctionnelleError as faute:
        return _faute_fonctionnelle(faute.code)


def faute_technique(nature: str) -> Reponse:
    """Une des trois fautes techniques : code 999, sévérité 3 (payfip.md §3.6)."""
    libelle = LIBELLES_TECHNIQUES[nature]
    corps = ecrire_faute(nature, code=CODE_TECHNIQUE, libelle=libelle, severite=SEVERITE_TECHNIQUE)
    return _xml(corps, HTTPStatus.INTERNAL_SERVER_ERROR)


def _faute_fonctionnelle(code: str) -> Reponse:
    corps = ecrire_faute("FonctionnelleErreur", code=code, libelle=LIBELLES[code], severite=SEVERITE_FONCTIONNELLE)
    return _xml(corps, HTTPStatus.INTERNAL_SERVER_ERROR)


def _xml(corps: bytes, statut: HTTPStatus = HTTPStatus.OK) -> Reponse:
    return Reponse(statut=statut, corps=corps, type_contenu=TYPE_XML)


def _creer_paiement(etat: Etat, champs: Mapping[str, str]) -> Feuilles:
    return (("idOp", etat.creer(*controler_demande(champs, etat.client)).idop),)


def _detail_client(etat: Etat, champs: Mapping[str, str]) -> Feuilles:
    numcli = champs.get("numCli", "")
    n1, n2, n3 = libelles_client(numcli, etat.client)
    return (("libelleN1", n1), ("libelleN2", n2), ("libelleN3", n3), ("numcli", numcli))


def _detail_paiement(etat: Etat, champs: Mapping[str, str]) -> Feuilles:
    operation = etat.chercher(champs.get("idOp", ""))
    if operation is None or operation.par_url:
        raise FauteFonctionnelleError(IDOP_INCORRECT)
    lecture = etat.lire(operation)
    if lecture is None:
        raise FauteFonctionnelleError(RESULTAT_NON_CONNU)
    return _feuilles(lecture)


def _feuilles(lecture: Lecture) -> Feuilles:
    """Les feuilles dans l'ordre du schéma, alphabétique."""
    demande = lecture.operation.demande
    return (
        ("dattrans", date_paris(lecture.conclue_le)),
        ("exer", lecture.exer),
        ("heurtrans", heure_paris(lecture.conclue_le)),
        ("idOp", lecture.operation.idop),
        ("mel", demande.mel),
        ("montant", str(lecture.montant_centimes)),
        ("numauto", numero_autorisation(lecture.operation, lecture.resultat)),
        ("numcli", demande.numcli),
        ("objet", demande.objet),
        ("refdet", demande.refdet),
        ("resultrans", lecture.resultat),
        ("saisie", demande.saisie),
    )


OPERATIONS: Mapping[str, Callable[[Etat, Mapping[str, str]], Feuilles]] = {
    CREATION: _creer_paiement,
    DETAIL_PAIEMENT: _detail_paiement,
    DETAIL_CLIENT: _detail_client,
}
