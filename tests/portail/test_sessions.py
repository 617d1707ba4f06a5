"""La session : sa durée, sa commune, sa fin."""

from http.cookies import Morsel

import factories
import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from comptes.models import Session
from portail.cookies import SessionStore

INSTANT = 1_800_000_000
MINUTE, HEURE, JOUR = 60, 3600, 86400


@pytest.fixture
def horloge():
    with time_machine.travel(INSTANT, tick=False) as voyage:
        yield voyage


def ouvrir(personne, *, souvenir=False, **champs) -> Client:
    client = Client(HTTP_HOST="localhost")
    cochee = {"remember": "on"} if souvenir else {}
    reponse = client.post(
        "/connexion/", {"login": personne.email, "password": factories.MOT_DE_PASSE, **cochee, **champs}
    )
    assert reponse.status_code == 302
    return client


def cookie(client) -> Morsel[str]:
    return client.cookies["sessionid"]


def connecte(client) -> bool:
    """Vrai si l'accueil répond, faux s'il renvoie à la connexion."""
    reponse = client.get("/")
    assert reponse.status_code in {200, 302}
    return reponse.status_code == 200


def ecritures(requetes: CaptureQueriesContext) -> list[str]:
    return [q["sql"] for q in requetes if not q["sql"].lstrip("( ").upper().startswith("SELECT")]


@pytest.mark.sqlite
def test_se_souvenir_de_moi_garde_la_session_quatorze_jours(boe, ada, horloge):
    client = ouvrir(ada, souvenir=True)
    assert (cookie(client)["max-age"], Session.objects.get().get_decoded()["souvenir"]) == (14 * JOUR, True)
    horloge.shift(14 * JOUR - 1)
    assert connecte(client)
    horloge.shift(2)
    assert not connecte(client)


def test_sans_se_souvenir_de_moi_le_cookie_finit_avec_le_navigateur(boe, ada, horloge):
    assert (cookie(ouvrir(ada))["max-age"], cookie(ouvrir(ada))["expires"]) == ("", "")


@pytest.mark.parametrize("role", [{"is_staff": True}, {"is_staff": True, "is_superuser": True}])
def test_un_agent_n_est_jamais_retenu(boe, horloge, role):
    agent = factories.usager(email="agent@exemple.fr", **role)
    client = ouvrir(agent, souvenir=True)
    assert cookie(client)["max-age"] == ""
    horloge.shift(30 * MINUTE + 1)
    assert not connecte(client)


def test_le_cookie_est_illisible_par_les_scripts_et_ne_part_pas_d_un_autre_site(boe, ada):
    pose = cookie(ouvrir(ada))
    assert (pose["httponly"], pose["samesite"], pose["path"], pose["domain"]) == (True, "Lax", "/", "")


@pytest.mark.sqlite
def test_trente_minutes_d_inactivite_ferment_la_session_et_pas_une_de_moins(boe, ada, horloge):
    client = ouvrir(ada)
    horloge.shift(30 * MINUTE)
    assert connecte(client)
    horloge.shift(30 * MINUTE)
    assert connecte(client)  # la visite précédente a compté
    horloge.shift(30 * MINUTE + 1)
    assert not connecte(client)
    assert not connecte(client)


def test_douze_heures_ferment_la_session_meme_active(boe, ada, horloge):
    client = ouvrir(ada)
    for _ in range(24):
        horloge.shift(30 * MINUTE)
        assert connecte(client)
    horloge.shift(1)
    assert not connecte(client)


def test_une_session_retenue_ne_connait_ni_l_inactivite_ni_les_douze_heures(boe, ada, horloge):
    client = ouvrir(ada, souvenir=True)
    horloge.shift(13 * HEURE)
    assert connecte(client)


def test_une_session_perimee_rouverte_par_son_titulaire_ne_revit_pas_chez_un_voleur(boe, ada, horloge):
    client, voleur = ouvrir(ada), Client(HTTP_HOST="localhost")
    voleur.cookies["sessionid"] = cookie(client).value
    horloge.shift(31 * MINUTE)
    client.post("/connexion/", {"login": ada.email, "password": factories.MOT_DE_PASSE})
    assert (connecte(client), connecte(voleur)) == (True, False)


