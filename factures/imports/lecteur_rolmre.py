"""Le rôle ROLMRE : 500 caractères par dette, aux positions de l'arrêté du 4 janvier 2010 (payfip.md §6.5).

Le relevé bancaire (positions 368 à 414) n'est jamais lu. Les clés ne sont pas une raison de refuser : des logiciels en
service s'y trompent.
"""

from collections.abc import Iterator
from typing import BinaryIO

from factures.imports.encodages import ouvrir
from factures.imports.rangees import FichierRefuse, Rangee

Zones = dict[str, str]
Cle = tuple[str, ...]

LONGUEUR = 500
SOURCE = "ROLMRE"
_DETTES = {"1", "4"}  # création, dette représentée ; 2 et 3 ne font que changer un numéro de client
_LEMA = "2"

# Position de départ (à partir de 1) et longueur.
_ZONES = {
    "mouvement": (1, 1),
    "exercice": (6, 4),
    "periode": (10, 1),
    "dette": (11, 13),
    "recette": (27, 2),
    "date": (29, 8),
    "role": (37, 2),
    "eau": (39, 12),
    "assainissement": (51, 12),
    "tva_eau": (63, 12),
    "tva_assainissement": (75, 12),
    "total": (87, 12),
    "nom": (111, 32),
    "complement": (143, 32),
    "distribution": (175, 32),
    "rue": (207, 32),
    "hameau": (239, 32),
    "code_postal": (271, 5),
    "ville": (276, 27),
    "objet": (303, 32),
    "objet_suite": (335, 32),
    "prelevement": (367, 1),
    "client": (415, 20),
    "debut_dette": (467, 2),
    "type": (499, 1),
}
_MONTANTS = ("eau", "assainissement", "tva_eau", "tva_assainissement")


def lire(fichier: BinaryIO) -> Iterator[Rangee]:
    """Une rangée par dette ; une redevance LEMA s'ajoute à la dette qui porte le même numéro."""
    redevances = _redevances(fichier)
    seules = _seules(fichier, redevances)
    for numero, zones in _dettes(fichier):
        if zones["type"] != _LEMA:
            yield _rangee(numero, [zones, *redevances.get(_cle(zones), ())])
        elif _cle(zones) in seules:
            yield _rangee(numero, [zones])


def _redevances(fichier: BinaryIO) -> dict[Cle, list[Zones]]:
    """Toutes celles du fichier, sous leur dette : elles peuvent la précéder."""
    redevances: dict[Cle, list[Zones]] = {}
    for _, zones in _dettes(fichier):
        if zones["type"] == _LEMA:
            redevances.setdefault(_cle(zones), []).append(zones)
    return redevances


def _seules(fichier: BinaryIO, redevances: dict[Cle, list[Zones]]) -> set[Cle]:
    """Celles dont la dette n'est pas dans le fichier, et qui en sont donc une."""
    if not redevances:
        return set()
    return set(redevances) - {_cle(zones) for _, zones in _dettes(fichier) if zones["type"] != _LEMA}


def reconnu(fichier: BinaryIO) -> bool:
    """Vrai si la première ligne a la forme d'un enregistrement."""
    fichier.seek(0)
    debut = fichier.read(LONGUEUR + 1).rstrip(b"\r\n")
    return len(debut) == LONGUEUR and debut[:1].isdigit() and debut[5:23].isdigit()


def _dettes(fichier: BinaryIO) -> Iterator[tuple[int, Zones]]:
    texte = ouvrir(fichier)
    try:
        for numero, ligne in enumerate(iter(lambda: texte.readline(LONGUEUR + 3), ""), start=1):
            enregistrement = ligne.rstrip("\r\n")
            if not enregistrement.strip("\x1a "):  # la marque de fin de vieux systèmes
                continue
            if len(enregistrement) != LONGUEUR:
                raise FichierRefuse(f"Ligne {numero} : un enregistrement ROLMRE a {LONGUEUR} caractères.")
            zones = {nom: enregistrement[debut - 1 : debut - 1 + n].strip() for nom, (debut, n) in _ZONES.items()}
            if zones["mouvement"] in _DETTES:
                yield numero, zones
    finally:
        texte.detach()


def _cle(zones: Zones) -> Cle:
    return tuple(zones[nom] for nom in ("exercice", "recette", "periode", "debut_dette", "dette"))


def _rangee(numero: int, parties: list[Zones]) -> Rangee:
    """Une dette, faite de son enregistrement et de ses redevances."""
    try:
        centimes = sum(map(_centimes, parties))
    except ValueError as erreur:
        return Rangee(numero, _cellules(parties[0], ""), str(erreur))
    return Rangee(numero, _cellules(parties[0], f"{centimes // 100},{centimes % 100:02d}"))


def _centimes(zones: Zones) -> int:
    if not all(zones[nom].isdecimal() for nom in (*_MONTANTS, "total")):
        raise ValueError("les montants ne sont pas des nombres de centimes.")
    total = int(zones["total"])
    if total != sum(int(zones[nom]) for nom in _MONTANTS):
        raise ValueError("le total n'est pas la somme de l'eau, de l'assainissement et de leurs TVA.")
    return total


def _cellules(zones: Zones, montant: str) -> dict[str, str]:
    date = f"{zones['date'][:4]}-{zones['date'][4:6]}-{zones['date'][6:]}"
    dette = (zones["debut_dette"] + zones["dette"]).lstrip("0")
    adresse = (zones[nom] for nom in ("complement", "distribution", "rue", "hameau"))
    return {
        "source": SOURCE,
        "code_redevable": zones["client"],
        "nom": zones["nom"],
        "adresse": "\n".join(filter(None, adresse)),
        "code_postal": zones["code_postal"],
        "ville": zones["ville"],
        "numero": "-".join((zones["exercice"], zones["recette"], zones["periode"], dette)),
        "exercice": zones["exercice"],
        "objet": zones["objet"] or zones["objet_suite"] or f"Rôle {zones['role']} de {zones['exercice']}",
        "montant": montant,
        "date_emission": date,
        # Le rôle dit « prélevée » sans dire quand ; une date suffit pour ne pas la faire payer deux fois.
        "date_prelevement": date if zones["prelevement"] == "5" else "",
        "code_recette": zones["recette"],
        "periode": zones["periode"],
        "dette": dette,
    }
