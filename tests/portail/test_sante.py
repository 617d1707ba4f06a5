"""Les sondes : le processus vit, l'installation est prête, et rien de plus n'est dit."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from portail import courriels, sante
from portail.taches import lancer
from tests.portail.outils_courriels import deposer

pytestmark = pytest.mark.sqlite

TOUT_VA_BIEN = {"base": True, "migrations": True, "disque": True, "file_d_attente": True}


def test_vivant_repond_sans_la_base_et_pour_n_importe_quel_hote(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        reponse = Client(HTTP_HOST="10.0.0.7:8000").get("/sante/vivant")
    assert (reponse.status_code, reponse.content) == (200, b"vivant")


def test_pret_dit_que_tout_va_bien(db):
    reponse = Client(HTTP_HOST="10.0.0.7").get("/sante/pret")
    assert (reponse.status_code, reponse.json()) == (200, TOUT_VA_BIEN)


def test_une_tache_qui_attend_depuis_plus_de_cinq_minutes_se_voit(db):
    lancer("portail.tasks.sceller_le_journal")
    lancer("portail.tasks.sceller_le_journal", dans=timedelta(minutes=10))
    for attente, prete in ((timedelta(minutes=4), True), (timedelta(minutes=6), False)):
        with time_machine.travel(timezone.now() + attente):
            reponse = Client().get("/sante/pret", headers={"host": "localhost"})
        assert reponse.json() == {**TOUT_VA_BIEN, "file_d_attente": prete}
        assert reponse.status_code == (200 if prete else 503)


def test_une_tache_differee_n_est_pas_en_retard_des_qu_elle_est_prete(db):
    lancer("portail.tasks.sceller_le_journal", dans=timedelta(minutes=10))
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert sante.file_d_attente()
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert not sante.file_d_attente()


def test_une_migration_qui_manque_se_voit(db):
    with connection.cursor() as curseur:
        curseur.execute("DELETE FROM django_migrations WHERE app = 'portail'")
    reponse = Client().get("/sante/pret", headers={"host": "localhost"})
    assert (reponse.status_code, reponse.json()) == (503, {**TOUT_VA_BIEN, "migrations": False})


def test_un_disque_plein_se_voit(db, monkeypatch):
    monkeypatch.setattr(sante, "DISQUE_MINIMAL", 10**18)
    assert sante.etat() == {**TOUT_VA_BIEN, "disque": False}


def test_une_base_muette_est_un_faux_et_non_une_erreur(monkeypatch, django_db_blocker):
    with django_db_blocker.block():
        monkeypatch.setattr(sante, "DatabaseError", RuntimeError)  # ce que lève la base bloquée des tests
        assert sante.etat() == {"base": False, "migrations": False, "disque": True, "file_d_attente": False}


def test_ce_qui_demande_de_l_attention_se_compte_sans_fermer_le_site(boe, bureau, capsys, caplog):
    bureau.humeurs = ["inconnu", "plus tard"]
    deposer(boe, "essai:1")
    deposer(boe, "essai:2")
    courriels.envoyer()
    DBTaskResult.objects.update(status="FAILED")
    with time_machine.travel(timezone.now() + timedelta(hours=1)), pytest.raises(SystemExit) as fin:
        call_command("sante")
    assert (fin.value.code, capsys.readouterr().out.splitlines()) == (
        0,
        [
            *(f"{nom} : oui" for nom in TOUT_VA_BIEN),
            "courriels_en_retard : 1",
            "courriels_morts : 1",
            "taches_abandonnees : 2",
            "paiements_sans_resultat : 0",
            "paiements_declares_oublies : 0",
            "paiements_en_anomalie : 0",
            "contrats_en_alerte : 0",
            "payfip_ne_repond_plus : 0",
        ],
    )


def test_une_installation_qui_n_est_pas_prete_le_dit_par_son_code_de_sortie(db, monkeypatch, capsys):
    monkeypatch.setattr(sante, "migrations", lambda: False)
    monkeypatch.setattr(sante.registre, "verifications", lambda: {"base": sante.base, "migrations": sante.migrations})
    with pytest.raises(SystemExit) as fin:
        call_command("sante")
    assert (fin.value.code, capsys.readouterr().out) == (1, "base : oui\nmigrations : NON\n")
