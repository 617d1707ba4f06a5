"""Les limites d'essais : elles arrêtent qui devine, jamais deux cents personnes derrière une même adresse IP."""

import html
import re

import factories
import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

INSTANT = 1_800_000_000.0
TROP_D_ESSAIS = "Trop d'essais. Par sécurité, attendez quelques minutes"


@pytest.fixture
def page(boe) -> Client:
    return Client(HTTP_HOST="localhost")


@pytest.fixture
def horloge():
    with time_machine.travel(INSTANT, tick=False) as voyage:
        yield voyage


def essayer(client, courriel, mot_de_passe="mauvais", **entetes):
    return client.post("/connexion/", {"login": courriel, "password": mot_de_passe}, **entetes)


def refusee_sans_etre_essayee(reponse) -> bool:
    return TROP_D_ESSAIS in html.unescape(reponse.content.decode())


def test_cinq_echecs_sur_une_adresse_et_le_bon_mot_de_passe_attend_cinq_minutes(page, ada, horloge):
    assert [refusee_sans_etre_essayee(essayer(page, ada.email)) for _ in range(6)] == [False] * 5 + [True]
    # Même le bon mot de passe : sinon la limite dirait qu'il est bon.
    reponse = essayer(page, ada.email, factories.MOT_DE_PASSE)
    assert (reponse.status_code, refusee_sans_etre_essayee(reponse)) == (200, True)
    horloge.shift(299)
    assert essayer(page, ada.email, factories.MOT_DE_PASSE).status_code == 200
    horloge.shift(1)
    assert essayer(page, ada.email, factories.MOT_DE_PASSE).status_code == 302


def test_une_adresse_inconnue_est_limitee_comme_les_autres(page, horloge):
    vues = [refusee_sans_etre_essayee(essayer(page, "inconnu@exemple.fr")) for _ in range(6)]
    assert vues == [False] * 5 + [True]


def test_les_echecs_sur_une_adresse_ne_bloquent_pas_les_autres(page, ada, bob, horloge):
    for _ in range(6):
        essayer(page, ada.email)
    assert essayer(page, bob.email, factories.MOT_DE_PASSE).status_code == 302


def test_une_limite_atteinte_ne_coute_plus_de_hachage(page, ada, horloge, monkeypatch):
    for _ in range(5):
        essayer(page, ada.email)
    monkeypatch.setattr("django.contrib.auth.hashers.MD5PasswordHasher.encode", None)  # haché, il échouerait
    assert refusee_sans_etre_essayee(essayer(page, ada.email))


@pytest.mark.parametrize(
    "varier",
    [
        lambda n: {"HTTP_HOST": f"localhost:{8000 + n}"},
        lambda n: {"HTTP_HOST": "LOCALHOST" if n % 2 else "localhost"},
        lambda n: {"HTTP_HOST": "127.0.0.1" if n % 2 else "localhost"},
        lambda n: {"REMOTE_ADDR": f"203.0.113.{n}"},  # du même /24
        lambda n: {"HTTP_X_FORWARDED_FOR": f"203.0.113.{n}"},
    ],
    ids=["port", "casse", "hôte", "adresse IP", "X-Forwarded-For"],
)
def test_changer_d_hote_ou_d_adresse_ip_ne_donne_pas_d_autres_essais(page, ada, horloge, varier):
    vues = [refusee_sans_etre_essayee(essayer(page, ada.email, **varier(n))) for n in range(6)]
    assert vues == [False] * 5 + [True]


def test_une_adresse_ecrite_autrement_ne_donne_pas_d_autres_essais(page, ada, horloge):
    ecritures = [
        "ada@exemple.fr",
        "ADA@exemple.fr",
        " ada@exemple.fr",
        "ａda@exemple.fr",
        "ada@exemple.fr.",
        "Ada@exemple.fr",
    ]
    assert [refusee_sans_etre_essayee(essayer(page, e)) for e in ecritures] == [False] * 5 + [True]


def test_vingt_echecs_d_une_adresse_ip_arretent_la_suite_pendant_une_minute(page, ada, horloge):
    echecs = [refusee_sans_etre_essayee(essayer(page, f"inconnu-{n}@exemple.fr")) for n in range(21)]
    assert echecs == [False] * 20 + [True]
    assert refusee_sans_etre_essayee(essayer(page, ada.email, factories.MOT_DE_PASSE))
    assert essayer(page, ada.email, factories.MOT_DE_PASSE, REMOTE_ADDR="203.0.113.9").status_code == 302
    horloge.shift(60)
    assert essayer(Client(HTTP_HOST="localhost"), ada.email, factories.MOT_DE_PASSE).status_code == 302


