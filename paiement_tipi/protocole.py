"""Le protocole PayFiP par service web, en Python pur : règles des champs, enveloppes SOAP, lecture des réponses.

Écrit d'après payfip.md §3, sans rien partager avec le simulateur.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from lxml import etree

from paiement_tipi.valeurs import LONGUEUR_OBJET, date_de_paris

NS_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
NS_TNS = (
    "http://securite.service.tpa.cp.finances.gouv.fr/services/mas_securite/"
    "contrat_paiement_securise/PaiementSecuriseService"
)
MONTANT_MINIMAL, MONTANT_MAXIMAL = 100, 9_999_999  # centimes, payfip.md §2.4
LONGUEUR_URL = 249
TAILLE_REPONSE = 256 * 1024

_URL = (rf"(?=.{{1,{LONGUEUR_URL}}}$)https?://[!-~]+", "une adresse http ou https de moins de 250 caractères")
MOTIF_REFDET = "[A-Za-z0-9]{6,30}"
# payfip.md §3.2 : le motif de chaque champ, et la règle dite à qui la lit.
REGLES = {
    "numcli": (r"\d{6}", "six chiffres"),
    "exer": (r"\d{4}", "quatre chiffres"),
    "refdet": (MOTIF_REFDET, "de 6 à 30 lettres sans accent et chiffres"),
    "objet": (rf"[A-Za-z0-9 ]{{0,{LONGUEUR_OBJET}}}", "lettres sans accent, chiffres et espaces, 99 au plus"),
    "mel": (r"(?=.{6,80}$)[!-?A-~]+@[!-?A-~]+", "une adresse de 6 à 80 caractères sans accent"),
    "urlnotif": _URL,
    "urlredirect": _URL,
}


class Saisie(StrEnum):
    """Vie d'un contrat : test, activation, production par service web ou par URL (payfip.md §2.3)."""

    TEST = "T"
    ACTIVATION = "X"
    PRODUCTION = "W"
    PRODUCTION_URL = "A"


PRODUCTIONS = frozenset({Saisie.PRODUCTION, Saisie.PRODUCTION_URL})


class Resultat(StrEnum):
    """``resultrans`` connus (payfip.md §3.8) ; un code inconnu n'est jamais une fin."""

    PAYE = "P"
    PRELEVE = "V"
    CARTE_REFUSEE = "R"
    PRELEVEMENT_REFUSE = "Z"
    ABANDONNE = "A"


class ChampInvalide(ValueError):
    """Une valeur que PayFiP refuserait : ``champ`` la nomme, le message dit la règle."""

    def __init__(self, champ: str, regle: str) -> None:
        super().__init__(f"{champ} : {regle}")
        self.champ = champ


class ReponseIllisible(ValueError):
    """Ce que nous avons reçu n'est pas une réponse de PayFiP."""


@dataclass(frozen=True)
class Faute:
    """Un refus de PayFiP : ``code`` (« P5 », « R3 »…), son libellé, et s'il vient d'une panne technique."""

    code: str
    libelle: str
    technique: bool


@dataclass(frozen=True)
class Demande:
    """Ce que nous demandons à payer. ``montant`` en centimes ; tout est vérifié à la création."""

    numcli: str
    exer: str
    refdet: str
    objet: str
    montant: int
    mel: str
    saisie: Saisie
    urlnotif: str
    urlredirect: str

    def __post_init__(self) -> None:
        for champ, (motif, regle) in REGLES.items():
            if not re.fullmatch(motif, str(getattr(self, champ)), re.ASCII):
                raise ChampInvalide(champ, regle)
        if not MONTANT_MINIMAL <= self.montant <= MONTANT_MAXIMAL:
            raise ChampInvalide("montant", f"de {MONTANT_MINIMAL} à {MONTANT_MAXIMAL} centimes")


@dataclass(frozen=True)
class Lecture:
    """Ce que PayFiP dit d'une opération qui a un résultat. ``montant`` en centimes, None s'il est illisible."""

    idop: str
    resultat: str
    numcli: str
    refdet: str
    saisie: str
    montant: int | None
    numauto: str
    date: datetime | None


@dataclass(frozen=True)
class DetailClient:
    """Ce que PayFiP dit d'un numéro de client : jusqu'à trois libellés (payfip.md §3.4)."""

    numcli: str
    libelles: tuple[str, ...]


def enveloppe_creation(demande: Demande) -> bytes:
    """La requête ``creerPaiementSecurise``, champs dans l'ordre du XSD ; un objet vide est omis."""
    champs = ("exer", "mel", "montant", "numcli", "objet", "refdet", "saisie", "urlnotif", "urlredirect")
    return _enveloppe("creerPaiementSecurise", {champ: str(getattr(demande, champ)) for champ in champs})


def enveloppe_lecture(idop: UUID) -> bytes:
    """La requête ``recupererDetailPaiementSecurise`` : ``idOp`` avec un O majuscule, sinon PayFiP répond P1."""
    return _enveloppe("recupererDetailPaiementSecurise", {"idOp": str(idop)})


