"""« Mes informations » : ce que le service sait, le mot de passe changé, les appareils déconnectés."""

import html
import re
from itertools import pairwise

import factories
import pytest
import time_machine
from django.contrib.sessions.backends.base import UpdateError
from django.test import Client

from comptes import services
from comptes.appareils import nommer
from comptes.models import Session
from portail.models import Courriel, Journal
from tests.comptes.outils_messages import seul

NOUVEAU = "quatre mots à moi"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Safari/604.1"


def texte(reponse) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", reponse.content.decode())).split())


def changer(client, ancien=factories.MOT_DE_PASSE, nouveau=NOUVEAU, confirmation=None):
    envoi = {"ancien": ancien, "nouveau": nouveau, "confirmation": confirmation or nouveau}
    return client.post("/mes-informations/", envoi)


def peut_entrer(courriel, mot_de_passe) -> bool:
    envoi = {"login": courriel, "password": mot_de_passe}
    return Client(HTTP_HOST="localhost").post("/connexion/", envoi).status_code == 302


# La page.


def test_la_page_dit_ce_que_le_service_sait(boe, ada, connecter):
    factories.redevable(boe, ada, civilite="Madame", nom="LOVELACE", prenom="Ada", code="C-42", adresse="3 rue du Pont")
    lu = texte(connecter(ada, chez=boe).get("/mes-informations/"))
    for mot in ("Madame LOVELACE Ada", "C-42", "3 rue du Pont", "47550 Boé", "ada@exemple.fr", "Au format papier"):
        assert mot in lu


def test_la_page_porte_les_mots_du_guide(boe, ada, connecter):
    factories.redevable(boe, ada)
    contenu = html.unescape(connecter(ada, chez=boe).get("/mes-informations/").content.decode())
    etiquettes = re.findall(r"<label for=\"\w+\">([^<]*)</label>", contenu)
    assert etiquettes == ["Ancien mot de passe", "Nouveau mot de passe", "Nouveau mot de passe confirmation"]
    assert re.findall(r'autocomplete="([\w-]+)"', contenu) == ["current-password", "new-password", "new-password"]
    for mot in ("Changer l'adresse mail", "Changer le mot de passe", "Ne pas recevoir les factures au format papier"):
        assert re.search(rf">\s*{mot}\s*<", contenu), mot


def test_elle_ne_montre_que_les_redevables_de_la_personne_dans_cette_commune(boe, ailleurs, ada, bob, connecter):
    factories.redevable(boe, ada, code="A-MOI")
    factories.redevable(ailleurs, ada, code="AILLEURS")
    factories.redevable(boe, bob, code="A-BOB")
    lu = texte(connecter(ada, chez=boe).get("/mes-informations/"))
    assert [code for code in ("A-MOI", "AILLEURS", "A-BOB") if code in lu] == ["A-MOI"]


def test_la_navigation_y_mene(boe, ada, connecter):
    contenu = connecter(ada, chez=boe).get("/mes-informations/").content.decode()
    [lien] = re.findall(r'<a class="navigation-lien"\s+href="/mes-informations/"\s+aria-current="page">', contenu)
    assert lien


def test_sans_redevable_elle_dit_quoi_faire(boe, ada, connecter):
    assert "Aucun compte client" in texte(connecter(ada, chez=boe).get("/mes-informations/"))


# Le mot de passe.


@pytest.mark.sqlite
def test_le_mot_de_passe_change_et_les_autres_navigateurs_sont_deconnectes(boe, ailleurs, ada, connecter):
    ici, au_travail, dans_l_autre_commune = (connecter(ada, chez=c) for c in (boe, boe, ailleurs))
    avant = ici.cookies["sessionid"].value

    reponse = changer(ici)

    assert (reponse.status_code, reponse["Location"]) == (303, "/mes-informations/")
    assert "il est solide" in texte(ici.get("/mes-informations/"))
    assert [c.get("/").status_code for c in (ici, au_travail, dans_l_autre_commune)] == [200, 302, 302]
    assert ici.cookies["sessionid"].value != avant
    assert list(Session.objects.values_list("session_key", flat=True)) == [ici.cookies["sessionid"].value]
    assert (peut_entrer(ada.email, factories.MOT_DE_PASSE), peut_entrer(ada.email, NOUVEAU)) == (False, True)


