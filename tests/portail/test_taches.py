"""Le travail pour plus tard : lancé avec la transaction, et une seule fois par période quoi qu'il arrive."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import time_machine
from django.db import OperationalError, connection, transaction
from django_tasks_db.models import DBTaskResult

from portail import registre, taches
from portail.management.commands.planifier import Command
from portail.models import Tic
from portail.registre import Periodique, periodiques
from portail.reprises import Guet

RACINE = Path(__file__).resolve().parents[2]
RELEVE = "paiement_tipi.tasks.relever_paiements"
CONSTAT = "paiement_tipi.tasks.constater_paiement"
MIDI = 1_800_000_000  # un multiple de 3600 secondes

seulement_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="course sur PostgreSQL")


@pytest.fixture
def periode(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Le relevé pour seule tâche périodique ; sa période se change par ``periode.secondes``."""
    reglage = SimpleNamespace(secondes=300)
    monkeypatch.setattr(registre, "_periodiques", {})
    registre.declarer(Periodique(RELEVE, lambda: reglage.secondes))
    return reglage


def en_file() -> list[str]:
    return list(DBTaskResult.objects.order_by("enqueued_at").values_list("task_path", flat=True))


@pytest.mark.sqlite
@pytest.mark.django_db
def test_une_tache_lancee_est_en_file_avec_ses_arguments():
    taches.lancer(CONSTAT, paiement_id=7)
    tache = DBTaskResult.objects.get()
    assert (tache.task_path, tache.args_kwargs) == (CONSTAT, {"args": [], "kwargs": {"paiement_id": 7}})


@pytest.mark.django_db
def test_une_tache_retardee_attend_son_heure():
    with time_machine.travel(datetime(2026, 11, 23, 10, tzinfo=UTC), tick=False):
        taches.lancer(CONSTAT, dans=timedelta(minutes=2), paiement_id=7)
    assert DBTaskResult.objects.get().run_after == datetime(2026, 11, 23, 10, 2, tzinfo=UTC)


@pytest.mark.sqlite
@pytest.mark.django_db
def test_une_transaction_annulee_annule_la_tache():
    with transaction.atomic():
        taches.lancer(CONSTAT, paiement_id=7)
        transaction.set_rollback(True)
    assert en_file() == []


@pytest.mark.django_db
def test_un_nom_inconnu_est_une_erreur_tout_de_suite():
    with pytest.raises(ImportError):
        taches.lancer("paiement_tipi.tasks.inconnue")


@pytest.mark.sqlite
@pytest.mark.django_db
def test_une_tache_periodique_est_en_file_une_fois_par_periode(periode):
    rendus = [taches.planifier(MIDI + seconde) for seconde in (0, 1, 299, 300, 599, 600)]
    assert rendus == [[RELEVE], [], [], [RELEVE], [], [RELEVE]]
    assert en_file() == [RELEVE] * 3
    assert list(Tic.objects.values_list("tache", "rang")) == [(RELEVE, MIDI + 600)]


@pytest.mark.django_db
def test_l_heure_est_celle_de_l_horloge_quand_on_ne_la_donne_pas(periode):
    with time_machine.travel(MIDI + 10, tick=False):
        assert taches.planifier() == [RELEVE]
    assert Tic.objects.get().rang == MIDI


@pytest.mark.parametrize(("avant", "apres"), [(300, 2), (2, 300), (300, 3600)])
@pytest.mark.django_db
def test_changer_la_periode_ne_bloque_rien_au_dela_d_une_periode(periode, avant, apres):
    periode.secondes = avant
    taches.planifier(MIDI + avant)
    periode.secondes = apres
    assert taches.planifier(MIDI + avant + apres) == [RELEVE]


@pytest.mark.django_db
def test_une_horloge_qui_recule_ne_relance_pas_une_periode_faite(periode):
    taches.planifier(MIDI)
    assert taches.planifier(MIDI - 300) == []


