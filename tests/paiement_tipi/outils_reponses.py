"""Les réponses de PayFiP, recopiées de payfip.md §3 : ni le protocole ni le simulateur n'y ont part."""

from xml.sax.saxutils import escape

TNS = (
    "http://securite.service.tpa.cp.finances.gouv.fr/services/mas_securite/"
    "contrat_paiement_securise/PaiementSecuriseService"
)
IDOP = "cc0cb210-1cd4-11ea-8cca-0213ad91a103"
# Les feuilles d'un résultat, dans l'ordre du schéma (payfip.md §3.3).
PAYE = {
    "dattrans": "12122019",
    "exer": "20",
    "heurtrans": "1435",
    "idOp": IDOP,
    "mel": "ada@exemple.fr",
    "montant": "24311",
    "numauto": "A55A",
    "numcli": "006382",
    "objet": "Consommation d eau",
    "refdet": "X0000301010000001317",
    "resultrans": "P",
    "saisie": "W",
}
LIBELLES = {
    "A2": "Adresse mél incorrecte. ",
    "P1": "IdOp incorrect.",
    "P5": "Résultat de la transaction non connu.",
    "R3": "Le format du paramètre REFDET n'est pas conforme",
}


def corps(interieur: str) -> bytes:
    return (
        '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>'
        + interieur
        + "</S:Body></S:Envelope>"
    ).encode()


def creation(idop: str = IDOP, nom: str = "idOp") -> bytes:
    return corps(
        f"""
 <ns2:creerPaiementSecuriseResponse xmlns:ns2="{TNS}">
  <return><{nom}>{idop}</{nom}></return>
 </ns2:creerPaiementSecuriseResponse>
"""
    )


def resultat(**changements: str | None) -> bytes:
    """Le résultat d'une opération ; None retire la feuille."""
    champs = {nom: valeur for nom, valeur in {**PAYE, **changements}.items() if valeur is not None}
    feuilles = "".join(f"<{nom}>{escape(valeur)}</{nom}>" for nom, valeur in champs.items())
    return corps(
        f"""
 <ns2:recupererDetailPaiementSecuriseResponse xmlns:ns2="{TNS}">
  <return>{feuilles}</return>
 </ns2:recupererDetailPaiementSecuriseResponse>
"""
    )


def faute(code: str, libelle: str | None = None, nature: str = "FonctionnelleErreur") -> bytes:
    return corps(
        f"""
 <S:Fault xmlns:ns4="http://www.w3.org/2003/05/soap-envelope">
  <faultcode>S:Server</faultcode>
  <faultstring>fr.gouv.finances.cp.tpa.webservice.exceptions.{nature}</faultstring>
  <detail>
   <ns2:{nature} xmlns:ns2="{TNS}">
    <code>{code}</code><descriptif/><libelle>{LIBELLES.get(code, "") if libelle is None else libelle}</libelle>
    <severite>2</severite>
   </ns2:{nature}>
  </detail>
 </S:Fault>
"""
    )


_RIRES = "".join(f'<!ENTITY r{n} "{f"&r{n - 1};" * 10}">' for n in range(1, 10))
BOMBE = f'<!DOCTYPE b [<!ENTITY r0 "ha">{_RIRES}]>'.encode() + corps("&r9;")
BOMBE_ATTRIBUT = f'<!DOCTYPE b [<!ENTITY r0 "ha">{_RIRES}]>'.encode() + corps('<a b="&r9;"/>')
ENTITE_EXTERNE = b'<!DOCTYPE b [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + resultat(numauto="ENTITE").replace(
    b"ENTITE", b"&f;"
)
DTD_LOINTAINE = b'<!DOCTYPE b SYSTEM "http://192.0.2.1/b.dtd">' + resultat()
PAGE_HTML = b"<!doctype html><html lang=fr><title>502 Bad Gateway</title><p>Service indisponible<br></html>"

# Tout ce qui n'est pas une réponse de PayFiP.
ILLISIBLES = {
    "page HTML": PAGE_HTML,
    "rien": b"",
    "blancs": b"  \n ",
    "texte": "Indisponible é".encode("latin-1"),
    "XML tronqué": resultat()[:-40],
    "coupé au milieu d'une feuille": resultat()[:300],
    "autre XML": b"<ok/>",
    "enveloppe SOAP 1.2": resultat().replace(
        b"http://schemas.xmlsoap.org/soap/envelope/", b"http://www.w3.org/2003/05/soap-envelope"
    ),
    "enveloppe sans corps": resultat().replace(b"S:Body", b"S:Header"),
    "corps vide": corps(""),
    "sans return": resultat().replace(b"return>", b"retour>"),
    "autre espace de noms": resultat().replace(TNS.encode(), b"http://exemple.fr/"),
    "bombe": BOMBE,
    "bombe en attribut": BOMBE_ATTRIBUT,
    "entité externe": ENTITE_EXTERNE,
    "DTD lointaine": DTD_LOINTAINE,
    "DTD vide": b"<!DOCTYPE b>" + resultat(),
    "encodage inconnu": b'<?xml version="1.0" encoding="klingon"?>' + resultat(),
    "trop profond": corps("<a>" * 10_000 + "</a>" * 10_000),
    "trop long d'un octet": resultat().ljust(256 * 1024 + 1),
}
