"""De vrais ouvriers tués par SIGKILL, n'importe où, devant un vrai serveur SMTP : rien de perdu, jamais deux textes."""

import random
import signal
from collections import Counter
from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from epreuves import AMPLEUR, consigner

from portail.models import Courriel
from portail.reprises import SILENCE_SECONDES, Guet
from portail.taches import lancer
from tests.portail.outils_courriels import deposer, en_tete
from tests.portail.outils_smtp import ServeurSmtp, serveur_smtp
from tests.portail.outils_taches import maintenant_tout_est_du, ouvrier

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="Deux processus sur une base : celle de production."),
]
COURRIELS, MORTS_SUBITES = 6, 4 * AMPLEUR
ETAPES = ("MAIL", "DATA", "accepté", "répondu")
SORTE = """
from portail.registre import declarer_courriel
from tests.portail.outils_courriels import SORTE
declarer_courriel(SORTE)
"""
# Tué juste après la n-ième requête SQL de l'ouvrier, au milieu d'une transaction ou entre deux.
APRES_LA_REQUETE = """
import os, signal
from itertools import count
from django.db import connection
rangs = count(1)
def compter(executer, sql, *reste):
    rendu = executer(sql, *reste)
    if next(rangs) == {rang}:
        os.kill(os.getpid(), signal.SIGKILL)
    return rendu
connection.execute_wrappers.append(compter)
"""
SANS_GARDER_LE_MESSAGE = """
from portail.courriels import envoi
def composer(courriel):
    courriel.message = envoi.rediger(courriel)
    return True
envoi._composer = composer
"""


def tuer_a(etape: str, rang: int, processus) -> Callable[[str], None]:
    vues = Counter()

    def agir(nom: str) -> None:
        vues[nom] += 1
        if (nom, vues[nom]) == (etape, rang):
            processus.kill()
            processus.wait(30)

    return agir


def tuer_un_ouvrier(serveur: ServeurSmtp, hasard: random.Random, prealable: str = "") -> bool:
    """Vrai s'il est bien mort de cela, et non d'avoir tout fini."""
    etape, rang = hasard.choice(("SQL", "SQL", *ETAPES)), hasard.randint(1, 4)
    if etape == "SQL":
        prealable += APRES_LA_REQUETE.format(rang=hasard.randint(1, 60))
    with ouvrier("--vider", prealable=SORTE + prealable, COURRIEL_URL=serveur.url) as processus:
        serveur.etape = tuer_a(etape, rang, processus)
        processus.wait(60)
    serveur.etape = lambda _nom: None
    return processus.returncode == -signal.SIGKILL


def laisser_passer_cinq_minutes() -> None:
    """Le guet reprend ce qui se tait, les baux et les pauses finissent, la période suivante commence."""
    guet = Guet()
    guet.tour(0)
    guet.tour(SILENCE_SECONDES)
    lancer("portail.tasks.envoyer_les_courriels")
    maintenant_tout_est_du()
    Courriel.objects.filter(etat="a-envoyer").update(prochain_essai=timezone.now())
    cache.clear()


def finir(serveur: ServeurSmtp) -> None:
    laisser_passer_cinq_minutes()
    with ouvrier("--vider", prealable=SORTE, COURRIEL_URL=serveur.url) as processus:
        assert processus.wait(60) == 0, processus.stderr.read()


def textes(serveur: ServeurSmtp) -> dict[str, list[bytes]]:
    recus: dict[str, list[bytes]] = {}
    for octets in serveur.recus:
        recus.setdefault(en_tete(octets, "Message-ID"), []).append(octets)
    return recus


@pytest.mark.epreuve
def test_un_ouvrier_tue_n_importe_ou_ne_perd_rien_et_ne_change_rien(boe, bureau, caplog):
    hasard, tues = random.Random(2026), 0
    with serveur_smtp() as serveur:
        for tour in range(MORTS_SUBITES):
            for rang in range(COURRIELS):
                deposer(boe, f"essai:{tour}:{rang}", a=f"p{rang}@exemple.fr")
            tues += tuer_un_ouvrier(serveur, hasard)
            laisser_passer_cinq_minutes()
        finir(serveur)
    recus = textes(serveur)
    assert set(Courriel.objects.values_list("etat", "message")) == {("envoye", None)}
    assert set(recus) == set(Courriel.objects.values_list("message_id", flat=True))
    assert {len(set(octets)) for octets in recus.values()} == {1}
    doublons = len(serveur.recus) - len(recus)
    assert 0 < tues >= doublons
    assert not DBTaskResult.objects.exclude(status__in=("SUCCESSFUL", "FAILED")).exists()
    consigner(
        "courriels-morts-subites",
        "Un ouvrier tué par SIGKILL n'importe où",
        "Tué après une requête SQL tirée au sort, ou à une étape du dialogue SMTP : tout courriel arrive, et\n"
        "celui qui arrive deux fois porte le même Message-ID et les mêmes octets.",
        courriels=len(recus),
        ouvriers_tués=tues,
        reçus_deux_fois_mêmes_octets=doublons,
        perdus=0,
        reçus_avec_deux_textes=0,
    )


def test_temoin_sans_le_message_garde_le_meme_message_id_porte_deux_textes(boe, bureau, caplog):
    deposer(boe)
    with serveur_smtp() as serveur:
        with ouvrier("--vider", prealable=SORTE + SANS_GARDER_LE_MESSAGE, COURRIEL_URL=serveur.url) as processus:
            serveur.etape = tuer_a("accepté", 1, processus)
            assert processus.wait(60) == -signal.SIGKILL
        serveur.etape = lambda _nom: None
        finir(serveur)
    [octets] = textes(serveur).values()
    assert len(set(octets)) == 2