def test_la_session_n_est_ecrite_qu_une_fois_par_minute(boe, ada, horloge):
    client = ouvrir(ada)
    nombres = []
    for secondes in (60, 1, 1):
        horloge.shift(secondes)
        with CaptureQueriesContext(connection) as requetes:
            client.get("/")
        nombres.append(len([sql for sql in ecritures(requetes) if "comptes_session" in sql]))
    assert nombres == [0, 1, 0]


@pytest.mark.sqlite
def test_l_identifiant_de_session_change_a_la_connexion(boe, ada):
    client = Client(HTTP_HOST="localhost")
    session = client.session
    session["trace"] = "posée par un attaquant"
    session.save()
    client.cookies["sessionid"] = fixe = session.session_key

    client.post("/connexion/", {"login": ada.email, "password": factories.MOT_DE_PASSE})

    assert cookie(client).value != fixe
    assert not Session.objects.filter(session_key=fixe).exists()


@pytest.mark.sqlite
def test_sur_les_pages_d_une_autre_commune_la_session_est_anonyme_sans_rien_ecrire(boe, ailleurs, ada, horloge):
    client = ouvrir(ada)
    client.get("/", {"LIEN": ailleurs.lien})
    horloge.shift(2 * MINUTE)

    with CaptureQueriesContext(connection) as requetes:
        reponses = [client.get("/"), client.get("/connexion/"), client.get("/factures/")]

    assert [reponse.status_code for reponse in reponses] == [302, 200, 302]
    assert ecritures(requetes) == []
    assert all("sessionid" not in reponse.cookies for reponse in reponses)
    client.get("/", {"LIEN": boe.lien})
    assert connecte(client)  # la session de Boé était restée ouverte


def test_visiter_une_autre_commune_ne_prolonge_pas_la_session(boe, ailleurs, ada, horloge):
    client = ouvrir(ada)
    client.get("/", {"LIEN": ailleurs.lien})
    horloge.shift(20 * MINUTE)
    client.get("/connexion/")
    client.get("/", {"LIEN": boe.lien})
    horloge.shift(11 * MINUTE)
    assert not connecte(client)


@pytest.mark.sqlite
def test_se_connecter_a_une_autre_commune_remplace_la_session(boe, ailleurs, ada):
    client = ouvrir(ada)
    avant = cookie(client).value
    client.get("/", {"LIEN": ailleurs.lien})
    client.post("/connexion/", {"login": ada.email, "password": factories.MOT_DE_PASSE})

    assert connecte(client)
    assert list(Session.objects.values_list("session_key", flat=True)) == [cookie(client).value]
    assert cookie(client).value != avant
    client.get("/", {"LIEN": boe.lien})
    assert not connecte(client)


def test_la_session_d_une_personne_ne_sert_a_rien_a_la_suivante(boe, ada, bob):
    client = ouvrir(ada)
    client.post("/deconnexion/")
    client.post("/connexion/", {"login": bob.email, "password": factories.MOT_DE_PASSE})
    assert "Bob MARTIN" in client.get("/").content.decode()


def test_la_deconnexion_ne_se_fait_que_par_un_envoi(boe, ada):
    client = ouvrir(ada)
    assert client.get("/deconnexion/").status_code == 405
    assert connecte(client)


@pytest.mark.sqlite
def test_la_deconnexion_ferme_la_session_cote_serveur(boe, ada):
    client, voleur = ouvrir(ada), Client(HTTP_HOST="localhost")
    voleur.cookies["sessionid"] = cookie(client).value
    assert connecte(voleur)

    reponse = client.post("/deconnexion/")

    assert (reponse.status_code, reponse["Location"]) == (302, "/connexion/")
    assert reponse["Clear-Site-Data"] == '"cache", "storage"'
    assert "Vous avez quitté votre espace. À bientôt." in client.get("/connexion/").content.decode()
    assert [connecte(client), connecte(voleur)] == [False, False]
    assert not Session.objects.filter(session_key=voleur.cookies["sessionid"].value).exists()


