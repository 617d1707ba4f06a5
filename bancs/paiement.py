"""Partir payer chez un PayFiP qui met une seconde à répondre : combien par seconde, et ce qu'y perd la page liste."""

import contextlib
import http.client
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count, islice
from queue import Queue
from statistics import median, quantiles
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from bancs.charge import Connexion as Prise
from bancs.donnees import HABITANTS, courriel
from bancs.mesure import ouvrir
from bancs.navigateur import Connexion, obtenir
from bancs.pages import LISTE
from bancs.releve import mesurer_le_releve
from bancs.serveur import secondes_cpu, serveur
from factures.models import Facture
from paiement_tipi.simulateur.serveur import creer_serveur

LATENCE_SECONDES = 1.0
PAR_SECONDE = 6  # un peu plus que les cinq promis
TOURS, SECONDES = 4, 5.0
LECTURE_SECONDES = 0.4
A_LA_FOIS = 24  # personnes qui cliquent sans cesse, pour voir ce qui passe au plus
PERSONNES = 260


@dataclass
class Departs:
    """Ce qu'ont reçu ceux qui partaient : le statut et la durée de chacun."""

    issues: list[tuple[int, float]] = field(default_factory=list)
    secondes: float = 0.0

    def figures(self) -> dict[str, float]:
        """Partis par seconde, part refusée, et l'attente de ceux qui sont partis."""
        statuts = Counter(statut for statut, _ in self.issues)
        partis = [duree for statut, duree in self.issues if statut == HTTPStatus.SEE_OTHER]
        assert set(statuts) <= {HTTPStatus.SEE_OTHER, HTTPStatus.SERVICE_UNAVAILABLE}, statuts
        return {
            "departs_s": len(partis) / self.secondes,
            "part_refusee": 1 - len(partis) / len(self.issues),
            **_durees(partis),
        }


def mesurer_le_paiement() -> dict[str, dict[str, float]]:
    """Les départs au rythme promis et au plus vite, la liste seule et pendant ces départs ; puis le relevé."""
    with _payfip(LATENCE_SECONDES), serveur() as port:
        connexion = Connexion(port)
        liste = obtenir(port, LISTE, connexion.ouvrir(courriel("liste-24")))
        clics: Queue[tuple[str, str]] = Queue()
        for clic in islice(_clics(connexion), PERSONNES):
            clics.put(clic)
        figures = _figures(port, liste, clics)
    return figures | mesurer_le_releve()


@contextlib.contextmanager
def _payfip(latence: float) -> Iterator[None]:
    """Le simulateur, lent, à l'adresse que liront les serveurs lancés ensuite."""
    simulateur = creer_serveur(delai_lenteur=latence)
    simulateur.application.etat.regler({"panne": "lenteur", "notification": "jamais"})
    fil = threading.Thread(target=simulateur.serve_forever, daemon=True)
    fil.start()
    base = f"http://127.0.0.1:{simulateur.server_port}/tpa"
    os.environ |= {"PAYFIP_URL": f"{base}/services/securite", "PAYFIP_PAGE_URL": f"{base}/paiementws.web"}
    try:
        yield
    finally:
        simulateur.shutdown()
        simulateur.server_close()


def _clics(connexion: Connexion) -> Iterator[tuple[str, str]]:
    """L'adresse où payer et les cookies de personnes connectées, chacune devant une facture payable."""
    jour = timezone.localdate()
    for rang in count():
        assert rang < HABITANTS, "Il n'y a plus de facture à payer."
        siennes = Facture.objects.filter(redevable__rattachements__usager__email=courriel(rang)).avec_etat(jour)
        payable = next((facture for facture in siennes if not facture.empechement), None)
        if payable:
            yield reverse("paiement_tipi:payer", args=[payable.uuid]), connexion.ouvrir(courriel(rang))


