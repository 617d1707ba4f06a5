"""L'ouvrier et le guet : une tâche échouée ou perdue est reprise, une tâche empoisonnée s'arrête et se voit."""

import signal
from datetime import timedelta

import pytest
import time_machine
from django.db import OperationalError, connection
from django.utils import timezone
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from portail import ouvrier as module
from portail import registre, reprises, sante
from portail.models import Journal
from portail.registre import Periodique, declarer
from portail.reprises import PRISES, SILENCE_SECONDES, Guet, reprendre
from portail.taches import inertie, lancer, progresser
from tests.portail import outils_taches
from tests.portail.outils_taches import attendre, maintenant_tout_est_du, ouvrier, vider

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]
TACHES = "tests.portail.outils_taches"


def tache() -> DBTaskResult:
    return DBTaskResult.objects.get()


def prise_par(*ouvriers: str) -> DBTaskResult:
    """Une tâche que le dernier de ces ouvriers a prise, et dont on ne sait plus rien."""
    lancer(f"{TACHES}.reussir")
    DBTaskResult.objects.update(status="RUNNING", worker_ids=list(ouvriers), started_at=timezone.now())
    return tache()


# Les échecs.


def test_une_tache_qui_echoue_est_reprise_de_plus_en_plus_tard_puis_abandonnee(caplog):
    lancer(f"{TACHES}.echouer")
    attentes = []
    for _ in range(PRISES):
        avant = timezone.now()
        vider()
        attentes.append((tache().status, (tache().run_after - avant).total_seconds() // 10 * 10))
        maintenant_tout_est_du()
    assert attentes[:-1] == [("READY", 10), ("READY", 50), ("READY", 250), ("READY", 1250)]
    assert tache().status == "FAILED"
    assert [m for m in caplog.messages if "abandonnée" in m] == [
        f"Tâche {tache().pk} {TACHES}.echouer abandonnée : builtins.ZeroDivisionError, après 5 prises."
    ]
    fait = Journal.objects.get(action="tache.abandonnee")
    assert (fait.identifiant, fait.correlation) == (str(tache().pk), str(tache().pk))
    assert "secret" not in str(fait.apres)


def test_une_tache_abandonnee_ne_rend_pas_l_installation_indisponible(caplog):
    lancer(f"{TACHES}.echouer")
    for _ in range(PRISES):
        vider()
        maintenant_tout_est_du()
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        assert sante.file_d_attente()


def test_une_reprise_qui_attend_son_heure_n_est_pas_un_retard(caplog):
    lancer(f"{TACHES}.echouer")
    DBTaskResult.objects.update(worker_ids=["a", "b", "c"])
    vider()
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert sante.file_d_attente()


def test_une_tache_periodique_echouee_n_est_pas_reprise_la_suivante_la_refera(monkeypatch, caplog):
    monkeypatch.setattr(registre, "_periodiques", {})
    declarer(Periodique(f"{TACHES}.echouer", lambda: 60))
    lancer(f"{TACHES}.echouer")
    vider()
    assert tache().status == "FAILED"
    assert not Journal.objects.exists()


def test_une_tache_reussie_ne_garde_rien_de_son_echec(caplog):
    lancer(f"{TACHES}.echouer")
    vider()
    maintenant_tout_est_du()
    DBTaskResult.objects.update(task_path=f"{TACHES}.reussir")
    vider()
    assert (tache().status, tache().traceback, len(tache().worker_ids)) == ("SUCCESSFUL", "", 2)


def test_un_fait_note_par_une_tache_porte_son_numero():
    lancer(f"{TACHES}.reussir")
    vider()
    assert Journal.objects.get().correlation == str(tache().pk)


def test_une_base_qui_redemarre_n_arrete_pas_l_ouvrier(monkeypatch, caplog):
    essais = []

    def tomber(_ouvrier):
        essais.append(1)
        if len(essais) < 3:
            raise OperationalError("la base redémarre")

    monkeypatch.setattr(Worker, "run", tomber)
    monkeypatch.setattr(module, "ATTENTE_SECONDES", 0)
    monkeypatch.setattr(module, "close_old_connections", lambda: None)
    vider()
    assert (len(essais), caplog.messages) == (3, ["L'ouvrier attend la base."] * 2)


# Le guet.


def test_une_tache_dont_l_ouvrier_se_tait_est_reprise_en_moins_de_deux_minutes(caplog):
    prise_par("mort")
    guet = Guet()
    for instant in (0, 50, SILENCE_SECONDES - 1):
        guet.tour(instant)
        assert tache().status == "RUNNING"
    guet.tour(SILENCE_SECONDES + reprises.TOUR_SECONDES)
    assert tache().status == "READY"
    maintenant_tout_est_du()
    vider()
    assert tache().status == "SUCCESSFUL"


def test_un_signe_de_vie_suffit_a_garder_sa_tache():
    prise_par("vivant")
    guet = Guet()
    for instant in range(0, 600, 60):
        guet.tour(instant)
        DBTaskResult.objects.update(started_at=timezone.now())
    assert tache().status == "RUNNING"


@pytest.mark.parametrize("saut", [timedelta(hours=-1), timedelta(hours=1), timedelta(days=3650)])
def test_une_horloge_qui_saute_ne_fait_perdre_aucune_tache(saut):
    prise_par("vivant")
    guet = Guet()
    guet.tour(0)
    with time_machine.travel(timezone.now() + saut, tick=False):
        guet.tour(30)
        guet.tour(80)
        assert tache().status == "RUNNING"
        guet.tour(SILENCE_SECONDES + 10)
    assert tache().status == "READY"


def test_le_guet_ne_lit_pas_la_base_a_chaque_demi_seconde(django_assert_num_queries):
    guet = Guet()
    with django_assert_num_queries(1):
        for demi in range(19):
            guet.tour(demi / 2)


def test_une_tache_finie_entre_temps_le_reste():
    lue = prise_par("mort")
    DBTaskResult.objects.update(status="SUCCESSFUL")
    assert not reprendre(lue, cause="ouvrier disparu")
    assert tache().status == "SUCCESSFUL"


def test_deux_guets_ne_reprennent_qu_une_fois(caplog):
    prise_par("mort")
    guets = [Guet(), Guet()]
    for instant in (0, SILENCE_SECONDES + 10):
        for guet in guets:
            guet.tour(instant)
    assert len([m for m in caplog.messages if "prise 1 sur 5" in m]) == 1


@pytest.mark.parametrize(("prises", "etat"), [(PRISES - 1, "READY"), (PRISES, "FAILED")])
def test_une_tache_qui_tue_ses_ouvriers_n_en_tue_pas_plus_de_cinq(prises, etat, caplog):
    reprendre(prise_par(*"abcdef"[:prises]), cause="ouvrier disparu")
    assert tache().status == etat
    assert Journal.objects.filter(action="tache.abandonnee").count() == (etat == "FAILED")


# Le pouls.


def test_progresser_remet_l_inertie_a_zero():
    progresser()
    assert inertie() < 1


@pytest.mark.django_db(transaction=True)
def test_le_pouls_bat_pendant_une_tache_longue(monkeypatch):
    monkeypatch.setattr(module, "BATTEMENT_SECONDES", 0.02)
    lancer(f"{TACHES}.durer")
    vider()
    assert tache().status == "SUCCESSFUL"


@pytest.mark.django_db(transaction=True)
def test_un_pouls_ne_signe_pas_la_tache_d_un_autre():
    lue = prise_par("moi")
    DBTaskResult.objects.update(worker_ids=["moi", "autre"])
    module._signer(lue)
    assert tache().started_at == lue.started_at


def test_un_signe_de_vie_impossible_n_arrete_pas_la_tache(monkeypatch, caplog):
    def refuser(*_arguments, **_champs):
        raise OperationalError("verrouillée")

    lue = prise_par("moi")
    monkeypatch.setattr(type(DBTaskResult.objects.all()), "update", refuser)
    monkeypatch.setattr(module.connection, "close", lambda: None)
    module._signer(lue)
    assert caplog.messages == [f"Tâche {lue.pk} : signe de vie non écrit."]


# De vrais processus.


@pytest.mark.django_db(transaction=True)
def test_un_ouvrier_bloque_se_tue_et_sa_tache_est_reprise(caplog):
    lancer(f"{TACHES}.se_bloquer")
    vite = "from portail import ouvrier; ouvrier.BATTEMENT_SECONDES = 0.05; ouvrier.INERTIE_SECONDES = 0.3"
    with ouvrier(prealable=vite) as processus:
        assert processus.wait(30) == -signal.SIGKILL
        assert "bloquée : l'ouvrier se tue." in processus.stderr.read()
    assert tache().status == "RUNNING"
    guet = Guet()
    guet.tour(0)
    guet.tour(SILENCE_SECONDES)
    assert tache().status == "READY"


@pytest.mark.django_db(transaction=True)
def test_une_tache_empoisonnee_tue_cinq_ouvriers_et_pas_un_de_plus(caplog):
    lancer(f"{TACHES}.tuer")
    for prise in range(1, PRISES + 1):
        with ouvrier() as processus:
            assert processus.wait(30) == -signal.SIGKILL
        guet = Guet()
        guet.tour(0)
        guet.tour(SILENCE_SECONDES)
        assert tache().status == ("READY" if prise < PRISES else "FAILED")
        maintenant_tout_est_du()
    with ouvrier("--vider") as processus:
        assert processus.wait(30) == 0


@pytest.mark.django_db(transaction=True)
def test_sigterm_laisse_finir_la_tache_en_cours():
    lancer(f"{TACHES}.durer")
    with ouvrier(prealable="from portail import ouvrier; ouvrier.BATTEMENT_SECONDES = 1.0") as processus:
        attendre(lambda: tache().status == "RUNNING")
        processus.send_signal(signal.SIGTERM)
        assert processus.wait(30) == 0
    assert tache().status == "SUCCESSFUL"


def test_la_base_est_celle_du_test():
    assert connection.settings_dict["NAME"] in outils_taches.url_de_la_base()
