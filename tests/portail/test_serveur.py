"""Le vrai gunicorn, avec une base arrêtée : chaque refus est un 4xx, chaque panne une page, chaque accès une ligne."""

import http.client
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from portail.lanceur.__main__ import SERVEUR

RACINE = Path(__file__).resolve().parents[2]
UN_MEGA = 1024 * 1024


@pytest.fixture(scope="module")
def serveur(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """``port``, et ``traces`` : ce que le serveur a écrit."""
    dossier = tmp_path_factory.mktemp("serveur")
    with socket.create_server(("127.0.0.1", 0)) as prise, (dossier / "traces").open("wb") as traces:
        environnement = {
            "DJANGO_SETTINGS_MODULE": "portail.settings_test",  # des statiques sans manifeste
            "HOTES_PARTAGES": "127.0.0.1",
            "DONNEES": str(dossier),
            "DATABASE_URL": "postgresql://role-du-site@127.0.0.1:1/rien?connect_timeout=2",
        }
        commande = (sys.executable, "-m", *SERVEUR, "--access-logfile", "-", "--bind", f"fd://{prise.fileno()}")
        processus = subprocess.Popen(
            commande, cwd=RACINE, env=environnement, pass_fds=(prise.fileno(),), stdout=traces, stderr=traces
        )
        port = prise.getsockname()[1]
        try:
            attendre(lambda: demander(port, "/sante/vivant").status == 200)
            yield SimpleNamespace(port=port, traces=lambda: (dossier / "traces").read_text("utf-8"))
        finally:
            processus.terminate()
            processus.wait(30)


def attendre(condition) -> None:
    limite = time.monotonic() + 30
    while time.monotonic() < limite:
        with suppress(OSError, http.client.HTTPException):
            if condition():
                return
        time.sleep(0.05)
    pytest.fail("Le serveur ne répond pas.")


def demander(port: int, chemin: str, methode: str = "GET", **entetes: str) -> SimpleNamespace:
    """Le statut, les en-têtes et le texte."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connexion:
        connexion.request(methode, chemin, headers=entetes)
        reponse = connexion.getresponse()
        return SimpleNamespace(status=reponse.status, headers=reponse.headers, texte=reponse.read().decode())


def envoyer(port: int, *morceaux: bytes) -> int:
    """Le statut d'une requête écrite à la main, que le serveur peut refuser avant sa fin."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as prise:
        with suppress(ConnectionError):
            for morceau in morceaux:
                prise.sendall(morceau)
        with suppress(ConnectionError):
            return int(prise.recv(64).split()[1])
        return 0  # coupée net : rien n'a été traité


@pytest.mark.parametrize("chemin", ["/", "/connexion/", "/factures/", "/gestion/", "/paiement/retour/x/"])
def test_base_arretee_chaque_page_est_une_panne_propre(serveur, chemin):
    reponse = demander(serveur.port, chemin)
    reference = re.search(r"<strong>([0-9a-f]{8})</strong>", reponse.texte)
    assert (reponse.status, "La panne vient de nous" in reponse.texte) == (503, True)
    assert "default-src 'none'" in reponse.headers["Content-Security-Policy"]
    assert (reponse.headers["Cache-Control"], reponse.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert [mot for mot in ("Traceback", "psycopg", "role-du-site", "OperationalError") if mot in reponse.texte] == []
    assert reference is not None
    assert f"ERROR {reference[1]} django.request" in serveur.traces()


def test_base_arretee_les_sondes_le_disent(serveur):
    assert demander(serveur.port, "/sante/vivant").status == 200
    assert demander(serveur.port, "/sante/pret").status == 503


@pytest.mark.parametrize("notification", ["idop=11111111-1111-4111-8111-111111111111", ""])
def test_base_arretee_payfip_recoit_une_panne_et_non_un_accuse(serveur, notification):
    corps = notification.encode()
    entete = b"POST /paiement/notification/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n" % len(corps)
    forme = b"Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n"
    assert envoyer(serveur.port, entete, forme, corps) == 503


DEBUT = b"GET /sante/vivant HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
DEMESUREES = {
    "cookie de 10 Mo": (DEBUT, b"Cookie: sessionid=", *[b"x" * UN_MEGA] * 10, b"\r\n\r\n"),
    "cookie de 8 191 octets": (DEBUT, b"Cookie: a=", b"x" * 8181, b"\r\n\r\n"),
    "101 en-têtes": (DEBUT, b"".join(b"X-%d: 1\r\n" % n for n in range(99)), b"\r\n"),
    "adresse de 10 Mo": (b"GET /", *[b"x" * UN_MEGA] * 10, b" HTTP/1.1\r\n\r\n"),
    "octet nul dans un en-tête": (DEBUT, b"X-A: a\0b\r\n\r\n"),
    "hôte double": (DEBUT, b"Host: evil.example\r\n\r\n"),
    "longueur double": (DEBUT, b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n"),
    "longueur illisible": (DEBUT, b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n"),
    "longueur et morceaux": (DEBUT, b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "méthode illisible": (b"G\0T / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",),
}


@pytest.mark.parametrize("morceaux", DEMESUREES.values(), ids=DEMESUREES)
def test_une_requete_demesuree_ou_ambigue_est_refusee_avant_django(serveur, morceaux):
    coupee = {0} if len(b"".join(morceaux)) > UN_MEGA else set()
    assert envoyer(serveur.port, *morceaux) in coupee | set(range(400, 500))


def test_juste_sous_la_limite_la_requete_passe(serveur):
    assert envoyer(serveur.port, DEBUT, b"Cookie: a=", b"x" * 8000, b"\r\n\r\n") == 200
    assert envoyer(serveur.port, DEBUT, b"".join(b"X-%d: 1\r\n" % n for n in range(98)), b"\r\n") == 200


def test_un_acces_est_une_ligne_sans_parametres_ni_fausse_ligne(serveur):
    marque = "acces-temoin"
    demander(
        serveur.port, f"/sante/vivant?{marque}=secret&courriel=ada@exemple.fr", Referer=f"http://x/?{marque}=secret"
    )
    demander(serveur.port, f"/sante/{marque}%0AERROR%20faux")
    attendre(lambda: f"{marque}%0AERROR%20faux 404" in serveur.traces())
    lignes = [ligne for ligne in serveur.traces().splitlines() if marque in ligne or "secret" in ligne]
    assert [ligne for ligne in lignes if "secret" in ligne or "ada@" in ligne] == []
    assert not any(ligne.startswith("ERROR") for ligne in serveur.traces().splitlines())
    demander(serveur.port, f"/p/3-SECRET/{marque}")
    attendre(lambda: " GET /p/… " in serveur.traces())
    assert "3-SECRET" not in serveur.traces()


def test_le_protocole_et_l_adresse_dits_par_un_inconnu_ne_comptent_pas(serveur):
    demander(serveur.port, "/sante/temoin-de-l-adresse", **{"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https"})
    attendre(lambda: re.search(r" 127\.0\.0\.1 GET /sante/temoin-de-l-adresse 404 ", serveur.traces()))
    assert "1.2.3.4" not in serveur.traces()
