"""Les enveloppes SOAP 1.1 : lecture prudente, écriture à la forme exacte de payfip.md §3.2 à §3.5."""

from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
TNS = (
    "http://securite.service.tpa.cp.finances.gouv.fr/services/mas_securite/"
    "contrat_paiement_securise/PaiementSecuriseService"
)
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
EXCEPTIONS = "fr.gouv.finances.cp.tpa.webservice.exceptions"


class EnveloppeIllisibleError(Exception):
    """Le message reçu n'est pas une enveloppe SOAP de ce contrat."""


@dataclass(frozen=True, kw_only=True)
class Appel:
    """Une opération appelée et les feuilles de son `arg0`."""

    operation: str
    champs: dict[str, str]


def lire_appel(corps: bytes) -> Appel:
    """Lit Envelope/Body/operation/arg0 ; l'ordre des feuilles est libre, leur imbrication ne l'est pas."""
    enveloppe = _racine(corps)
    if enveloppe.tag != f"{{{SOAP}}}Envelope":
        raise EnveloppeIllisibleError(enveloppe.tag)
    operation = _seul_enfant(_enfant(enveloppe, f"{{{SOAP}}}Body"))
    nom = etree.QName(operation)
    if nom.namespace != TNS:
        raise EnveloppeIllisibleError(operation.tag)
    arg0 = _enfant(operation, "arg0")
    return Appel(operation=nom.localname, champs={str(feuille.tag): feuille.text or "" for feuille in arg0})


def _racine(corps: bytes) -> etree._Element:
    analyseur = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        racine = etree.fromstring(corps, analyseur)
    except (etree.XMLSyntaxError, ValueError) as erreur:
        raise EnveloppeIllisibleError(str(erreur)) from erreur
    if racine.getroottree().docinfo.internalDTD is not None:
        raise EnveloppeIllisibleError(racine.getroottree().docinfo.doctype)
    return racine


def _enfant(parent: etree._Element, nom: str) -> etree._Element:
    enfants = [enfant for enfant in parent if enfant.tag == nom]
    if len(enfants) != 1:
        raise EnveloppeIllisibleError(nom)
    return enfants[0]


def _seul_enfant(parent: etree._Element) -> etree._Element:
    if len(parent) != 1:
        raise EnveloppeIllisibleError(parent.tag)
    return parent[0]


def ecrire_reponse(operation: str, feuilles: Iterable[tuple[str, str]]) -> bytes:
    """La réponse d'une opération ; une feuille vide est absente."""
    enveloppe, corps = _enveloppe()
    nom = f"{{{TNS}}}{operation}Response"
    retour = etree.SubElement(etree.SubElement(corps, nom, nsmap={"ns2": TNS}), "return")
    for feuille, valeur in feuilles:
        if valeur:
            etree.SubElement(retour, feuille).text = valeur
    return _octets(enveloppe)


def ecrire_faute(nature: str, *, code: str, libelle: str, severite: int) -> bytes:
    """Une faute à la forme de payfip.md §3.5 : `descriptif` toujours vide, pas de `message`."""
    enveloppe, corps = _enveloppe()
    faute = etree.SubElement(corps, f"{{{SOAP}}}Fault", nsmap={"ns4": SOAP12})
    etree.SubElement(faute, "faultcode").text = "S:Server"
    etree.SubElement(faute, "faultstring").text = f"{EXCEPTIONS}.{nature}"
    detail = etree.SubElement(etree.SubElement(faute, "detail"), f"{{{TNS}}}{nature}", nsmap={"ns2": TNS})
    etree.SubElement(detail, "code").text = code
    etree.SubElement(detail, "descriptif")
    etree.SubElement(detail, "libelle").text = libelle
    etree.SubElement(detail, "severite").text = str(severite)
    return _octets(enveloppe)


def _enveloppe() -> tuple[etree._Element, etree._Element]:
    enveloppe = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"S": SOAP})
    return enveloppe, etree.SubElement(enveloppe, f"{{{SOAP}}}Body")


def _octets(enveloppe: etree._Element) -> bytes:
    return etree.tostring(enveloppe, encoding="UTF-8", xml_declaration=True)
