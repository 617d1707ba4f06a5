"""Le protocole PayFiP par URL, en Python pur : l'adresse où envoyer la personne, et le résultat posté à ``urlcl``.

Rien n'y est signé (payfip.md §2.6) : ce qui est lu ici se compare à ce qui a été envoyé, et ne règle jamais rien.
"""

import re
from dataclasses import asdict, dataclass
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from paiement_tipi.protocole import (
    MONTANT_MAXIMAL,
    MONTANT_MINIMAL,
    REGLES,
    ChampInvalide,
    Lecture,
    ReponseIllisible,
    Saisie,
)
from paiement_tipi.valeurs import date_de_paris

MONTANT_MAXIMAL_URL = 999_999  # centimes, payfip.md §2.4
TAILLE_RETOUR, CHAMPS_MAXIMUM, LONGUEUR_CHAMP = 8 * 1024, 40, 250
# « A » : les données viennent de nos factures ; « M » dirait que la personne les a saisies elle-même.
SAISIES = frozenset({Saisie.TEST, Saisie.ACTIVATION, Saisie.PRODUCTION_URL})
RESULTAT = "resultrans"
LUS = frozenset({"numcli", "refdet", "montant", "saisie", RESULTAT, "numauto", "dattrans", "heurtrans"})


@dataclass(frozen=True)
class DemandeUrl:
    """Ce que porte l'adresse, dans l'ordre de payfip.md §2.2 ; ``montant`` en centimes, tout est vérifié ici."""

    numcli: str
    exer: str
    refdet: str
    objet: str
    montant: int
    mel: str
    urlcl: str
    saisie: Saisie

    def __post_init__(self) -> None:
        for champ, valeur in asdict(self).items():
            motif, regle = REGLES.get("urlnotif" if champ == "urlcl" else champ, ("", ""))
            if motif and not re.fullmatch(motif, str(valeur), re.ASCII):
                raise ChampInvalide(champ, regle)
        if not MONTANT_MINIMAL <= self.montant <= MONTANT_MAXIMAL:
            raise ChampInvalide("montant", f"de {MONTANT_MINIMAL} à {MONTANT_MAXIMAL} centimes")
        if self.saisie not in SAISIES:
            raise ChampInvalide("saisie", "T, X ou A")


def adresse_de_paiement(page: str, demande: DemandeUrl) -> str:
    """Où envoyer la personne ; un objet vide est omis."""
    return f"{page}?{urlencode({nom: str(valeur) for nom, valeur in asdict(demande).items() if valeur})}"


def adresse_de_page(page: str, idop: UUID) -> str:
    """La page d'une opération du service web ; l'idop est un UUID, rien d'autre n'entre dans l'adresse."""
    return f"{page}?{urlencode({'idop': str(idop)})}"


def lire_retour(requete: str, corps: bytes) -> Lecture | None:
    """Le résultat posté, noms sans égard à leur casse, dans l'adresse ou le corps ; None s'il n'y en a pas.

    ReponseIllisible au-delà des bornes, ou si un champ y est deux fois sans dire la même chose.
    """
    champs: dict[str, str] = {}
    for nom, valeur in _paires(requete.encode()) + _paires(corps):
        if len(valeur) > LONGUEUR_CHAMP or champs.setdefault(nom, valeur) != valeur:
            raise ReponseIllisible("Un champ du résultat est trop long, ou donné deux fois.")
    if not champs.get(RESULTAT):
        return None
    montant = champs.get("montant", "")
    return Lecture(
        idop="",
        resultat=champs[RESULTAT],
        numcli=champs.get("numcli", "").zfill(6),
        refdet=champs.get("refdet", ""),
        saisie=champs.get("saisie", ""),
        montant=int(montant) if re.fullmatch(r"\d{1,11}", montant, re.ASCII) else None,
        numauto=champs.get("numauto", ""),
        date=date_de_paris(champs.get("dattrans", ""), champs.get("heurtrans", "")),
    )


def _paires(octets: bytes) -> list[tuple[str, str]]:
    """Les champs connus d'un formulaire : tous en ASCII, UTF-8 et latin-1 les disent pareil."""
    if len(octets) > TAILLE_RETOUR:
        raise ReponseIllisible("Le résultat est trop long.")
    try:
        paires = parse_qsl(octets.decode("latin-1"), encoding="latin-1", max_num_fields=CHAMPS_MAXIMUM)
    except ValueError as erreur:
        raise ReponseIllisible("Le résultat a trop de champs.") from erreur
    # PostgreSQL ne garde pas d'octet nul.
    return [(nom.lower(), valeur.replace("\0", "").strip()) for nom, valeur in paires if nom.lower() in LUS]