def _figures(port: int, liste: bytes, clics: "Queue[tuple[str, str]]") -> dict[str, dict[str, float]]:
    connexions = ouvrir(port)
    ouvriers = sorted({pid for _, pid in connexions})
    prises = [prise for prise, _ in connexions[::2]]  # autant sur chaque ouvrier
    seule, pendant, promis = [], [], Departs()
    cpu = {False: 0.0, True: 0.0}
    _lire(prises, liste)
    for tour in range(TOURS):
        for avec in (tour % 2 == 0, tour % 2 == 1):
            avant = secondes_cpu(ouvriers)
            with _en_meme_temps(port, clics, promis) if avec else contextlib.nullcontext():
                (pendant if avec else seule).extend(_lire(prises, liste))
            cpu[avec] += secondes_cpu(ouvriers) - avant
    plus_vite = _au_plus_vite(port, clics)
    figures = {"liste_seule": _durees(seule), "liste_pendant": _durees(pendant)}
    for cle in ("ms_mediane", "ms_p95"):
        figures["liste_pendant"][f"rapport_{cle}"] = figures["liste_pendant"][cle] / figures["liste_seule"][cle]
    figures["departs_promis"] = promis.figures() | {"ms_cpu": 1000 * (cpu[True] - cpu[False]) / len(promis.issues)}
    return figures | {"departs_au_plus_vite": plus_vite.figures()}


def _lire(prises: list[Prise], liste: bytes) -> list[float]:
    """La durée de chaque lecture de la liste par quelques personnes tranquilles : de quoi voir ce qui les retient."""
    durees, fin = [], time.perf_counter() + SECONDES

    def lire(prise: Prise) -> None:
        while (debut := time.perf_counter()) < fin:
            prise.demander(liste, b"200")
            durees.append(time.perf_counter() - debut)
            time.sleep(max(0, LECTURE_SECONDES - durees[-1]))

    with ThreadPoolExecutor(len(prises)) as fils:
        list(fils.map(lire, prises))
    return durees


def _durees(durees: list[float]) -> dict[str, float]:
    return {"ms_mediane": 1000 * median(durees), "ms_p95": 1000 * quantiles(durees, n=20)[-1]}


@contextlib.contextmanager
def _en_meme_temps(port: int, clics: "Queue[tuple[str, str]]", departs: Departs) -> Iterator[None]:
    """Des départs au rythme promis, au hasard comme viennent les gens, jusqu'à la sortie ; les derniers comptent."""
    hasard, fini = random.Random(len(departs.issues)), threading.Event()

    def cliquer() -> None:
        while not fini.wait(hasard.expovariate(PAR_SECONDE)):
            fils.submit(_partir, port, clics, departs)

    debut = time.perf_counter()
    with ThreadPoolExecutor(64) as fils, ThreadPoolExecutor(1) as rythme:
        rythme.submit(cliquer)
        yield
        fini.set()
        departs.secondes += time.perf_counter() - debut


def _au_plus_vite(port: int, clics: "Queue[tuple[str, str]]") -> Departs:
    departs, debut = Departs(), time.perf_counter()

    def cliquer() -> None:
        while time.perf_counter() < debut + SECONDES:
            _partir(port, clics, departs)

    with ThreadPoolExecutor(A_LA_FOIS) as fils:
        for _ in range(A_LA_FOIS):
            fils.submit(cliquer)
    departs.secondes = time.perf_counter() - debut
    return departs


def _partir(port: int, clics: "Queue[tuple[str, str]]", departs: Departs) -> None:
    """Un clic sur « Payer », d'une connexion neuve ; qui est refusé recommencera."""
    chemin, cookies = clics.get_nowait()
    jeton = dict(cookie.split("=", 1) for cookie in cookies.split("; "))[settings.CSRF_COOKIE_NAME]
    entetes = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
    debut = time.perf_counter()
    prise = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(prise):
        prise.request("POST", chemin, urlencode({"csrfmiddlewaretoken": jeton}), entetes)
        statut = prise.getresponse().status
    departs.issues.append((statut, time.perf_counter() - debut))
    if statut == HTTPStatus.SERVICE_UNAVAILABLE:
        clics.put((chemin, cookies))