def test_un_message_previent_sans_le_mot_de_passe(boe, ada, connecter):
    changer(connecter(ada, chez=boe))
    message = seul()
    assert (message.to, message.subject) == ([ada.email], "Votre mot de passe a été changé")
    assert NOUVEAU not in message.body + message.alternatives[0][0]
    assert f"{boe.adresse}/mot-de-passe/oublie/" in message.body


@pytest.mark.parametrize(
    ("envoi", "phrase"),
    [
        ({"ancien": "faux mot de passe"}, "Ancien mot de passe : Ce n'est pas votre mot de passe actuel."),
        ({"nouveau": "court"}, "Nouveau mot de passe : Trop court : il a 5 signes, il en faut au moins 12."),
        ({"nouveau": "ada lovelace toujours"}, "Trop facile à deviner : il contient « lovelace »."),
        ({"confirmation": "autre chose"}, "Nouveau mot de passe confirmation : Les deux mots de passe"),
        ({"ancien": ""}, "Ancien mot de passe : Écrivez votre mot de passe actuel."),
    ],
)
def test_un_refus_dit_quel_champ_corriger_et_ne_change_rien(boe, ada, connecter, envoi, phrase):
    client = connecter(ada, chez=boe)
    reponse = changer(client, **envoi)
    assert (reponse.status_code, phrase in texte(reponse)) == (200, True)
    assert peut_entrer(ada.email, factories.MOT_DE_PASSE)
    assert Courriel.objects.count() == 0
    assert NOUVEAU not in reponse.content.decode()


def test_les_essais_sont_comptes_avant_tout_hachage_sans_fermer_la_connexion(boe, ada, connecter, monkeypatch):
    with time_machine.travel(1_800_000_000.0, tick=False):
        client = connecter(ada, chez=boe)
        for _ in range(5):
            changer(client, ancien="faux mot de passe")
        with monkeypatch.context() as sans_hachage:
            sans_hachage.setattr("django.contrib.auth.hashers.MD5PasswordHasher.encode", None)
            reponse = changer(client)
        assert "Trop d'essais. Par sécurité, attendez cinq minutes avant de recommencer." in texte(reponse)
        assert peut_entrer(ada.email, factories.MOT_DE_PASSE)  # le voleur d'une session n'enferme pas la personne


def test_reussir_ne_consomme_pas_d_essai(boe, ada, connecter):
    client = connecter(ada, chez=boe)
    mots = [factories.MOT_DE_PASSE, *(f"phrase numéro {n} à moi" for n in range(7))]
    assert [changer(client, ancien=a, nouveau=b).status_code for a, b in pairwise(mots)] == [303] * 7


@pytest.mark.parametrize("longueur", [64, 128, 129])
def test_un_long_mot_de_passe_sert_tout_entier(boe, ada, connecter, longueur):
    long = ("Voici une phrase assez longue, " * 10)[: longueur - 1] + "z"
    changer(connecter(ada, chez=boe), nouveau=long)
    assert (peut_entrer(ada.email, long), peut_entrer(ada.email, long[:-1] + "y")) == (True, False)


def test_une_session_volee_puis_fermee_ne_renait_pas_de_sa_requete_en_cours(boe, ada, connecter):
    voleur = connecter(ada, chez=boe)
    session = voleur.session
    assert session["vu"]  # lue, comme au début d'une requête
    services.fermer_les_sessions(usager=ada, sauf=None, collectivite=boe)
    session["vu"] = 0
    with pytest.raises(UpdateError):
        session.save()
    assert voleur.get("/").status_code == 302


# Les appareils.


def fermer(client, mot_de_passe=factories.MOT_DE_PASSE):
    return client.post("/mes-informations/appareils/", {"mot_de_passe": mot_de_passe})


