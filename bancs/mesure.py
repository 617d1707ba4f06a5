"""Mesurer des sujets à tour de rôle sur un même serveur, pour que les humeurs de la machine les touchent tous."""

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
    """Ce qu'on demande, ce qu'on doit recevoir, et ce qu'on a mesuré."""

    nom: str
    requetes: Iterator[bytes]
    attendu: bytes = b"200"
    charges: list[Tranche] = field(default_factory=list)
    seules: list[Tranche] = field(default_factory=list)
    cpu: float = 0.0
    cpu_base: float = 0.0

    @classmethod
    def page(cls, nom: str, requete: bytes) -> "Sujet":
        """La même page, encore et encore."""
        return cls(nom, cycle([requete]))

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


def mesurer(port: int, sujets: list[Sujet], *, tours: int, secondes: float) -> dict[str, float]:
    """Remplit les ``sujets`` ; la mémoire des ouvriers à la fin."""
    connexions = ouvrir(port)
    ouvriers = sorted({pid for _, pid in connexions})
    prises = [connexion for connexion, _ in connexions]
    for sujet in sujets:
        charger(prises, sujet.requetes, attendu=sujet.attendu, secondes=secondes / 2)
    gc.collect()
    gc.disable()  # une pause du générateur se lirait comme une lenteur du serveur
    try:
        for tour in range(tours):
            for sujet in sujets if tour % 2 else reversed(sujets):
                _tranche(prises, sujet, ouvriers=ouvriers, secondes=secondes)
    finally:
        gc.enable()
        for prise in prises:
            prise.prise.close()
    return {"rss_mo": max(map(serveur.memoire_mo, ouvriers))}


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


def _tranche(prises: list[Connexion], sujet: Sujet, *, ouvriers: list[int], secondes: float) -> None:
    bases = serveur.bases()
    avant, base_avant = serveur.secondes_cpu(ouvriers), serveur.secondes_cpu(bases)
    sujet.charges.append(charger(prises, sujet.requetes, attendu=sujet.attendu, secondes=secondes))
    seule = charger(prises[:1], sujet.requetes, attendu=sujet.attendu, secondes=secondes * PART_SEULE)
    sujet.seules.append(seule)
    sujet.cpu += serveur.secondes_cpu(ouvriers) - avant
    sujet.cpu_base += serveur.secondes_cpu(bases) - base_avant
