"""Le PES Retour Recette : ce que le Trésor a reçu de chaque titre ou article de rôle (payfip.md §8).

Deux écritures : ``Recouvrement`` (jusqu'à 5.2), ``EncaissementEmargement`` (depuis 5.3). Aucun nom, aucune adresse ni
aucune coordonnée bancaire n'y est lu.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO, Self
from xml.etree.ElementTree import Element

from factures.imports.lecteur_pes import elements, nom, valeur
from factures.imports.rangees import FichierRefuse
from factures.imports.valeurs import ValeurRefusee, jour

ENCAISSEMENTS_MAXIMUM = 50_000
EN_LIGNE = "10"
# Les origines qui sont de l'argent reçu ; les autres soldent sans paiement (mandat, non-valeur, titre correctif…).
RECUS = frozenset({"", "01", "02", "03", EN_LIGNE})
# Ce qui n'est pas une dette de quelqu'un : annulations, et argent reçu avant son titre (P503 et sa régularisation).
_HORS = {"TypBord": {"02", "04", "05"}, "TypPce": {"13"}, "NatPce": {"06"}}
_STOCK = {"TypRestit": {"03"}, "NatInf": {"0", "1"}}
_MONTANT = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,2})?")
_CODE = re.compile(r"[0-9A-Za-z]{0,15}")


@dataclass(frozen=True, slots=True)
class Entete:
    """De quel jour est le fichier, et s'il dit tout ce qui a été reçu depuis toujours (``stock``)."""

    au: date | None
    stock: bool


@dataclass(frozen=True, slots=True)
class Dette:
    """Ce qui désigne une facture chez le Trésor : un titre et sa ligne, ou un article de rôle."""

    exercice: str
    piece: str = ""
    ligne: str = ""
    dette: str = ""
    periode: str = ""
    code_recette: str = ""

    def __str__(self) -> str:
        parties = (self.exercice, self.periode, self.dette) if self.dette else (self.exercice, self.piece, self.ligne)
        return "-".join(filter(None, parties))


@dataclass(frozen=True, slots=True)
class Encaissement:
    """Une somme reçue. ``origine`` (OrgEma) manque dans l'ancienne écriture, ``mode`` et ``identifiant`` dans l'autre.

    ``rang`` : le combientième, dans sa dette, de ceux que rien d'autre ne distingue.
    """

    jour: date
    montant: Decimal
    origine: str = ""
    mode: str = ""
    identifiant: str = ""
    rang: int = 0

    def en_json(self) -> list[Any]:
        """Ses valeurs, pour passer d'un processus à l'autre."""
        return [self.jour.isoformat(), str(self.montant), self.origine, self.mode, self.identifiant, self.rang]

    @classmethod
    def depuis_json(cls, lues: list[Any]) -> Self:
        """Celui que ``en_json`` a dit."""
        return cls(date.fromisoformat(lues[0]), Decimal(lues[1]), *lues[2:])


Ligne = tuple[Dette, list[Encaissement]]
CHAMPS = tuple(champ.name for champ in fields(Dette))


def lire(fichier: BinaryIO) -> Iterator[Entete | Ligne]:
    """L'en-tête, puis chaque dette avec ce qui en a été reçu, rien parfois ; ``FichierRefuse`` s'il ne se lit pas."""
    suite = elements(fichier, "EnTetePES", "EnTeteRecette", "BlocBordereau", "Piece", racine="PES_Retour")
    yield _entete(suite)
    bordereau, nombre = None, 0
    for element in suite:
        if nom(element) == "BlocBordereau":
            bordereau = element
        elif nom(element) == "Piece":
            for ligne in _dettes(bordereau, element):
                nombre += max(len(ligne[1]), 1)
                _borner(nombre)
                yield ligne


def _entete(suite: Iterator[Element]) -> Entete:
    """Il vient avant les pièces ; un retour de dépenses en a un autre."""
    au = ""
    for element in suite:
        if nom(element) == "EnTetePES":
            au = valeur(element, "DteStr")
        elif nom(element) == "EnTeteRecette":
            return Entete(_jour(au, "l'en-tête") if au else None, stock=_est(_STOCK, element))
        else:
            break
    raise FichierRefuse("Ce PES n'est pas un retour de recettes.")