@pytest.mark.django_db
def test_une_tache_impossible_a_mettre_en_file_ne_laisse_pas_de_tic(periode, monkeypatch):
    def refuser(nom):
        raise OperationalError("base pleine")

    monkeypatch.setattr(taches, "lancer", refuser)
    with pytest.raises(OperationalError):
        taches.planifier(MIDI)
    monkeypatch.undo()

    assert not Tic.objects.exists()


@contextmanager
def deux_planificateurs_ensemble(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    """Deux fils qui ont tous deux vu qu'il fallait planifier avant qu'aucun ne l'ait écrit."""
    barriere = threading.Barrier(2, timeout=20)
    rendus: list[list[str]] = []

    def atomic():
        barriere.wait()
        return transaction.atomic()

    def planifier():
        try:
            rendus.append(taches.planifier(MIDI))
        finally:
            connection.close()

    monkeypatch.setattr(taches, "transaction", SimpleNamespace(atomic=atomic))
    fils = [threading.Thread(target=planifier) for _ in range(2)]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join()
    yield sorted(rendus)


@contextmanager
def sans_cle_unique() -> Iterator[None]:
    [contrainte] = Tic._meta.constraints
    with connection.schema_editor() as editeur:
        editeur.remove_constraint(Tic, contrainte)
    try:
        yield
    finally:
        Tic.objects.all().delete()
        with connection.schema_editor() as editeur:
            editeur.add_constraint(Tic, contrainte)


@seulement_postgresql
@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_deux_planificateurs_au_meme_instant_ne_font_qu_une_tache(periode, monkeypatch):
    with deux_planificateurs_ensemble(monkeypatch) as rendus:
        assert (rendus, en_file()) == ([[], [RELEVE]], [RELEVE])


@seulement_postgresql
@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_temoin_sans_la_cle_unique_ils_en_font_deux(periode, monkeypatch):
    with sans_cle_unique(), deux_planificateurs_ensemble(monkeypatch) as rendus:
        assert (rendus, en_file()) == ([[RELEVE], [RELEVE]], [RELEVE] * 2)


def test_une_base_indisponible_n_arrete_pas_le_planificateur(monkeypatch, caplog):
    def echouer():
        raise OperationalError("la base redémarre")

    monkeypatch.setattr(taches, "planifier", echouer)
    monkeypatch.setattr("portail.management.commands.planifier.close_old_connections", lambda: None)
    Command().tour(Guet())
    assert caplog.messages == ["Planification reportée : base indisponible."]


def nombre_en_file(base: Path) -> int:
    """Les tâches différentes : la plus fréquente a pu revenir sur une machine lente."""
    try:
        with closing(sqlite3.connect(base)) as lecture:
            return lecture.execute(
                "SELECT count(DISTINCT task_path) FROM django_tasks_database_dbtaskresult"
            ).fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def attendre(condition: Callable[[], bool]) -> None:
    limite = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < limite, "trop long"
        threading.Event().wait(0.05)


def test_la_commande_attend_la_base_planifie_puis_s_arrete_au_signal(tmp_path):
    variables = {"PATH": os.environ["PATH"], "DONNEES": str(tmp_path), "SECRET_KEY": "x" * 50, "DEMO": "1"}
    manage, journal, base = [sys.executable, "manage.py"], tmp_path / "journal", tmp_path / "portail.sqlite3"
    with (
        journal.open("w") as erreurs,
        subprocess.Popen([*manage, "planifier"], cwd=RACINE, env=variables, stderr=erreurs) as processus,
    ):
        try:
            # La base n'a pas encore de tables : le planificateur s'en plaint et continue.
            attendre(lambda: "Planification reportée : base indisponible." in journal.read_text("utf-8"))
            for app in ("portail", "django_tasks_database"):  # il ne lui en faut pas plus
                subprocess.run([*manage, "migrate", app, "--verbosity", "0"], cwd=RACINE, env=variables, check=True)
            attendre(lambda: nombre_en_file(base) == len(periodiques()))
            processus.send_signal(signal.SIGTERM)
            assert processus.wait(timeout=10) == 0
        finally:
            processus.kill()
    assert nombre_en_file(base) == len(periodiques())
