"""L'adresse des liens : celle de la commune en base, jamais celle que la requête prétend (trust.md §1.3.19)."""

import socket
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, make_server

import factories
import pytest
from django.core import mail
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.test import Client

from comptes.models import Activation, Usager
from portail import courriels
from portail.models import Courriel
from tests.comptes.outils_activation import LIEN, choisir, code_de, demander, lien

pytestmark = pytest.mark.django_db

NEUVE = "neuve@exemple.fr"


@pytest.fixture
def connue(ailleurs):
    return factories.redevable(ailleurs, courriel=NEUVE, code="A-1")


def origine() -> str:
    courriels.envoyer()
    trouve = LIEN.search(mail.outbox[-1].body)
    assert trouve is not None
    return trouve[1]


@pytest.mark.sqlite
@pytest.mark.parametrize("hote", ["inconnu.exemple", "evil.example:80", "localhost.evil.example", ""])
def test_a_un_hote_inconnu_recoit_400_et_aucun_courriel_ne_part(boe, hote):
    assert demander(Client(), NEUVE, HTTP_HOST=hote).status_code == 400
    assert not Courriel.objects.exists()


def test_b_un_x_forwarded_host_n_est_cru_de_personne(connue, ailleurs):
    client = Client(HTTP_HOST=ailleurs.hotes.get().nom)
    demander(client, NEUVE, HTTP_X_FORWARDED_HOST="evil.example", HTTP_FORWARDED="host=evil.example")
    assert origine() == ailleurs.adresse


def test_c_demande_chez_une_autre_commune_elle_n_y_trouve_personne(boe, connue):
    demander(Client(HTTP_HOST="localhost"), NEUVE)
    courriels.envoyer()
    assert "/activation/" not in mail.outbox[-1].body
    assert (boe.adresse in mail.outbox[-1].body, connue.collectivite.adresse in mail.outbox[-1].body) == (True, False)


@pytest.mark.parametrize("port", ["", ":8080", ":1"])
def test_c_le_lien_porte_l_adresse_enregistree_quel_que_soit_le_port_demande(connue, ailleurs, port):
    demander(Client(HTTP_HOST=ailleurs.hotes.get().nom + port), NEUVE)
    assert origine() == ailleurs.adresse


@pytest.mark.sqlite
def test_d_un_lien_d_une_commune_est_refuse_sur_l_hote_d_une_autre(boe, connue, ailleurs):
    demander(Client(HTTP_HOST=ailleurs.hotes.get().nom), NEUVE)
    chemin, boe_dedie = lien(), boe.hotes.get().nom
    client = Client(HTTP_HOST=boe_dedie)
    assert client.get(chemin).status_code == 404
    assert Client(HTTP_HOST="localhost").get(chemin).status_code == 404  # partagé, mais pas son adresse enregistrée
    assert client.get("/activation/finir/").status_code == 404
    assert (choisir(client).status_code, Usager.objects.exists()) == (404, False)


def test_d_la_page_ouverte_chez_l_une_ne_finit_pas_chez_l_autre(boe, connue, ailleurs):
    client = Client(HTTP_HOST=ailleurs.hotes.get().nom)
    demander(client, NEUVE)
    assert client.get(lien()).status_code == 302
    envoi = {"mot_de_passe": "quatre canards verts", "confirmation": "quatre canards verts"}
    assert client.post("/activation/finir/", envoi, HTTP_HOST=boe.hotes.get().nom).status_code == 404
    assert choisir(client).status_code == 303


def test_d_un_code_d_une_commune_n_ouvre_rien_chez_une_autre(boe, connue):
    factories.redevable(boe, code="A-1")
    demander(Client(HTTP_HOST="localhost"), NEUVE, "A-1", code_de(connue))
    courriels.envoyer()
    assert mail.outbox[-1].subject == "Vos codes n'ont pas été reconnus"


@pytest.mark.parametrize("par_defaut", [True, False])
def test_sur_une_adresse_partagee_le_lien_choisit_sa_commune(boe, ailleurs, connue, par_defaut):
    """Ouvert dans un navigateur neuf, sans le cookie de la commune, qu'il y en ait une par défaut ou non."""
    type(boe).objects.filter(pk=boe.pk).update(par_defaut=par_defaut)
    type(ailleurs).objects.filter(pk=ailleurs.pk).update(adresse="http://localhost")
    demandeur = Client(HTTP_HOST="localhost")
    demandeur.get(f"/?LIEN={ailleurs.lien}")
    demander(demandeur, NEUVE)
    chemin, neuf = lien(), Client(HTTP_HOST="localhost")
    assert neuf.get(chemin).status_code == 302
    assert "Ailleurs" in neuf.get("/activation/finir/").content.decode()
    assert choisir(neuf).status_code == 303
    assert "Ailleurs" in neuf.get("/connexion/").content.decode()


@pytest.fixture
def serveur(transactional_db, boe):
    """Un vrai serveur : le client de test de Django n'écrit pas lui-même sa requête."""

    class Muet(WSGIRequestHandler):
        def log_message(self, *_):
            pass

    def servir(serveur):
        try:
            serveur.serve_forever(poll_interval=0.02)
        finally:
            connections.close_all()  # ce fil a les siennes, que PostgreSQL compterait encore après le test

    with make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Muet) as serveur:
        fil = Thread(target=servir, args=[serveur], daemon=True)
        fil.start()
        yield serveur.server_port
        serveur.shutdown()
        fil.join()


ACTIVATION = "POST /activation/ HTTP/1.1"


@pytest.mark.parametrize(
    ("ligne", "hotes", "statuts"),
    [
        (ACTIVATION, ["localhost"], {303}),  # témoin : la même requête, droite, est servie
        (ACTIVATION, ["localhost:8080"], {303}),
        (ACTIVATION, ["localhost:8080@evil.example"], {400}),
        (ACTIVATION, ["localhost\u2024evil.example"], {400}),
        (ACTIVATION, ["localhost", "evil.example"], {303, 400}),
        (ACTIVATION, ["evil.example", "localhost"], {303, 400}),
        ("POST http://evil.example/activation/ HTTP/1.1", ["localhost"], {303, 400, 403, 404}),
    ],
    ids=["témoin", "port", "compte", "point unicode", "double", "double à l'envers", "ligne absolue"],
)
def test_e_une_requete_tordue_n_envoie_aucun_lien_ailleurs(serveur, boe, ligne, hotes, statuts):
    factories.redevable(boe, courriel=NEUVE)
    jeton = _jeton_csrf(serveur)
    corps = f"courriel={NEUVE}&client=&code=&csrfmiddlewaretoken={jeton}"
    entetes = [
        *(f"Host: {hote}" for hote in hotes), f"Cookie: csrftoken={jeton}", "Connection: close",
        "Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(corps)}",
    ]  # fmt: skip
    tete = _envoyer(serveur, "\r\n".join([ligne, *entetes, "", corps]))
    assert int(tete.split()[1]) in statuts
    assert "evil.example" not in tete
    courriels.envoyer()
    assert [LIEN.search(m.body)[1] for m in mail.outbox] == [boe.adresse] * Activation.objects.count()


def _jeton_csrf(port: int) -> str:
    tete = _envoyer(port, "GET /activation/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    return tete.split("csrftoken=")[1].split(";")[0]


def _envoyer(port: int, requete: str) -> str:
    """Les en-têtes de la réponse."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as prise:
        prise.sendall(requete.encode())
        return b"".join(iter(lambda: prise.recv(65536), b"")).split(b"\r\n\r\n")[0].decode("latin-1")
