"""Les processus de ``make run`` : une facture payée, l'onglet fermé, aucune notification, et personne pour aider."""

import email
import email.policy
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

RACINE = Path(__file__).resolve().parents[2]
PATIENCE_SECONDES = 60


def port_libre() -> int:
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        return prise.getsockname()[1]


@pytest.fixture(scope="module")
def portail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """Le lanceur de ``make run``, sur d'autres ports et dans un autre dossier."""
    port, port_simulateur = port_libre(), port_libre()
    env = {
        "PATH": os.environ["PATH"],
        "DONNEES": str(tmp_path_factory.mktemp("donnees")),
        "PORT": str(port),
        "PORT_SIMULATEUR": str(port_simulateur),
        "RAPPROCHEMENT_SECONDES": "2",
        "SIMULATEUR_PILOTABLE": "1",
    }
    lanceur = subprocess.Popen(
        [sys.executable, "-m", "portail.lanceur"], cwd=RACINE, env=env, stdout=subprocess.PIPE, text=True
    )
    sortie = []
    for ligne in lanceur.stdout:
        sortie.append(ligne)
        if ligne.startswith("Prêt : "):
            break
    yield SimpleNamespace(
        url=f"http://127.0.0.1:{port}",
        simulateur=f"http://127.0.0.1:{port_simulateur}",
        sortie="".join(sortie),
        courriels=Path(env["DONNEES"]) / "courriels",
    )
    lanceur.send_signal(signal.SIGTERM)
    assert lanceur.wait(timeout=20) == 0
    lanceur.stdout.close()
    for mort in (port, port_simulateur):
        with socket.socket() as prise:
            assert prise.connect_ex(("127.0.0.1", mort)) != 0, "un processus survit au lanceur"


def connecter(portail: SimpleNamespace, email: str) -> requests.Session:
    session = requests.Session()
    page = session.get(f"{portail.url}/?LIEN=M470310001")
    assert page.url == f"{portail.url}/connexion/?next=/"
    champs = {"login": email, "password": "portail-demo-2026", "csrfmiddlewaretoken": jeton(page.text)}
    accueil = session.post(page.url, data=champs)
    assert "Bienvenue sur le portail de dématérialisation" in accueil.text
    return session


def jeton(html: str) -> str:
    return re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', html)[1]


def facture_de_243_11(portail: SimpleNamespace, session: requests.Session) -> str:
    """L'adresse de la facture, prise dans la liste comme le ferait une personne."""
    liste = session.get(f"{portail.url}/factures/").text
    liens = re.findall(r'<a[^>]*href="(/factures/[0-9a-f-]{36}/)"[^>]*>(.*?)</a>', liste, re.DOTALL)
    (chemin,) = {lien for lien, texte in liens if "X0000301010000001317" in texte}
    return portail.url + chemin


def test_la_sortie_donne_les_comptes_puis_l_adresse(portail):
    assert portail.sortie.splitlines()[-1] == f"Prêt : {portail.url}/"
    assert "usager@demo.example" in portail.sortie
    assert "portail-demo-2026" in portail.sortie


def test_onglet_ferme_et_jamais_de_notification_la_facture_finit_payee_toute_seule(portail):
    requests.post(
        f"{portail.simulateur}/simulateur/etat", json={"notification": "jamais"}, timeout=5
    ).raise_for_status()
    session = connecter(portail, "usager@demo.example")
    adresse = facture_de_243_11(portail, session)
    pdf = session.get(f"{adresse}pdf/")
    assert (pdf.headers["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    confirmation = session.get(f"{adresse}payer/")
    depart = session.post(
        f"{adresse}payer/", data={"csrfmiddlewaretoken": jeton(confirmation.text)}, allow_redirects=False
    )
    assert depart.status_code == 303
    page, idop = depart.headers["Location"].split("?idop=")
    assert page == f"{portail.simulateur}/tpa/paiementws.web"
    chez_payfip = requests.Session()
    chez_payfip.get(depart.headers["Location"]).raise_for_status()
    for chemin, action in (("choix", "carte"), ("resultat", "valider")):
        donnees = {"idop": idop, "action": action}
        ticket = chez_payfip.post(f"{portail.simulateur}/tpa/{chemin}.web", data=donnees)
    assert "Retourner sur le site" in ticket.text
    fin = time.monotonic() + PATIENCE_SECONDES
    while 'data-etat="payee"' not in session.get(adresse).text:
        assert time.monotonic() < fin, "le relevé n'a pas réglé la facture"
        time.sleep(0.5)
    fin = time.monotonic() + 5
    while not (recus := list(portail.courriels.glob("*.eml"))):
        assert time.monotonic() < fin, "l'accusé de réception n'est pas parti en cinq secondes"
        time.sleep(0.1)
    [accuse] = [email.message_from_bytes(f.read_bytes(), policy=email.policy.default) for f in recus]
    assert (accuse["To"], accuse["Subject"]) == ("usager@demo.example", "Votre paiement est enregistré")
    assert adresse in accuse.get_body(("plain",)).get_content()
    journal = requests.get(f"{portail.simulateur}/simulateur/etat", timeout=5).json()
    assert journal["notifications"] == []