def test_x_forwarded_for_ne_fait_pas_changer_d_adresse_ip(page, horloge):
    echecs = [
        refusee_sans_etre_essayee(
            essayer(
                page, f"inconnu-{n}@exemple.fr", HTTP_X_FORWARDED_FOR=f"203.0.113.{n}", HTTP_X_REAL_IP=f"10.0.0.{n}"
            )
        )
        for n in range(21)
    ]
    assert echecs == [False] * 20 + [True]


@pytest.mark.sqlite
def test_deux_cents_personnes_derriere_une_adresse_ip_se_connectent_dans_la_meme_minute(boe, horloge):
    personnes = [factories.usager(email=f"eleve-{n}@exemple.fr") for n in range(200)]
    statuts = [
        essayer(Client(HTTP_HOST="localhost"), personne.email, factories.MOT_DE_PASSE).status_code
        for personne in personnes
    ]
    assert statuts == [302] * 200


def test_au_dela_de_la_limite_d_envois_une_page_claire_demande_d_attendre(page, horloge, settings):
    settings.LIMITES = settings.LIMITES | {"connexions": (2, 60)}
    reponses = [essayer(page, f"inconnu-{n}@exemple.fr") for n in range(3)]
    assert [reponse.status_code for reponse in reponses] == [200, 200, 429]
    titres = re.findall(r"<h1>\s*(.*?)\s*</h1>", html.unescape(reponses[2].content.decode()))
    assert (titres, reponses[2]["Retry-After"]) == (["Trop de demandes en peu de temps"], "60")
    assert page.get("/connexion/").status_code == 200  # lire la page n'est jamais limité


def test_vingt_connexions_reussies_ne_sont_pas_vingt_echecs(page, ada, horloge):
    for _ in range(25):
        assert essayer(Client(HTTP_HOST="localhost"), ada.email, factories.MOT_DE_PASSE).status_code == 302


def test_se_connecter_a_son_compte_ne_rend_pas_d_essais_sur_celui_d_un_autre(page, ada, bob, horloge):
    for _ in range(5):
        essayer(page, bob.email)
        essayer(Client(HTTP_HOST="localhost"), ada.email, factories.MOT_DE_PASSE)
    assert refusee_sans_etre_essayee(essayer(page, bob.email, factories.MOT_DE_PASSE))


def test_un_compte_desactive_compte_comme_un_echec_meme_au_bon_mot_de_passe(page, ada, horloge):
    ada.is_active = False
    ada.save()
    vues = [refusee_sans_etre_essayee(essayer(page, ada.email, factories.MOT_DE_PASSE)) for _ in range(6)]
    assert vues == [False] * 5 + [True]


def test_qui_s_acharne_de_son_reseau_n_empeche_pas_la_personne_d_entrer_du_sien(page, ada, horloge):
    for n in range(60):
        essayer(page, ada.email, REMOTE_ADDR=f"203.0.113.{n}")
    assert essayer(page, ada.email, factories.MOT_DE_PASSE, REMOTE_ADDR="198.51.100.7").status_code == 302


def test_trente_echecs_de_partout_ferment_l_adresse_un_quart_d_heure(page, ada, horloge):
    vues = [refusee_sans_etre_essayee(essayer(page, ada.email, REMOTE_ADDR=f"10.{n}.0.1")) for n in range(31)]
    assert vues == [False] * 30 + [True]
    horloge.shift(899)
    assert refusee_sans_etre_essayee(essayer(page, ada.email, factories.MOT_DE_PASSE))
    horloge.shift(1)
    assert essayer(page, ada.email, factories.MOT_DE_PASSE).status_code == 302


@pytest.mark.parametrize(("mot_de_passe", "attendues"), [(factories.MOT_DE_PASSE, 7), ("mauvais", 4)])
def test_les_limites_d_une_connexion_coutent_peu_de_requetes(page, ada, mot_de_passe, attendues):
    with CaptureQueriesContext(connection) as requetes:
        essayer(page, ada.email, mot_de_passe)
    assert len([q for q in requetes if "portail_compteur" in q["sql"]]) == attendues
    assert [q for q in requetes if "portail_cache" in q["sql"]] == []
