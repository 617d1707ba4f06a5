"""Le PES V2 Recette Aller et l'ORMC : une rangée par titre ou par article de rôle (payfip.md §6.2 et §6.3).

Chaque valeur est l'attribut ``V`` d'un élément vide. Les coordonnées bancaires ne sont jamais lues.
"""

import base64
import zipfile
import zlib
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from factures.imports.documents import OCTETS_PAR_DOCUMENT
from factures.imports.rangees import FichierRefuse, Rangee

SOURCE = "PES"
OCTETS_PAR_ELEMENT = 64 << 20
_PDF = b"%PDF-"
_ORMC = {"TypBord": "06", "TypPce": "15"}
_REDUCTION = {"TypBord": "02", "NatPce": "06"}


class _Borne:
    """Le fichier, qui refuse d'avancer de trop d'octets sans qu'un élément finisse."""

    def __init__(self, fichier: BinaryIO) -> None:
        fichier.seek(0)
        self._fichier, self.lus = fichier, 0

    def read(self, taille: int = -1, /) -> bytes:
        self.lus += taille
        if self.lus > OCTETS_PAR_ELEMENT:
            raise FichierRefuse(f"Un élément de ce fichier dépasse {OCTETS_PAR_ELEMENT >> 20} Mio.")
        return self._fichier.read(taille)


def elements(fichier: BinaryIO, *noms: str, racine: str = "PES_Aller") -> Iterator[Element]:
    """Les éléments de ces noms, oubliés à mesure ; ``FichierRefuse`` si ce n'est pas un PES lisible."""
    try:
        for element, parent in _finis(_Borne(fichier), racine):
            if nom(element) in noms:
                yield element
            if nom(element) in {*noms, "PJ"}:
                parent.remove(element)
    except (ParseError, DefusedXmlException, LookupError, ValueError) as erreur:
        raise FichierRefuse("Ce fichier XML ne peut pas être lu.") from erreur


def _finis(flux: _Borne, racine: str) -> Iterator[tuple[Element, Element]]:
    """Chaque élément quand il est entier, avec celui qui le contient."""
    parents: list[Element] = []
    for evenement, element in iterparse(flux, events=("start", "end"), forbid_dtd=True):
        if evenement == "start":
            parents.append(element)
            _verifier_la_racine(parents[0], racine)
        elif len(parents) > 1:
            parents.pop()
            flux.lus = 0
            yield element, parents[-1]


def nom(element: Element) -> str:
    """« Piece », dans quelque espace de noms que ce soit."""
    return element.tag.rpartition("}")[2]


def valeur(element: Element | None, *chemin: str) -> str:
    """L'attribut ``V`` au bout du chemin, vide s'il n'y est pas."""
    for etape in chemin:
        element = next((fils for fils in element or () if nom(fils) == etape), None)
    return (element.get("V") or "").strip() if element is not None else ""


def _verifier_la_racine(element: Element, racine: str) -> None:
    if nom(element) != racine:
        raise FichierRefuse(f"Ce fichier XML est un {nom(element)[:40]} ; il faut un {racine} de recettes.")


def lire(fichier: BinaryIO) -> Iterator[Rangee]:
    """Une rangée par ligne de titre, ou par article de rôle ; son numéro est son rang dans le fichier."""
    joints = {valeur(pj, "IdUnique") for pj in elements(fichier, "PJ") if _contenu(pj, 1024).startswith(_PDF)}
    bordereau, rang = None, 0
    for element in elements(fichier, "BlocBordereau", "Piece"):
        if nom(element) == "BlocBordereau":
            bordereau = element
        else:
            for cellules, defaut in _dettes(bordereau, element):
                rang += 1
                # Une pièce jointe qui n'est pas un PDF (l'avis XML de la DGFiP) ne se montre pas.
                joint = cellules["fichier_pdf"] if cellules["fichier_pdf"] in joints else ""
                yield Rangee(rang, {**cellules, "fichier_pdf": joint}, defaut)
    if not rang:
        raise FichierRefuse("Ce PES ne contient aucune pièce de recette.")


def _dettes(bordereau: Element | None, piece: Element) -> Iterator[tuple[dict[str, str], str]]:
    """Un article de rôle est une dette de plusieurs lignes ; chaque ligne d'un titre est une dette."""
    bloc = _fils(piece, "BlocPiece")
    lignes = [fils for fils in piece if nom(fils) == "LigneDePiece"]
    ormc = _est(_ORMC, bordereau, bloc)
    for ensemble in [lignes] if ormc else [[ligne] for ligne in lignes]:
        cellules = _cellules(bordereau, bloc, ensemble, ormc=ormc)
        if _est(_REDUCTION, bordereau, bloc):
            yield cellules, "c'est une annulation ou une réduction ; faites-la à la main sur la facture d'origine."
        else:
            yield cellules, "" if cellules["montant"] else "un montant (MtHT ou MtTVA) n'est pas un nombre."


