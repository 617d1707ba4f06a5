"""``make run`` : des réglages lus strictement, un demo.env gardé, aucun processus oublié."""

import contextlib
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from demonstration import attendre_la_fin, ports_libres, vivants
from django.core.exceptions import ImproperlyConfigured

from portail.lanceur import reglages
from portail.lanceur.__main__ import reserver_le_dossier, reserver_le_port
from portail.lanceur.superviseur import Echec

RACINE = reglages.RACINE
VARIABLES = (
    "DONNEES",
    "PORT",
    "PORT_SIMULATEUR",
    "SIMULATEUR_PILOTABLE",
    "RAPPROCHEMENT_SECONDES",
    "DATABASE_URL",
)
# Un superviseur réel, sur des enfants qui écrivent leur numéro puis attendent ; argv : ce que fait le second.
SUPERVISEUR = """
import sys
from pathlib import Path
from portail.lanceur.superviseur import Enfant, Superviseur, gouverner

def dire(texte):
    return (sys.executable, "-c", f"import os, signal, subprocess, time; {texte}")

PRET = "print(os.getpid(), flush=True);"
superviseur = Superviseur(dossier=Path.cwd(), environnement={})

def conduite(tenu):
    tenu.demarrer(Enfant("L'enfant", dire(PRET + "time.sleep(60)")))
    tenu.demarrer(Enfant("L'enfant", dire(PRET + sys.argv[1])))
    tenu.veiller()

sys.exit(gouverner(conduite, superviseur))
"""
ATTENDRE = "time.sleep(60)"
AVEC_UN_ENFANT = "print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"
SOURD = "signal.signal(signal.SIGTERM, signal.SIG_IGN); print(0, flush=True); time.sleep(60)"


