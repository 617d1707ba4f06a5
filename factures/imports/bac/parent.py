"""Qui lance les processus du bac, leur parle, et dit en français pourquoi l'un d'eux est mort."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, BinaryIO, NamedTuple, Self

from factures.imports.bac.enfant import SANS_MEMOIRE
from factures.imports.bac.trames import OCTETS_MAXIMUM, TETE, dire
from factures.imports.documents import DocumentRefuse
from factures.imports.lignes import Ligne, Rejet
from factures.imports.rangees import OBLIGATOIRES, FichierRefuse

RACINE = Path(__file__).resolve().parents[3]
MEMOIRE = 512 << 20
CPU_SECONDES = 1800  # un million de lignes d'un classeur en prend le tiers
SILENCE_SECONDES = 100.0  # moins que ce que l'ouvrier tolère d'une tâche sans progrès
SILENCE_PAR_PIECE = 30.0
PIECES_FATALES = 5
LIGNES_MONTREES = 20

MORTS = {
    "memoire": f"Ce fichier, une fois ouvert, demande plus de mémoire que les {MEMOIRE >> 20} Mio permis.",
    "temps": "Ce fichier demande trop de temps pour être lu.",
    "brutale": "La lecture de ce fichier s'est arrêtée brutalement : il est abîmé, ou fait pour nuire.",
}


class BacMort(FichierRefuse):
    """Le processus est mort en lisant ; la phrase dit de quoi."""


def demarrer(module: str, reglages: dict[str, Any], descripteurs: list[int]) -> "subprocess.Popen[bytes]":
    """Le processus qui servira ``module`` : ces fichiers ouverts, et rien de notre environnement."""
    bornes = {"memoire": MEMOIRE, "cpu": CPU_SECONDES, **reglages}
    return subprocess.Popen(  # noqa: S603  # notre Python, notre module, des réglages en JSON
        [sys.executable, "-m", f"factures.imports.bac.{module}", json.dumps(bornes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=descripteurs,
        cwd=RACINE,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
    )


class Bac:
    """Un processus du bac, et la conversation avec lui ; ``reglages`` : ce qu'il lit sur sa ligne de commande."""

    def __init__(self, module: str, reglages: dict[str, Any], *fichiers: BinaryIO, silence: float) -> None:
        self._silence, self._tampon = silence, bytearray()
        self._processus = demarrer(module, reglages, [fichier.fileno() for fichier in fichiers])

    def dire(self, message: dict[str, Any]) -> None:
        """Lui envoie un message."""
        assert self._processus.stdin is not None  # noqa: S101  # pour le typage
        try:
            dire(self._processus.stdin, message)
        except BrokenPipeError:
            raise self._mort() from None

    def entendre(self) -> dict[str, Any]:
        """Sa réponse ; ``FichierRefuse`` avec sa phrase s'il refuse, ``BacMort`` s'il en est mort."""
        message: dict[str, Any] = json.loads(self.octets())
        if "refus" in message:
            raise FichierRefuse(message["refus"])
        return message

    def octets(self) -> bytes:
        """Une trame brute."""
        taille = TETE.unpack(self._exactement(TETE.size))[0]
        if taille > OCTETS_MAXIMUM:
            raise BacMort(MORTS["memoire"])
        return self._exactement(taille)

    def _exactement(self, combien: int) -> bytes:
        assert self._processus.stdout is not None  # noqa: S101  # pour le typage
        descripteur = self._processus.stdout.fileno()
        while len(self._tampon) < combien:
            if not select.select([descripteur], [], [], self._silence)[0]:
                raise BacMort(MORTS["temps"])
            morceau = os.read(descripteur, 1 << 20)
            if not morceau:
                raise self._mort()
            self._tampon += morceau
        pris = bytes(self._tampon[:combien])
        del self._tampon[:combien]
        return pris

    def _mort(self) -> BacMort:
        with suppress(subprocess.TimeoutExpired):
            self._processus.wait(self._silence)
        causes = {SANS_MEMOIRE: "memoire", -signal.SIGKILL: "memoire", -signal.SIGXCPU: "temps"}
        return BacMort(MORTS[causes.get(self._processus.returncode, "brutale")])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _genre: type[BaseException] | None, _erreur: object, _trace: TracebackType | None) -> None:
        """Fini ou non, il ne nous survit pas."""
        self._processus.kill()
        with suppress(BrokenPipeError):  # ce qu'il n'a pas lu
            self._processus.communicate()


@dataclass(frozen=True)
class Entete:
    """``titres`` : ceux du tableau, vide pour un format qui n'en a pas ; ``lignes`` : les premières, telles quelles."""

    format: str
    titres: list[str]
    lignes: list[list[str]]