def test_la_deconnexion_exige_le_jeton_du_formulaire(boe, ada):
    client = ouvrir(ada)
    strict = Client(HTTP_HOST="localhost", enforce_csrf_checks=True)
    strict.cookies["sessionid"] = cookie(client).value
    assert strict.post("/deconnexion/").status_code == 403
    assert connecte(client)


@pytest.mark.parametrize("provenance", ["", "https://evil.example/x", "http://localhost@evil.example/x", "http://[x"])
def test_un_envoi_apres_la_fin_de_la_session_ramene_a_la_page_d_ou_il_partait(facture, ada, horloge, provenance):
    client, adresse = ouvrir(ada), f"{facture.get_absolute_url()}reglee/"
    horloge.shift(31 * MINUTE)
    d_ici = client.post(adresse, {"etat": "reglee"}, headers={"referer": "http://localhost/factures/?page=2"})
    d_ailleurs = client.post(adresse, {"etat": "reglee"}, headers={"referer": provenance})
    assert (d_ici.status_code, d_ici["Location"]) == (302, "/connexion/?next=/factures/")
    assert (d_ailleurs.status_code, d_ailleurs["Location"]) == (302, f"/connexion/?next={adresse}")


def test_se_deconnecter_d_une_session_deja_finie_mene_a_la_connexion(boe, ada, horloge):
    client = ouvrir(ada)
    horloge.shift(31 * MINUTE)
    reponse = client.post("/deconnexion/")
    assert (reponse.status_code, reponse["Location"]) == (302, "/connexion/")
    assert not connecte(client)


def test_un_compte_desactive_ou_dont_le_mot_de_passe_change_perd_sa_session_a_la_requete_suivante(boe, ada, bob):
    d_ada, de_bob = ouvrir(ada), ouvrir(bob)
    ada.is_active = False
    ada.save()
    bob.set_password("une autre phrase de passe")
    bob.save()
    assert [connecte(d_ada), connecte(de_bob)] == [False, False]


def test_un_document_ne_porte_aucun_cookie_meme_quand_il_prolonge_la_session(facture, ada, horloge):
    client = ouvrir(ada)
    horloge.shift(20 * MINUTE)
    reponse = client.get(f"{facture.get_absolute_url()}pdf/")
    assert (reponse.getvalue()[:5], dict(reponse.cookies)) == (b"%PDF-", {})
    horloge.shift(20 * MINUTE)
    assert connecte(client)


def test_une_session_fermee_d_un_autre_onglet_au_meme_instant_est_anonyme(boe, ada, horloge, monkeypatch):
    client = ouvrir(ada)
    horloge.shift(2 * MINUTE)
    charger = SessionStore.load

    def charger_puis_fermer(session):
        lue = charger(session)
        Session.objects.all().delete()
        return lue

    monkeypatch.setattr(SessionStore, "load", charger_puis_fermer)
    assert not connecte(client)


@pytest.mark.parametrize("valeur", ["x" * 32, "x", "../../etc", "é", "a\x00", "\x00" * 32, "aaaaaaaa\x00bbbb"])
@pytest.mark.parametrize("nom", ["sessionid", "csrftoken", "collectivite", "messages"])
@pytest.mark.parametrize("guillemets", [False, True])
def test_un_cookie_invente_est_anonyme_meme_avec_un_octet_nul(boe, nom, valeur, guillemets):
    client = Client(HTTP_HOST="localhost")
    ecrit = '"' + valeur.replace("\0", "\\000") + '"' if guillemets else valeur
    assert client.get("/", HTTP_COOKIE=f"{nom}={ecrit}").status_code == 302
    assert client.get("/connexion/", HTTP_COOKIE=f"{nom}={ecrit}").status_code == 200
    assert client.post("/deconnexion/", HTTP_COOKIE=f"{nom}={ecrit}").status_code == 302