@pytest.fixture
def deux_appareils(boe, ada):
    """Un ordinateur et un téléphone."""
    clients = [Client(HTTP_HOST="localhost", HTTP_USER_AGENT=agent) for agent in (FIREFOX, IPHONE)]
    for client in clients:
        client.post("/connexion/", {"login": ada.email, "password": factories.MOT_DE_PASSE})
    return clients


@pytest.mark.sqlite
def test_chacun_voit_ses_sessions_et_elles_seules(boe, ailleurs, ada, bob, connecter, deux_appareils):
    connecter(bob, chez=boe)
    connecter(ada, chez=ailleurs)
    lu = texte(deux_appareils[0].get("/mes-informations/appareils/"))
    assert lu.index("Firefox, Linux (celui-ci)") < lu.index("Safari, iPhone Dernière visite le")
    assert lu.count("Dernière visite") == 2


@pytest.mark.sqlite
def test_se_deconnecter_de_tous_les_autres_appareils(boe, ailleurs, ada, bob, connecter, deux_appareils):
    ordinateur, telephone = deux_appareils
    autre_commune, de_bob = connecter(ada, chez=ailleurs), connecter(bob, chez=boe)
    avant = ordinateur.cookies["sessionid"].value

    assert fermer(ordinateur)["Location"] == "/mes-informations/"

    assert "2 autres appareils sont déconnectés." in texte(ordinateur.get("/"))
    assert [c.get("/").status_code for c in (ordinateur, telephone, autre_commune, de_bob)] == [200, 302, 302, 200]
    assert ordinateur.cookies["sessionid"].value != avant
    assert Journal.objects.get(action="connexion.fermees").apres == {"nombre": 2}


def test_le_mot_de_passe_est_redemande(boe, ada, deux_appareils):
    ordinateur, telephone = deux_appareils
    reponse = fermer(ordinateur, "faux mot de passe")
    assert "Mot de passe : Ce n'est pas votre mot de passe actuel." in texte(reponse)
    assert telephone.get("/").status_code == 200


def test_un_seul_appareil_le_dit(boe, ada, connecter):
    client = connecter(ada, chez=boe)
    fermer(client)
    assert "Aucun autre appareil n'était connecté." in texte(client.get("/"))


def test_une_session_inactive_depuis_trente_minutes_n_est_plus_montree(boe, ada):
    with time_machine.travel(1_800_000_000.0, tick=False) as horloge:
        vieux, neuf = Client(HTTP_HOST="localhost"), Client(HTTP_HOST="localhost")
        vieux.post("/connexion/", {"login": ada.email, "password": factories.MOT_DE_PASSE})
        horloge.shift(1801)
        neuf.post("/connexion/", {"login": ada.email, "password": factories.MOT_DE_PASSE, "remember": "on"})
        assert texte(neuf.get("/mes-informations/appareils/")).count("(celui-ci)") == 1
        assert "Dernière visite" not in texte(neuf.get("/mes-informations/appareils/"))
        assert "pour quatorze jours" in texte(neuf.get("/mes-informations/appareils/"))


@pytest.mark.sqlite
def test_le_menage_retire_les_sessions_que_leur_cookie_a_oubliees(boe, ada, connecter):
    with time_machine.travel(1_800_000_000.0, tick=False) as horloge:
        connecter(ada, chez=boe)
        assert services.effacer_les_sessions_mortes() == 0
        horloge.shift(15 * 24 * 3600)
        assert services.effacer_les_sessions_mortes() == 1


@pytest.mark.parametrize(
    ("agent", "nom"),
    [
        (FIREFOX, "Firefox, Linux"),
        (IPHONE, "Safari, iPhone"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0",
            "Edge, Windows",
        ),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36", "Chrome, Android"),
        ("curl/8.0", ""),
        ("", ""),
    ],
)
def test_un_appareil_porte_un_nom_que_l_on_reconnait(agent, nom):
    assert nommer(agent) == nom
