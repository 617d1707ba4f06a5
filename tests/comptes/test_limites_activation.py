"""Les limites de l'activation : par code client, par réseau et en tout, avant tout hachage ; une école y tient."""

import factories
import pytest
from django.test import Client

from comptes.models import Usager
from tests.comptes.outils_activation import MOT_DE_PASSE, activer, code_de, demander

pytestmark = pytest.mark.django_db
FAUX = "2222-2222-2222"


@pytest.fixture
def page(boe) -> Client:
    return Client(HTTP_HOST="localhost")


def essayer(client, n, code_client="C-2", **entetes) -> int:
    return demander(client, f"essai-{n}@exemple.fr", code_client, FAUX, **entetes).status_code


def test_cinq_essais_par_code_client_d_ou_qu_ils_viennent(page, avancer):
    statuts = [essayer(page, n, "c-2 " if n % 2 else "C-2", REMOTE_ADDR=f"203.0.{n}.9") for n in range(6)]
    assert statuts == [303] * 5 + [429]
    assert essayer(page, 9, "C-3") == 303
    avancer(hours=1)
    assert essayer(page, 10) == 303


def test_un_code_client_d_une_autre_commune_a_ses_propres_essais(page, ailleurs, avancer):
    for n in range(6):
        essayer(page, n)
    assert essayer(Client(HTTP_HOST=ailleurs.hotes.get().nom), 7) == 303


@pytest.mark.parametrize(
    ("adresse", "bloque"),
    [("203.0.113.250", True), ("203.0.114.1", False), ("2001:db8::1", False)],
)
def test_un_reseau_entier_est_un_seul_attaquant(page, settings, avancer, adresse, bloque):
    settings.LIMITES = {**settings.LIMITES, "activations-par-reseau": (3, 3600)}
    for n in range(4):
        essayer(page, n, f"C-{n}", REMOTE_ADDR=f"203.0.113.{n}")
    assert essayer(page, 5, "C-5", REMOTE_ADDR=adresse) == (429 if bloque else 303)


def test_un_abonne_en_ipv6_n_a_qu_un_reseau(page, settings, avancer):
    settings.LIMITES = {**settings.LIMITES, "activations-par-reseau": (3, 3600)}
    statuts = [essayer(page, n, f"C-{n}", REMOTE_ADDR=f"2001:db8:1:2::{n + 1:x}") for n in range(4)]
    assert statuts == [303] * 3 + [429]
    assert essayer(page, 9, "C-9", REMOTE_ADDR="2001:db8:1:3::1") == 303


def test_les_essais_de_toute_l_installation_sont_comptes_ensemble(page, settings, avancer):
    settings.LIMITES = {**settings.LIMITES, "codes-en-tout": (3, 3600)}
    assert [essayer(page, n, f"C-{n}", REMOTE_ADDR=f"203.{n}.0.1") for n in range(4)] == [303] * 3 + [429]
    assert demander(page, "sans-code@exemple.fr").status_code == 303  # l'autre porte reste ouverte


def test_l_x_forwarded_for_d_un_inconnu_ne_change_pas_de_reseau(page, settings, avancer):
    settings.LIMITES = {**settings.LIMITES, "activations-par-reseau": (3, 3600)}
    statuts = [essayer(page, n, f"C-{n}", HTTP_X_FORWARDED_FOR=f"198.51.{n}.1") for n in range(4)]
    assert statuts == [303] * 3 + [429]


@pytest.mark.parametrize("limite", ["codes-par-client", "activations-par-reseau", "codes-en-tout"])
def test_une_limite_atteinte_ne_coute_ni_hachage_ni_courriel(page, settings, monkeypatch, limite):
    settings.LIMITES = {**settings.LIMITES, limite: (0, 3600)}
    monkeypatch.setattr("django.contrib.auth.hashers.MD5PasswordHasher.encode", None)  # haché, il échouerait
    reponse = demander(page, "a@exemple.fr", "C-2", FAUX)
    assert (reponse.status_code, "Trop" in reponse.content.decode()) == (429, True)


def test_temoin_sous_la_limite_le_hachage_a_bien_lieu(page, monkeypatch):
    monkeypatch.setattr("django.contrib.auth.hashers.MD5PasswordHasher.encode", None)
    with pytest.raises(TypeError):
        demander(page, "a@exemple.fr", "C-2", FAUX)


@pytest.mark.parametrize("porte", ["adresse", "codes"])
def test_deux_cents_habitants_derriere_une_adresse_ip_activent_leur_compte_dans_l_heure(boe, avancer, porte):
    for n in range(200):
        courriel = f"habitant-{n}@exemple.fr"
        redevable = factories.redevable(boe, code=f"H-{n}", courriel=courriel if porte == "adresse" else "")
        codes = () if porte == "adresse" else (redevable.code, code_de(redevable))
        client = Client(HTTP_HOST="localhost")
        assert activer(client, courriel, *codes).status_code == 303
        assert client.post("/connexion/", {"login": courriel, "password": MOT_DE_PASSE}).status_code == 302
    assert Usager.objects.count() == 200


def test_lire_les_pages_n_est_jamais_limite(page, settings):
    settings.LIMITES = dict.fromkeys(settings.LIMITES, (0, 3600))
    assert [page.get(a).status_code for a in ("/activation/", "/activation/envoyee/", "/activation/finir/")] == [
        200, 200, 404,
    ]  # fmt: skip


def test_ajouter_un_compte_client_est_limite_de_meme(boe, ada, connecter, monkeypatch):
    client = connecter(ada, chez=boe)
    envoi = {"client": "C-2", "code": FAUX}
    assert [client.post("/mes-informations/rattacher/", envoi).status_code for _ in range(5)] == [200] * 5
    monkeypatch.setattr("django.contrib.auth.hashers.MD5PasswordHasher.encode", None)
    assert client.post("/mes-informations/rattacher/", envoi).status_code == 429
