"""La démonstration entière : elle répond, manage.py la voit d'à côté, elle finit sans rien laisser."""

import os
import shutil
import signal
from pathlib import Path

import pytest
import requests
from demonstration import (
    attendre_la_fin,
    attendre_le_fichier,
    attendre_les_processus,
    demarrage,
    demonstration,
    processus_de,
)

LIRE_LES_REGLAGES = "from django.conf import settings as s; print(s.DATABASES['default']['NAME'], s.PAYFIP_URL)"


@pytest.fixture(scope="module")
def donnees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Préparé une fois : le premier démarrage est le plus long."""
    dossier = tmp_path_factory.mktemp("demonstration")
    with demonstration(dossier) as demo:
        demo.processus.terminate()
        demo.processus.wait(20)
    return dossier


@pytest.mark.parametrize("signe", [signal.SIGTERM, signal.SIGINT])
def test_elle_repond_et_finit_sans_rien_laisser(donnees: Path, signe: signal.Signals) -> None:
    with demonstration(donnees) as demo:
        page = requests.get(f"{demo.adresse}/connexion/", timeout=10)
        # Le lanceur, le simulateur, le serveur et ses deux ouvriers, l'ouvrier des tâches, le planificateur.
        processus = attendre_les_processus(donnees, 7)
        vu_d_a_cote = demo.manage("shell", "--no-imports", "-c", LIRE_LES_REGLAGES)

        demo.processus.send_signal(signe)

        assert demo.processus.wait(20) == 0
        assert processus_de(donnees) == []
    assert demo.lignes[-1] == f"Prêt : {demo.adresse}/"
    assert [ligne for ligne in demo.lignes if "usager@demo.example" in ligne] != []
    assert (page.status_code, "Mot de passe" in page.text) == (200, True)
    assert len(processus) == 7
    assert vu_d_a_cote == f"{donnees}/portail.sqlite3 http://127.0.0.1:{demo.port_simulateur}/tpa/services/securite"


def test_le_serveur_tombe_est_relance_sur_le_meme_port(donnees: Path) -> None:
    with demonstration(donnees) as demo:
        maitre, *ouvriers = _serveur(donnees)

        os.kill(maitre, signal.SIGKILL)
        assert attendre_la_fin([maitre, *ouvriers]) == []

        # La prise est restée ouverte : cette demande attend le nouveau serveur, elle n'est pas refusée.
        assert requests.get(f"{demo.adresse}/connexion/", timeout=10).status_code == 200
        assert maitre not in _serveur(donnees)


def test_tuee_brutalement_elle_ne_laisse_rien(donnees: Path) -> None:
    with demonstration(donnees) as demo:
        processus = processus_de(donnees)

        demo.processus.kill()

        assert attendre_la_fin(processus) == []


@pytest.mark.parametrize("etape", ["demo.env", "portail.sqlite3", "statiques"])
def test_interrompue_pendant_le_demarrage_elle_ne_laisse_rien(tmp_path: Path, etape: str) -> None:
    with demarrage(tmp_path) as demo:
        attendre_le_fichier(tmp_path / etape)

        demo.processus.terminate()

        assert demo.processus.wait(20) == 0
        assert processus_de(tmp_path) == []


def test_deux_demonstrations_tournent_cote_a_cote(donnees: Path, tmp_path: Path) -> None:
    ailleurs = tmp_path / "ailleurs"
    shutil.copytree(donnees, ailleurs, ignore=shutil.ignore_patterns(".verrou"))  # déjà préparé
    with demonstration(donnees) as une, demonstration(ailleurs) as autre:
        codes = [requests.get(f"{demo.adresse}/connexion/", timeout=10).status_code for demo in (une, autre)]

    assert codes == [200, 200]


def _serveur(donnees: Path) -> list[int]:
    """Les processus de gunicorn, le maître en premier."""
    return sorted(n for n in processus_de(donnees) if "gunicorn" in Path(f"/proc/{n}/cmdline").read_text("utf-8"))
