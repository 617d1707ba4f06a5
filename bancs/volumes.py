"""Les mêmes pages des mêmes personnes dans trois bases, de mille à un million de factures, mesurées tour à tour."""

import contextlib
import os
import time
from collections.abc import Iterator
from io import StringIO
from urllib.parse import urlsplit

from django.core.management import call_command
from django.db import connection

from bancs import donnees
from bancs.gestion import mesurer_la_gestion
from bancs.mesure import Sujet, mesurer
from bancs.navigateur import Connexion, obtenir
from bancs.pages import HABITANTE, LISTE, chemin_de_la_facture
from bancs.serveur import serveur
from factures.etats import Nature, Statut
from factures.models import Facture
from factures.services import tenir_le_bilan
from factures.services.peuplement import peupler
from paiement_tipi.management.demo import MOT_DE_PASSE
from portail.models import Collectivite

AGENT = "agent@demo.example"
VOLUMES = (1_000, 121_200, 1_000_000)
HABITANTS, FACTURES = 20, 24  # qui se connectent ; que possède la personne dont on lit l'accueil et la liste
TOURS, SECONDES = 8, 0.4
SANS_TENTATIVE = {"statut": Statut.PUBLIEE, "nature": Nature.FACTURE, "parts": None}


def mesurer_les_volumes() -> dict[str, dict[str, float]]:
    """Les figures de chaque page dans chaque base, de ``volumes`` (la moins plate) et de ``peupler``."""
    with contextlib.ExitStack() as fin:
        noms = [f"{connection.settings_dict['NAME']}_{volume}" for volume in VOLUMES]
        fin.callback(_effacer, noms)
        debit, bilan = _construire(noms)
        ports = [fin.enter_context(serveur(_adresse(nom))) for nom in noms]
        sujets = [
            sujet
            for volume, nom, port in zip(VOLUMES, noms, ports, strict=True)
            for sujet in _sujets(port, nom, volume)
        ]
        communes = mesurer(sujets, tours=TOURS, secondes=SECONDES)
        with _dans(noms[-1]):
            de_l_agent = mesurer_la_gestion(ports[-1])
    figures = {sujet.nom: sujet.figures() | communes for sujet in sujets}
    for nom, figure in figures.items():
        petite = figures[f"{nom.rpartition('_')[0]}_{VOLUMES[0]}"]
        figure["rapport_petite_base"] = _processeur(figure) / _processeur(petite)
    # L'accueil de la gestion lit des jours : il y en a davantage dans une grande base, et ils se mesurent à part.
    suivies = {nom: figure for nom, figure in figures.items() if not nom.startswith("gestion_")}
    grandes = [figure for nom, figure in suivies.items() if not nom.endswith(f"_{VOLUMES[0]}")]
    pire = max(grandes, key=lambda figure: figure["rapport_petite_base"])
    return figures | de_l_agent | {"volumes": pire, "peupler": {"factures_s": debit}, "bilan": {"secondes": bilan}}


def _processeur(figure: dict[str, float]) -> float:
    """Ouvriers et base : ce que le bruit de la machine déplace le moins."""
    return figure["ms_cpu"] + figure["ms_cpu_base"]


def _construire(noms: list[str]) -> tuple[float, float]:
    """Chaque base part d'une copie de la précédente : les mêmes personnes y ont les mêmes factures.

    Les factures par seconde, et les secondes que prend le bilan de la plus grande.
    """
    _creer(noms[0], modele="template1")
    with _dans(noms[0]):
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        call_command("demo", stdout=StringIO())
        donnees.peupler(HABITANTS, (FACTURES,))
    for rang, (nom, volume) in enumerate(zip(noms, VOLUMES, strict=True)):
        if rang:
            _creer(nom, modele=noms[rang - 1])
        with _dans(nom):
            manquent = volume - Facture.objects.count()
            debut = time.perf_counter()
            peupler(collectivite=Collectivite.objects.get(par_defaut=True), factures=manquent)
            debit = manquent / (time.perf_counter() - debut)
            # Qui a un compte a payé en ligne, ou essayé : ces tables-là grandissent aussi.
            donnees.tenter(list(Facture.objects.filter(redevable__rattachements__isnull=False, **SANS_TENTATIVE)))
            donnees.ranger()
            debut = time.perf_counter()
            tenir_le_bilan(collectivite=Collectivite.objects.get(par_defaut=True))
            bilan = time.perf_counter() - debut
    return debit, bilan


def _sujets(port: int, base: str, volume: int) -> Iterator[Sujet]:
    """Les pages d'une personne, la facture d'une autre, et des connexions."""
    connexion = Connexion(port)
    session = connexion.ouvrir(donnees.courriel(f"liste-{FACTURES}"))
    yield Sujet.page(f"accueil_{volume}", port, obtenir(port, "/", session))
    yield Sujet.page(f"liste_{volume}", port, obtenir(port, LISTE, session))
    with _dans(base):
        chemin = chemin_de_la_facture()
    session = connexion.ouvrir(HABITANTE, MOT_DE_PASSE)
    yield Sujet.page(f"detail_{volume}", port, obtenir(port, chemin, session))
    yield Sujet.page(f"pdf_{volume}", port, obtenir(port, f"{chemin}pdf/", session))
    session = connexion.ouvrir(AGENT, MOT_DE_PASSE)
    yield Sujet.page(f"gestion_{volume}", port, obtenir(port, "/gestion/", session))
    yield Sujet(f"connexion_{volume}", port, connexion.requetes(HABITANTS), attendu=b"302")


@contextlib.contextmanager
def _dans(base: str) -> Iterator[None]:
    """Le temps d'un bloc, notre connexion va à cette autre base de la grappe."""
    habituelle = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = base
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = habituelle


def _creer(base: str, *, modele: str) -> None:
    nommer = connection.ops.quote_name
    with connection.cursor() as curseur:
        curseur.execute(f"CREATE DATABASE {nommer(base)} TEMPLATE {nommer(modele)}")


def _effacer(bases: list[str]) -> None:
    with connection.cursor() as curseur:
        for base in bases:
            curseur.execute(f"DROP DATABASE IF EXISTS {connection.ops.quote_name(base)} WITH (FORCE)")


def _adresse(base: str) -> str:
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{base}").geturl()
