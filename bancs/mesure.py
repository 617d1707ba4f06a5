"""Mesurer des sujets à tour de rôle, pour que les humeurs de la machine les touchent tous."""

import gc
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle

from bancs import serveur
from bancs.charge import Connexion, Tranche, charger

CONNEXIONS = 8
PART_SEULE = 0.3  # du temps d'une tranche, avec une seule connexion


@dataclass
class Sujet:
    """Ce qu'on demande, à quel serveur, ce qu'on doit recevoir, et ce qu'on a mesuré."""

    nom: str
    port: int
    requetes: Iterator[bytes]
    attendu: bytes = b"200"
    charges: list[Tranche] = field(default_factory=list)
    seules: list[Tranche] = field(default_factory=list)
    cpu: float = 0.0
    cpu_base: float = 0.0

    @classmethod
    def page(cls, nom: str, port: int, requete: bytes) -> "Sujet":
        """La même page, encore et encore."""
        return cls(nom, port, cycle([requete]))

    @property
    def req_s(self) -> float:
        """Réponses par seconde, sur toutes les tranches."""
        return sum(len(tranche.durees) for tranche in self.charges) / sum(tranche.secondes for tranche in self.charges)

    def figures(self) -> dict[str, float]:
        """Débit, durées (avec toutes les connexions, puis une seule) et processeur pris par requête."""
        durees = [duree for tranche in self.charges for duree in tranche.durees]
        demandes = len(durees) + sum(len(tranche.durees) for tranche in self.seules)
        generateur = sum(tranche.secondes_generateur for tranche in self.charges)
        return {
            "req_s": self.req_s,
            "ms_mediane": 1000 * statistics.median(durees),
            "ms_p95": 1000 * statistics.quantiles(durees, n=20)[-1],
            "ms_seul": 1000 * statistics.median(duree for tranche in self.seules for duree in tranche.durees),
            "ms_cpu": 1000 * self.cpu / demandes,
            "ms_cpu_base": 1000 * self.cpu_base / demandes,
            "ms_cpu_generateur": 1000 * generateur / len(durees),
            "requetes_mesurees": demandes,
        }


def mesurer(sujets: list[Sujet], *, tours: int, secondes: float) -> dict[str, float]:
    """Remplit les ``sujets`` ; la mémoire du plus gros ouvrier à la fin."""
    bancs = {port: Banc.ouvrir(port) for port in {sujet.port for sujet in sujets}}
    for sujet in sujets:
        charger(bancs[sujet.port].prises, sujet.requetes, attendu=sujet.attendu, secondes=secondes / 2)
    gc.collect()
    gc.disable()  # une pause du générateur se lirait comme une lenteur du serveur
    try:
        for tour in range(tours):
            for sujet in sujets if tour % 2 else reversed(sujets):
                _tranche(bancs[sujet.port], sujet, secondes=secondes)
    finally:
        gc.enable()
        for banc in bancs.values():
            banc.fermer()
    return {"rss_mo": max(serveur.memoire_mo(pid) for banc in bancs.values() for pid in banc.ouvriers)}


@dataclass(frozen=True)
class Banc:
    """Les connexions ouvertes vers un serveur, et ses ouvriers."""

    prises: list[Connexion]
    ouvriers: list[int]

    @classmethod
    def ouvrir(cls, port: int) -> "Banc":
        """Autant de connexions vers chacun de ses ouvriers."""
        connexions = ouvrir(port)
        return cls([connexion for connexion, _ in connexions], sorted({pid for _, pid in connexions}))

    def fermer(self) -> None:
        """Ferme les connexions."""
        for prise in self.prises:
            prise.prise.close()


def ouvrir(port: int) -> list[tuple[Connexion, int]]:
    """Des connexions réparties également : un ouvrier qui en aurait davantage serait seul mesuré."""
    requete = f"GET /bancs/ouvrier/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    par_ouvrier: dict[int, list[Connexion]] = {}
    while sum(map(len, par_ouvrier.values())) < CONNEXIONS:
        connexion = Connexion.ouvrir(port)
        choisies = par_ouvrier.setdefault(int(connexion.demander(requete, b"200")), [])
        if len(choisies) < CONNEXIONS // serveur.OUVRIERS:
            choisies.append(connexion)
        else:
            connexion.prise.close()
    return [(connexion, pid) for pid, connexions in par_ouvrier.items() for connexion in connexions]


def _tranche(banc: Banc, sujet: Sujet, *, secondes: float) -> None:
    bases, prises, ouvriers = serveur.bases(), banc.prises, banc.ouvriers
    avant, base_avant = serveur.secondes_cpu(ouvriers), serveur.secondes_cpu(bases)
    sujet.charges.append(charger(prises, sujet.requetes, attendu=sujet.attendu, secondes=secondes))
    seule = charger(prises[:1], sujet.requetes, attendu=sujet.attendu, secondes=secondes * PART_SEULE)
    sujet.seules.append(seule)
    sujet.cpu += serveur.secondes_cpu(ouvriers) - avant
    sujet.cpu_base += serveur.secondes_cpu(bases) - base_avant