def enveloppe_client(numcli: str) -> bytes:
    """La requête ``recupererDetailClient`` : ``numCli`` avec un C majuscule."""
    return _enveloppe("recupererDetailClient", {"numCli": numcli})


def _enveloppe(operation: str, champs: dict[str, str]) -> bytes:
    racine = etree.Element(f"{{{NS_SOAP}}}Envelope", nsmap={"soapenv": NS_SOAP, "p": NS_TNS})
    corps = etree.SubElement(racine, f"{{{NS_SOAP}}}Body")
    arg0 = etree.SubElement(etree.SubElement(corps, f"{{{NS_TNS}}}{operation}"), "arg0")
    for nom, valeur in champs.items():
        if valeur:
            etree.SubElement(arg0, nom).text = valeur
    return etree.tostring(racine, encoding="UTF-8", xml_declaration=True)


def lire_creation(xml: bytes) -> UUID | Faute:
    """L'idop créé, ou la faute. ReponseIllisible si ce n'est ni l'un ni l'autre."""
    valeurs = _valeurs(xml, "creerPaiementSecuriseResponse")
    if isinstance(valeurs, Faute):
        return valeurs
    try:
        return UUID(valeurs.get("idop", ""))
    except ValueError as erreur:
        raise ReponseIllisible("L'idop n'est pas un UUID.") from erreur


def lire_resultat(xml: bytes) -> Lecture | Faute:
    """Le résultat de l'opération, ou la faute (P1, P5, technique). ReponseIllisible sinon."""
    valeurs = _valeurs(xml, "recupererDetailPaiementSecuriseResponse")
    if isinstance(valeurs, Faute):
        return valeurs
    montant = valeurs.get("montant", "")
    return Lecture(
        idop=valeurs.get("idop", "").lower(),
        resultat=valeurs.get("resultrans", ""),
        numcli=valeurs.get("numcli", ""),
        refdet=valeurs.get("refdet", ""),
        saisie=valeurs.get("saisie", ""),
        montant=int(montant) if re.fullmatch(r"\d{1,11}", montant, re.ASCII) else None,
        numauto=valeurs.get("numauto", ""),
        date=date_de_paris(valeurs.get("dattrans", ""), valeurs.get("heurtrans", "")),
    )


def lire_client(xml: bytes) -> DetailClient | Faute:
    """Les libellés d'un client, les vides omis, ou la faute. ReponseIllisible sinon."""
    valeurs = _valeurs(xml, "recupererDetailClientResponse")
    if isinstance(valeurs, Faute):
        return valeurs
    libelles = (valeurs.get(f"libellen{rang}", "")[:LONGUEUR_OBJET] for rang in (1, 2, 3))
    return DetailClient(valeurs.get("numcli", ""), tuple(filter(None, libelles)))


def _valeurs(xml: bytes, reponse: str) -> dict[str, str] | Faute:
    """Les feuilles de ``return``, noms en minuscules : le guide écrit ``idop`` là où le serveur écrit ``idOp``."""
    corps = _corps(xml)
    faute = corps.find(f"{{{NS_SOAP}}}Fault")
    if faute is not None:
        return _faute(faute)
    retour = corps.find(f"{{{NS_TNS}}}{reponse}/return")
    if retour is None:
        raise ReponseIllisible("La réponse ne contient pas de résultat.")
    return _feuilles(retour)


def _faute(faute: etree._Element) -> Faute:
    detail = faute.find("detail")
    erreur = detail[0] if detail is not None and len(detail) else None
    if erreur is None:
        return Faute(code="", libelle="", technique=True)
    feuilles = _feuilles(erreur)
    return Faute(
        code=feuilles.get("code", ""),
        libelle=(feuilles.get("libelle") or feuilles.get("message") or "").strip(),
        technique=etree.QName(erreur).localname != "FonctionnelleErreur",
    )


def _feuilles(element: etree._Element) -> dict[str, str]:
    return {str(etree.QName(feuille).localname).lower(): (feuille.text or "").strip() for feuille in element}


def _corps(xml: bytes) -> etree._Element:
    """Le ``Body``, lu sans DTD, sans entité, sans réseau et sans excès de taille."""
    if len(xml) > TAILLE_REPONSE:
        raise ReponseIllisible("La réponse est trop longue.")
    analyseur = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        racine = etree.fromstring(xml, analyseur)
    except etree.XMLSyntaxError as erreur:
        raise ReponseIllisible("La réponse n'est pas du XML.") from erreur
    if racine.getroottree().docinfo.doctype:
        raise ReponseIllisible("La réponse contient une DTD.")
    corps = racine.find(f"{{{NS_SOAP}}}Body")
    if corps is None:
        raise ReponseIllisible("La réponse n'est pas une enveloppe SOAP.")
    return corps


def idop_de_notification(champs: dict[str, str]) -> UUID | None:
    """L'idop d'une notification ou d'un retour, quelle que soit la casse du paramètre ; None s'il n'est pas un UUID."""
    for nom, valeur in champs.items():
        if nom.lower() == "idop":
            try:
                return UUID(valeur)
            except ValueError:
                return None
    return None