@dataclass(frozen=True)
class Convention:
    """Comment lire le fichier : sous quelles colonnes, et ce qu'un agent en a corrigé (par numéro de ligne)."""

    correspondance: dict[str, str] = field(default_factory=dict)
    constantes: dict[str, str] = field(default_factory=dict)
    corrections: dict[int, dict[str, str]] = field(default_factory=dict)
    obligatoires: tuple[str, ...] = OBLIGATOIRES
    brut: bool = False  # les cellules seules, sans chercher à les comprendre


class Comprise(NamedTuple):
    """Une ligne du fichier : ce qu'elle dit, ou ce qui ne va pas et ses cellules telles que lues."""

    numero: int
    ligne: Ligne | None
    rejets: tuple[Rejet, ...] = ()
    cellules: Mapping[str, str] = MappingProxyType({})


class Lecture:
    """Un fichier de factures en train d'être lu dans le bac."""

    def __init__(self, bac: Bac) -> None:
        self._bac, self.part = bac, 0
        self.non_dits: dict[str, int] = {}
        self.entete = Entete(**bac.entendre()["entete"])

    def lignes(self, convention: Convention, *, depuis: int = 0) -> Iterator[Comprise]:
        """Celles d'après la ligne ``depuis``, une fois ; ``part`` avance de 0 à 100, puis ``non_dits`` est connu."""
        self._bac.dire({**asdict(convention), "depuis": depuis})
        while "fin" not in (message := self._bac.entendre()):
            self.part = message["part"]
            yield from (_comprise(*ligne) for ligne in message["lignes"])
        self.part, self.non_dits = 100, message["non_dits"]


def _comprise(numero: int, valeurs: list[Any] | None, cellules: Any = None, defauts: Any = ()) -> Comprise:
    if valeurs is not None:
        return Comprise(numero, Ligne.depuis_json(valeurs))
    return Comprise(numero, None, tuple(Rejet(numero, *defaut) for defaut in defauts), cellules)


def ouvrir_lecture(fichier: BinaryIO, format_connu: str = "", *, lignes: int = LIGNES_MONTREES) -> tuple[Bac, Lecture]:
    """Le processus, à fermer par l'appelant, et ce qu'il a lu de l'en-tête."""
    reglages = {"fichier": fichier.fileno(), "format": format_connu, "lignes": lignes}
    bac = Bac("lecture", reglages, fichier, silence=SILENCE_SECONDES)
    try:
        return bac, Lecture(bac)
    except BaseException:
        bac.__exit__(None, None, None)
        raise


class Pieces:
    """Les documents d'un lot, vérifiés dans le bac ; un PDF qui le tue ne coûte que sa ligne."""

    def __init__(self, fichier: BinaryIO, *, motif: str, extraire: BinaryIO | None = None) -> None:
        self._fichiers = [fichier] if extraire is None else [fichier, extraire]
        self._reglages = {
            "fichier": fichier.fileno(),
            "extraire": extraire.fileno() if extraire else 0,
            "motif": motif,
        }
        self._bac: Bac | None = None
        self._mortes = 0

    def pour(self, ligne: dict[str, str]) -> tuple[str, bytes, bool]:
        """Le nom du document de cette ligne, son contenu, s'il est douteux ; ``DocumentRefuse`` s'il n'est pas sûr."""
        bac = self._ouvert()
        try:
            bac.dire(ligne)
            reponse = bac.entendre()
            if "refuse" in reponse:
                raise DocumentRefuse(reponse["refuse"])
            return reponse["nom"], bac.octets(), reponse["douteux"]
        except BacMort as mort:
            self.fermer()
            self._mortes += 1
            if self._mortes >= PIECES_FATALES:
                raise FichierRefuse("Trop de documents de cette archive ne peuvent pas être vérifiés.") from mort
            raise DocumentRefuse("ce PDF demande trop de temps ou de mémoire pour être vérifié.") from mort

    def orphelins(self, nommes: list[str]) -> dict[str, Any]:
        """Combien de documents rien ne nomme, et les premiers d'entre eux."""
        bac = self._ouvert()
        bac.dire({"nommes": nommes})
        return bac.entendre()

    def _ouvert(self) -> Bac:
        if self._bac is None:
            self._bac = Bac("pieces", self._reglages, *self._fichiers, silence=SILENCE_PAR_PIECE)
            self._bac.entendre()
        return self._bac

    def fermer(self) -> None:
        """Sans attendre."""
        if self._bac is not None:
            self._bac.__exit__(None, None, None)
        self._bac = None