def _est(codes: dict[str, str], bordereau: Element | None, bloc: Element | None) -> bool:
    return any(valeur(bordereau, champ) == code or valeur(bloc, champ) == code for champ, code in codes.items())


def _cellules(bordereau: Element | None, bloc: Element | None, lignes: list[Element], *, ormc: bool) -> dict[str, str]:
    premiere = _fils(lignes[0], "BlocLignePiece") if lignes else None
    tiers = _fils(lignes[0], "Tiers") if lignes else None  # le premier est le principal, les autres ses codébiteurs
    exercice, dette = valeur(bordereau, "Exer"), valeur(bloc, "NumDette").lstrip("0")
    piece, ligne = valeur(bloc, "IdPce"), valeur(premiere, "InfoLignePiece", "IdLigne")
    periode = valeur(bloc, "Per")
    objet = valeur(bloc, "ObjPce") or valeur(premiere, "InfoLignePiece", "ObjLignePce")
    parties = (exercice, periode, dette) if ormc else (exercice, piece, ligne)
    return {
        **_redevable(tiers),
        "numero": valeur(bloc, "NumeroFacture") or "-".join(filter(None, parties)),
        "exercice": exercice,
        "objet": objet or valeur(bordereau, "Objet"),
        "montant": _total(lignes),
        "date_emission": valeur(bordereau, "DteAsp") or valeur(bordereau, "DteBordEm"),
        "date_prelevement": valeur(premiere, "InfoPrelevementSEPA", "DtePrel"),
        "fichier_pdf": _piece_jointe(bloc) or _piece_jointe(premiere),
        "code_recette": valeur(premiere, "InfoLignePiece", "CodProdLoc")[:2],
        "periode": periode,
        "piece": piece,
        "ligne": "" if ormc else ligne,
        "dette": dette,
    }


def _redevable(tiers: Element | None) -> dict[str, str]:
    prenom = valeur(tiers, "InfoTiers", "Prenom")
    adresse = (valeur(tiers, "Adresse", champ) for champ in ("Adr1", "Adr2", "Adr3"))
    return {
        "source": SOURCE,
        "code_redevable": valeur(tiers, "InfoTiers", "RefTiers"),
        "nom": f"{valeur(tiers, 'InfoTiers', 'Nom')} {valeur(tiers, 'InfoTiers', 'ComplNom')}".strip(),
        "prenom": "" if prenom == "NC" else prenom,
        "adresse": "\n".join(filter(None, adresse)),
        "code_postal": valeur(tiers, "Adresse", "CP"),
        "ville": valeur(tiers, "Adresse", "Ville"),
    }


def _total(lignes: list[Element]) -> str:
    """La somme de MtHT et MtTVA ; vide si l'un d'eux n'est pas un nombre."""
    try:
        montants = [
            Decimal(valeur(ligne, "BlocLignePiece", "InfoLignePiece", champ) or defaut)
            for ligne in lignes
            for champ, defaut in (("MtHT", "?"), ("MtTVA", "0"))
        ]
    except InvalidOperation:
        return ""
    return f"{sum(montants):f}" if montants and all(montant.is_finite() for montant in montants) else ""


def pieces_jointes(fichier: BinaryIO, vers: BinaryIO) -> None:
    """Range dans un ZIP les PDF que le fichier porte, sous leur identifiant."""
    with zipfile.ZipFile(vers, "w", zipfile.ZIP_STORED) as archive:
        for pj in elements(fichier, "PJ"):
            # Un octet de trop suffit pour que sa taille soit refusée à sa ligne.
            contenu = _contenu(pj, OCTETS_PAR_DOCUMENT + 1)
            if contenu.startswith(_PDF):
                archive.writestr(zipfile.ZipInfo(valeur(pj, "IdUnique")), contenu)


def _contenu(pj: Element, octets: int) -> bytes:
    """Les premiers ``octets`` du fichier joint, en base64 et le plus souvent compressé ; vide s'il est abîmé."""
    texte = next((element.text or "" for element in pj.iter() if nom(element) == "Fichier"), "")
    try:
        brut = base64.b64decode(texte)
        if brut.startswith(b"\x1f\x8b"):
            return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(brut, octets)
    except (ValueError, zlib.error):
        return b""
    return brut[:octets]


def _piece_jointe(bloc: Element | None) -> str:
    return valeur(_fils(bloc, "PJRef"), "IdUnique")


def _fils(element: Element | None, nom_voulu: str) -> Element | None:
    return next((fils for fils in element or () if nom(fils) == nom_voulu), None)
