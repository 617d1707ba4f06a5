"""L'adresse du visiteur et le TLS ne viennent que d'un mandataire déclaré, jamais de qui écrit les en-têtes."""

from ipaddress import ip_network

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from portail.middleware import proxys
from portail.proxys import est_de_confiance, visiteur

RESEAUX = [ip_network("10.0.0.0/8"), ip_network("192.0.2.7"), ip_network("2001:db8::/32")]
DEHORS = "203.0.113.5"


@pytest.mark.parametrize(
    ("pair", "relayees", "attendue"),
    [
        (DEHORS, "1.2.3.4", DEHORS),  # un inconnu ne dit l'adresse de personne
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", DEHORS, DEHORS),
        ("10.0.0.1", f"1.2.3.4, {DEHORS}", DEHORS),  # 1.2.3.4 est écrit par le visiteur
        ("10.0.0.1", f"1.2.3.4, {DEHORS}, 192.0.2.7", DEHORS),  # deux mandataires
        ("10.0.0.1", f"10.9.9.9, {DEHORS}", DEHORS),  # se dire mandataire n'y change rien
        ("10.0.0.1", "10.9.9.9", "10.9.9.9"),
        ("10.0.0.1", "inconnu", "10.0.0.1"),
        ("10.0.0.1", f"{DEHORS}, inconnu", "10.0.0.1"),
        ("", f"1.2.3.4,{DEHORS}", DEHORS),  # prise Unix
        ("", "", ""),
        ("2001:db8::1", "2a01:e0a::9", "2a01:e0a::9"),
        ("::ffff:10.0.0.1", "::ffff:203.0.113.5", DEHORS),
    ],
)
def test_l_adresse_est_celle_que_le_dernier_mandataire_de_confiance_a_vue(pair, relayees, attendue):
    assert visiteur(pair, relayees, RESEAUX) == attendue


@given(st.text(), st.sampled_from([DEHORS, "2a01:e0a::9"]))
def test_quoi_qu_ecrive_le_visiteur_son_adresse_est_celle_que_voit_le_mandataire(ecrit, vraie):
    assert visiteur("10.0.0.1", f"{ecrit}, {vraie}", RESEAUX) == vraie


@pytest.mark.parametrize("adresse", ["10.255.255.255", "192.0.2.7", "2001:db8::2", "::ffff:10.1.1.1", ""])
def test_un_mandataire_declare_est_de_confiance(adresse):
    assert est_de_confiance(adresse, RESEAUX)


@pytest.mark.parametrize("adresse", ["11.0.0.0", "192.0.2.8", "127.0.0.1", "x", "10.0.0.1:80"])
def test_tout_autre_ne_l_est_pas(adresse):
    assert not est_de_confiance(adresse, RESEAUX)


def recue(settings, reseaux, **meta):
    """La requête telle que la vue la reçoit."""
    settings.PROXYS_DE_CONFIANCE = [ip_network(reseau) for reseau in reseaux]
    recues = []
    proxys(recues.append)(RequestFactory().get("/", **meta))
    return recues[0]


@pytest.mark.parametrize(("reseaux", "sure"), [([], False), (["127.0.0.1"], True)])
def test_le_tls_n_est_cru_que_d_un_mandataire_declare(settings, reseaux, sure):
    requete = recue(settings, reseaux, HTTP_X_FORWARDED_PROTO="https")
    assert (requete.is_secure(), requete.scheme) == (sure, "https" if sure else "http")


@pytest.mark.parametrize(("dit", "protocole"), [("https, http", "http"), ("http, HTTPS", "https"), ("ftp", "http")])
def test_le_protocole_est_le_dernier_dit(settings, dit, protocole):
    assert recue(settings, ["127.0.0.1"], HTTP_X_FORWARDED_PROTO=dit).scheme == protocole


@pytest.mark.parametrize("reseaux", [[], ["127.0.0.1"]])
def test_aucun_de_ces_en_tetes_ne_va_plus_loin_et_l_hote_n_est_cru_de_personne(settings, reseaux):
    noms = ("FORWARDED_FOR", "FORWARDED_HOST", "FORWARDED_PORT", "FORWARDED_PROTO", "FORWARDED_SSL", "REAL_IP")
    dits = {f"HTTP_X_{nom}": "evil.example" for nom in noms}
    requete = recue(settings, reseaux, HTTP_HOST="localhost", HTTP_FORWARDED="for=1.2.3.4;host=evil", **dits)
    assert (requete.get_host(), requete.META["REMOTE_ADDR"], requete.scheme) == ("localhost", "127.0.0.1", "http")
    assert [nom for nom in requete.META if "FORWARDED" in nom or "REAL_IP" in nom] == []


def test_en_production_derriere_son_mandataire_une_page_n_est_pas_redirigee(client, boe, settings):
    settings.SECURE_SSL_REDIRECT = True
    options = {"HTTP_HOST": "localhost", "HTTP_X_FORWARDED_PROTO": "https"}
    assert client.get("/connexion/", **options).status_code == 301
    settings.PROXYS_DE_CONFIANCE = [ip_network("127.0.0.1")]
    assert client.get("/connexion/", **options).status_code == 200