def _borner(nombre: int) -> None:
    if nombre > ENCAISSEMENTS_MAXIMUM:
        raise FichierRefuse(f"Ce fichier a plus de {ENCAISSEMENTS_MAXIMUM} encaissements ; demandez-le par période.")


def _est(codes: dict[str, set[str]], *blocs: Element | None) -> bool:
    return any(valeur(bloc, champ) in connus for bloc in blocs for champ, connus in codes.items())


def _dettes(bordereau: Element | None, piece: Element) -> Iterator[Ligne]:
    """Un article de rôle est une dette de plusieurs lignes ; chaque ligne d'un titre est une dette."""
    bloc = next((fils for fils in piece if nom(fils) == "BlocPiece"), None)
    lignes = [fils for fils in piece if nom(fils) == "LigneDePiece"]
    if _est(_HORS, bordereau, bloc) or not lignes:
        return
    commun = {
        "exercice": valeur(bordereau, "Exer"),
        "piece": valeur(bloc, "IdPce"),
        "dette": _orm(bloc, "NumDette").lstrip("0"),
        "periode": _orm(bloc, "Per"),
    }
    recus = [_encaissements(ligne, commun["piece"]) for ligne in lignes]
    if commun["dette"]:
        yield _dette(commun, lignes[0], ligne=""), _reunis(recus)
    else:
        for ligne, siens in zip(lignes, recus, strict=True):
            numero = valeur(ligne, "BlocLignePiece", "InfoLignePiece", "IdLigne")
            yield _dette(commun, ligne, ligne=numero), _reunis([siens])


def _orm(bloc: Element | None, champ: str) -> str:
    """Depuis 5.3, à part."""
    return valeur(bloc, "InfoORMC", champ) or valeur(bloc, champ)


def _dette(commun: dict[str, str], element: Element, *, ligne: str) -> Dette:
    produit = valeur(element, "BlocLignePiece", "InfoLignePiece", "CodProdLoc")[:2]
    dette = Dette(**commun, ligne=ligne, code_recette=produit)
    if not re.fullmatch("[0-9]{4}", dette.exercice) or not all(_CODE.fullmatch(getattr(dette, c)) for c in CHAMPS):
        raise FichierRefuse(f"La pièce « {dette.piece[:20]} » n'est pas désignée comme dans un PES.")
    return dette


def _encaissements(ligne: Element, piece: str) -> list[Encaissement]:
    siens = (e for e in ligne.iter() if nom(e) in {"Recouvrement", "EncaissementEmargement"})
    return [encaissement for element in siens if (encaissement := _encaissement(element, piece)).montant]


def _encaissement(element: Element, piece: str) -> Encaissement:
    montant = valeur(element, "MtReco")
    codes = [valeur(element, champ) for champ in ("OrgEma", "ModRegl", "IdEncaissement")]
    if not _MONTANT.fullmatch(montant) or not all(_CODE.fullmatch(code) for code in codes):
        raise FichierRefuse(f"Un encaissement de la pièce « {piece[:20]} » ne se lit pas : « {montant[:20]} ».")
    origine, mode, identifiant = codes
    le = _jour(valeur(element, "DteReco"), f"la pièce « {piece[:20]} »")
    return Encaissement(le, Decimal(montant), origine, mode, identifiant)


def _jour(texte: str, ou: str) -> date:
    try:
        return jour(texte)
    except ValeurRefusee as refus:
        raise FichierRefuse(f"Dans {ou[:40]}, {refus}") from refus


def _reunis(par_ligne: list[list[Encaissement]]) -> list[Encaissement]:
    """Une somme répartie sur les lignes d'un article n'en fait qu'une : même jour, même origine, même identifiant."""
    sommes: dict[tuple[Any, ...], Decimal] = {}
    for siens in par_ligne:
        vus: Counter[tuple[Any, ...]] = Counter()
        for recu in siens:
            traits = (recu.jour, recu.origine, recu.mode, recu.identifiant)
            cle = (*traits, vus[traits])
            vus[traits] += 1
            sommes[cle] = sommes.get(cle, Decimal(0)) + recu.montant
    return [Encaissement(cle[0], montant, *cle[1:]) for cle, montant in sommes.items() if montant]