@pytest.fixture(autouse=True)
def environnement_vide(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for nom in VARIABLES:
        monkeypatch.delenv(nom, raising=False)
    monkeypatch.setenv("DONNEES", str(tmp_path / "donnees"))


@contextlib.contextmanager
def superviseur(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    processus = subprocess.Popen(
        [sys.executable, "-c", SUPERVISEUR, *arguments],
        cwd=RACINE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with processus:
        try:
            yield processus
        finally:
            processus.kill()


def lire_les_numeros(processus: subprocess.Popen[str], nombre: int) -> list[int]:
    assert processus.stdout is not None
    return [int(processus.stdout.readline()) for _ in range(nombre)]


def lancer(**variables: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "portail.lanceur"],
        cwd=RACINE,
        env={**os.environ, **{nom: str(valeur) for nom, valeur in variables.items()}},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_les_reglages_par_defaut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DONNEES")

    lus = reglages.lire()

    assert lus == reglages.Reglages(
        donnees=RACINE / "var",
        port=8000,
        port_simulateur=8001,
        pilotable=False,
        rapprochement_secondes=300,
        base="",
    )


@pytest.mark.parametrize(
    ("nom", "valeur", "phrase"),
    [
        ("PORT", "huit mille", "La variable PORT est un entier d'au moins 1, et non « huit mille »."),
        ("PORT", "0", "La variable PORT est un entier d'au moins 1, et non « 0 »."),
        ("PORT", "65536", "La variable PORT est un port, de 1 à 65535, et non « 65536 »."),
        ("PORT", "8001", "PORT et PORT_SIMULATEUR doivent être différents."),
        ("PORT_SIMULATEUR", "-1", "La variable PORT_SIMULATEUR est un entier d'au moins 1, et non « -1 »."),
        ("SIMULATEUR_PILOTABLE", "oui", "La variable SIMULATEUR_PILOTABLE vaut 0 ou 1, et non « oui »."),
        (
            "RAPPROCHEMENT_SECONDES",
            "2,5",
            "La variable RAPPROCHEMENT_SECONDES est un entier d'au moins 1, et non « 2,5 ».",
        ),
    ],
)
def test_une_valeur_etrange_est_refusee_par_une_phrase(
    monkeypatch: pytest.MonkeyPatch, nom: str, valeur: str, phrase: str
) -> None:
    monkeypatch.setenv(nom, valeur)

    with pytest.raises(ImproperlyConfigured) as refus:
        reglages.lire()

    assert str(refus.value) == phrase


def test_le_dernier_port_est_accepte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "65535")

    assert reglages.lire().adresse == "http://127.0.0.1:65535/"


def test_demo_env_n_est_lisible_que_de_son_proprietaire_et_garde_sa_cle(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DONNEES", str(tmp_path))
    lus = reglages.lire()
    premiere = reglages.variables(lus)
    reglages.ecrire(lus, premiere)
    monkeypatch.setenv("PORT", "9000")
    monkeypatch.setenv("DATABASE_URL", "sqlite:////tmp/ailleurs.sqlite3")
    seconde = reglages.variables(reglages.lire())

    assert stat.S_IMODE((tmp_path / "demo.env").stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [tmp_path / "demo.env"]
    assert seconde == premiere | {"PORT": "9000", "DATABASE_URL": "sqlite:////tmp/ailleurs.sqlite3"}


def test_demo_env_vise_le_simulateur(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DONNEES", str(tmp_path))
    monkeypatch.setenv("PORT_SIMULATEUR", "9001")

    nommees = reglages.variables(reglages.lire())

    assert len(nommees.pop("SECRET_KEY")) >= 50
    assert nommees == {
        "DEMO": "1",
        "DEBUG": "0",
        "HOTES_PARTAGES": "127.0.0.1,localhost",
        "PORT": "8000",
        "PAYFIP_URL": "http://127.0.0.1:9001/tpa/services/securite",
        "PAYFIP_PAGE_URL": "http://127.0.0.1:9001/tpa/paiementws.web",
        "PAYFIP_PAIEMENT_URL": "http://127.0.0.1:9001/tpa/paiement.web",
        "COURRIEL_URL": "fichiers:",
        "COURRIEL_EXPEDITEUR": "portail@demo.example",
        "RAPPROCHEMENT_SECONDES": "300",
    }


def test_un_reglage_reste_dans_le_terminal_ne_vise_ni_le_vrai_payfip_ni_de_vrais_courriels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COURRIEL_URL", "smtp://exemple.fr")
    monkeypatch.setenv("PAYFIP_URL", "https://www.payfip.gouv.fr/tpa/services/securite")
    lus = reglages.lire()

    obtenu = reglages.environnement(lus, reglages.variables(lus))

    assert obtenu["PAYFIP_URL"] == "http://127.0.0.1:8001/tpa/services/securite"
    assert obtenu["COURRIEL_URL"] == "fichiers:"


def test_un_port_pris_est_dit_par_une_phrase() -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupant:
        port = occupant.getsockname()[1]

        with pytest.raises(Echec) as refus:
            reserver_le_port(port, nom="PORT")

    assert str(refus.value) == (
        f"Le port {port} est déjà pris : arrêtez le programme qui l'occupe ou donnez un autre PORT."
    )


def test_un_dossier_ne_sert_qu_a_une_demonstration(tmp_path: Path) -> None:
    verrou = reserver_le_dossier(tmp_path)
    try:
        with pytest.raises(Echec) as refus:
            reserver_le_dossier(tmp_path)
    finally:
        os.close(verrou)

    assert str(refus.value) == f"Une démonstration tourne déjà dans {tmp_path} : donnez un autre DONNEES."
    os.close(reserver_le_dossier(tmp_path))


def test_le_lanceur_sort_par_2_sur_une_valeur_etrange() -> None:
    fait = lancer(PORT="x")

    assert (fait.returncode, fait.stdout) == (2, "")
    assert fait.stderr == "La variable PORT est un entier d'au moins 1, et non « x ».\n"


def test_le_lanceur_ne_touche_a_rien_quand_un_port_est_pris(tmp_path: Path) -> None:
    port, port_simulateur = ports_libres()
    with socket.create_server(("127.0.0.1", port_simulateur)):
        fait = lancer(DONNEES=tmp_path, PORT=port, PORT_SIMULATEUR=port_simulateur)

    assert fait.returncode == 1
    assert fait.stderr.startswith(f"Le port {port_simulateur} est déjà pris")
    assert not (tmp_path / "demo.env").exists()


@pytest.mark.parametrize("signe", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_un_signal_finit_tous_les_enfants_et_leurs_propres_enfants(signe: signal.Signals) -> None:
    with superviseur(AVEC_UN_ENFANT) as processus:
        numeros = lire_les_numeros(processus, 3)

        processus.send_signal(signe)

        assert processus.wait(10) == 0
        assert attendre_la_fin(numeros) == []


def test_un_enfant_sourd_est_tue_apres_quelques_secondes() -> None:
    with superviseur(SOURD) as processus:
        numeros = lire_les_numeros(processus, 3)

        processus.terminate()

        assert processus.wait(15) == 0
        assert attendre_la_fin(numeros) == []


def test_les_enfants_ne_survivent_pas_a_la_mort_brutale_du_lanceur() -> None:
    with superviseur(ATTENDRE) as processus:
        numeros = lire_les_numeros(processus, 2)

        processus.kill()

        assert attendre_la_fin(numeros) == []


def test_un_enfant_tombe_est_relance() -> None:
    with superviseur(ATTENDRE) as processus:
        premiers = lire_les_numeros(processus, 2)
        os.kill(premiers[1], signal.SIGKILL)

        releve = lire_les_numeros(processus, 1)

        assert releve != premiers[1:]
        assert vivants([premiers[0], *releve]) == [premiers[0], *releve]
        processus.terminate()
        assert processus.communicate()[1] == "L'enfant s'est arrêté (code -9) ; il est relancé.\n"


def test_un_enfant_qui_tombe_cinq_fois_arrete_tout() -> None:
    with superviseur("raise SystemExit(3)") as processus:
        sortie, erreurs = processus.communicate(timeout=30)

        assert processus.returncode == 1
        assert erreurs.splitlines() == [
            *["L'enfant s'est arrêté (code 3) ; il est relancé."] * 4,
            "L'enfant s'est arrêté (code 3) 5 fois en moins d'une minute : tout s'arrête.",
        ]
        assert vivants([int(ligne) for ligne in sortie.split()]) == []


def test_les_exigences_de_developpement_contiennent_celles_de_production() -> None:
    production, developpement = (
        set(re.findall(r"^[a-z0-9][^ ]+==[^ ]+.*$", (RACINE / "exigences" / nom).read_text("utf-8"), re.MULTILINE))
        for nom in ("production.txt", "developpement.txt")
    )

    assert production - developpement == set()
