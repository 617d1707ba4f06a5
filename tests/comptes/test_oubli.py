"""« Oublié ? » : la même réponse pour tous, un lien qui ne sert qu'une fois, là où il a été demandé."""

from datetime import timedelta
from urllib.parse import urlsplit

import factories
import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone

from comptes import jetons, services
from comptes.models import Session, Usager
from comptes.services import mots_de_passe
from portail import courriels
from portail.models import Affectation, Courriel, Journal
from tests.comptes.outils_messages import lien, relever, seul, suivre
from tests.comptes.outils_mesures import empreinte

NOUVEAU = "quatre mots à moi"
TITRE_DU_REFUS = "<h1>Ce lien ne marche plus</h1>"


def page(chez="localhost", **options) -> Client:
    return Client(HTTP_HOST=chez, **options)


def demander(client, courriel, **entetes):
    return client.post("/mot-de-passe/oublie/", {"courriel": courriel}, **entetes)


def choisir(client, nouveau=NOUVEAU, **entetes):
    return client.post("/mot-de-passe/nouveau/", {"nouveau": nouveau, "confirmation": nouveau}, **entetes)


def lien_de(courriel, client=None) -> str:
    demander(client or page(), courriel)
    return lien(seul())


def peut_entrer(courriel, mot_de_passe) -> bool:
    return page().post("/connexion/", {"login": courriel, "password": mot_de_passe}).status_code == 302


# La demande : rien ne distingue les adresses.


@pytest.fixture
def adresses(boe, ada):
    """Tout ce que quelqu'un peut taper."""
    factories.usager(email="inactif@exemple.fr", is_active=False)
    factories.usager(email="sans@exemple.fr", password=None)
    factories.usager(email="agent@exemple.fr", is_staff=True)
    return ["ada@exemple.fr", "inconnu@exemple.fr", "inactif@exemple.fr", "sans@exemple.fr", "agent@exemple.fr"]


@pytest.mark.sqlite
def test_la_reponse_le_sql_et_le_travail_sont_les_memes_pour_toutes_les_adresses(monkeypatch, adresses):
    vues = [empreinte(monkeypatch, lambda client, a=adresse: demander(client, a), page()) for adresse in adresses]
    assert vues == [vues[0]] * len(adresses)
    assert (vues[0]["statut"], vues[0]["suite"], vues[0]["hachages"]) == (303, "/mot-de-passe/oublie/envoye/", 0)
    assert vues[0]["taches_courriels_journal"] == (1, 1, 1)


def test_la_comparaison_verrait_une_demande_qui_cherche_le_compte(monkeypatch, adresses):
    def qui_cherche(*, courriel, collectivite):
        if Usager.objects.filter(email=courriel, is_active=True).exists():
            mots_de_passe.envoyer_un_lien(courriel=courriel, collectivite=collectivite)

    monkeypatch.setattr(services, "demander_un_lien", qui_cherche)
    connue, inconnue = (empreinte(monkeypatch, lambda c, a=a: demander(c, a), page()) for a in adresses[:2])
    assert [champ for champ in connue if connue[champ] != inconnue[champ]] == ["sql", "taches_courriels_journal"]


@pytest.mark.sqlite
def test_le_serveur_de_courriel_en_panne_ne_change_rien_et_le_message_part_ensuite(monkeypatch, settings, adresses):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # personne n'y écoute
    vues = [empreinte(monkeypatch, lambda client, a=adresse: demander(client, a), page()) for adresse in adresses]
    assert vues == [vues[0]] * len(adresses)
    assert courriels.envoyer() is False
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=False):
        partis = relever()
    assert sorted(m.to[0] for m in partis) == ["ada@exemple.fr", "agent@exemple.fr", "sans@exemple.fr"]


@pytest.mark.sqlite
def test_seul_un_compte_actif_recoit_un_message(adresses):
    for adresse in adresses:
        demander(page(), adresse)
    assert sorted(m.to[0] for m in relever()) == ["ada@exemple.fr", "agent@exemple.fr", "sans@exemple.fr"]
    assert sorted(Courriel.objects.values_list("etat", flat=True)) == ["envoye"] * 3 + ["sans-objet"] * 2


def test_la_page_suivante_dit_quoi_faire_et_rappelle_l_adresse(boe):
    client = page()
    demander(client, " Ada@Exemple.fr ")
    contenu = client.get("/mot-de-passe/oublie/envoye/").content.decode()
    assert "Adresse indiquée : ada@exemple.fr" in contenu
    assert "Il vaut une heure et ne sert qu'une fois." in contenu.replace("&#x27;", "'")


@pytest.mark.parametrize("adresse", ["", "ada", "ada@", "a\x00@exemple.fr", "x" * 300 + "@exemple.fr"])
def test_une_adresse_impossible_est_dite_sur_place_sans_rien_deposer(boe, adresse):
    reponse = demander(page(), adresse)
    assert (reponse.status_code, Courriel.objects.count()) == (200, 0)
    assert "Il y a un problème" in reponse.content.decode()


def test_demander_par_un_get_ne_fait_rien(boe, ada):
    assert page().get("/mot-de-passe/oublie/", {"courriel": ada.email}).status_code == 200
    assert Courriel.objects.count() == 0


def test_un_envoi_sans_jeton_de_formulaire_est_refuse(boe, ada):
    assert demander(page(enforce_csrf_checks=True), ada.email).status_code == 403
    assert Courriel.objects.count() == 0


# Les sosies (NFKC, casse, i sans point…) : le message part à l'adresse du compte, jamais à celle qu'on a tapée.


@pytest.mark.parametrize("ecriture", ["ADA@exemple.fr", "ａda@exemple.fr", "ada@exemple.fr.", " ada@EXEMPLE.FR"])
def test_une_autre_ecriture_de_la_meme_adresse_part_a_l_adresse_du_compte(boe, ada, ecriture):
    demander(page(), ecriture)
    assert seul().to == ["ada@exemple.fr"]


@pytest.mark.parametrize(
    "sosie", ["mıke@exemple.org", "mike@exemple.org.evil.example", "mike+eau@exemple.org", "mіke@exemple.org"]
)
def test_un_sosie_ne_recoit_rien(boe, sosie):
    factories.usager(email="mike@exemple.org")
    demander(page(), sosie)
    assert relever() == []


# Les limites.


@pytest.fixture
def horloge():
    with time_machine.travel(1_800_000_000.0, tick=False) as voyage:
        yield voyage


@pytest.mark.sqlite
def test_trois_messages_par_heure_et_par_adresse_et_toujours_la_meme_reponse(boe, ada, horloge):
    reponses = [demander(page(), a) for a in (ada.email, ada.email, "ADA@exemple.fr", ada.email, ada.email)]
    assert {(r.status_code, r["Location"]) for r in reponses} == {(303, "/mot-de-passe/oublie/envoye/")}
    partis = relever()
    assert len(partis) == 3
    horloge.shift(3599)
    demander(page(), ada.email)
    assert relever() == []
    horloge.shift(1)
    demander(page(), ada.email)
    assert len(relever()) == 1


def test_une_inondation_ne_ferme_pas_la_porte_a_son_titulaire(boe, ada, horloge):
    for n in range(20):
        demander(page(), ada.email, REMOTE_ADDR=f"203.0.113.{n}")
    liens = [lien(m) for m in relever()]
    assert peut_entrer(ada.email, factories.MOT_DE_PASSE)  # aucun blocage de la connexion
    assert len(liens) == 3
    # La connexion a périmé ces liens ; un autre compte inondé s'en sert encore.
    bob = factories.usager(email="bob2@exemple.fr")
    for n in range(20):
        demander(page(), bob.email, REMOTE_ADDR=f"203.0.113.{n}")
    client = page()
    suivre(client, lien(relever()[1]))
    assert choisir(client)["Location"] == "/connexion/"


def test_soixante_demandes_par_heure_et_par_adresse_ip_puis_une_page_claire(boe, horloge):
    statuts = [demander(page(), f"inconnu-{n}@exemple.fr").status_code for n in range(61)]
    assert statuts == [303] * 60 + [429]
    assert demander(page(), "ada@exemple.fr", REMOTE_ADDR="203.0.113.9").status_code == 303


# Le lien.


@pytest.mark.sqlite
def test_le_parcours_entier_du_message_a_la_connexion(boe, ada):
    demander(page(), ada.email)
    message = seul()
    assert (message.subject, message.to) == ("Choisissez un nouveau mot de passe", [ada.email])
    client = page()
    contenu = suivre(client, lien(message)).content.decode()
    assert ada.email in contenu
    reponse = choisir(client)
    assert (reponse.status_code, reponse["Location"]) == (302, "/connexion/")
    assert client.get("/").status_code == 302  # personne n'est connecté pour autant
    assert "il est solide" in client.get("/connexion/").content.decode()
    assert (peut_entrer(ada.email, factories.MOT_DE_PASSE), peut_entrer(ada.email, NOUVEAU)) == (False, True)
    ada.refresh_from_db()
    assert ada.courriel_confirme_le is not None


def test_le_message_qui_previent_ne_porte_ni_le_mot_de_passe_ni_un_lien_qui_connecte(boe, ada):
    client = page()
    suivre(client, lien_de(ada.email))
    choisir(client)
    message = seul()
    assert (message.subject, message.to) == ("Votre mot de passe a été changé", [ada.email])
    tout = message.body + message.alternatives[0][0]
    assert (NOUVEAU in tout, "/lien/" in tout) == (False, False)


@pytest.mark.sqlite
def test_suivre_le_lien_dix_fois_ne_le_consomme_pas_et_n_ecrit_rien(boe, ada):
    url = lien_de(ada.email)
    avant = (Journal.objects.count(), Session.objects.count(), Usager.objects.get(pk=ada.pk).password)
    for _ in range(10):
        assert suivre(page(), url).status_code == 200
    assert avant == (Journal.objects.count(), Session.objects.count(), Usager.objects.get(pk=ada.pk).password)
    client = page()
    suivre(client, url)
    assert choisir(client)["Location"] == "/connexion/"


def test_le_jeton_quitte_l_adresse_et_rien_ne_le_laisse_fuir(boe, ada):
    client, url = page(), urlsplit(lien_de(ada.email))
    redirection = client.get(url.path)
    assert (redirection.status_code, redirection["Location"]) == (302, "/mot-de-passe/nouveau/")
    assert redirection["Referrer-Policy"] == "no-referrer"
    cookie = redirection.cookies["lien"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (
        "/", True, "Lax", 3600,
    )  # fmt: skip
    formulaire = client.get("/mot-de-passe/nouveau/")
    # Sous no-referrer, le navigateur enverrait « Origin: null » et le formulaire serait refusé.
    assert formulaire["Referrer-Policy"] == "same-origin"
    assert {redirection["Cache-Control"], formulaire["Cache-Control"]} == {"no-store"}
    jeton = url.path.split("/")[3]
    assert jeton not in formulaire.content.decode()
    assert choisir(client).cookies["lien"].value == ""


@pytest.mark.sqlite
def test_un_lien_ne_sert_qu_une_fois(boe, ada):
    url, client, second = lien_de(ada.email), page(), page()
    suivre(client, url)
    suivre(second, url)
    choisir(client)
    reponse = choisir(second, "une autre phrase encore")
    assert (reponse.status_code, TITRE_DU_REFUS in reponse.content.decode()) == (410, True)
    assert suivre(page(), url).status_code == 410
    assert peut_entrer(ada.email, NOUVEAU)


def test_un_lien_vaut_une_heure(boe, ada):
    with time_machine.travel(1_800_000_000.0, tick=False) as horloge:
        url = lien_de(ada.email)
        horloge.shift(3600)
        assert suivre(page(), url).status_code == 200
        horloge.shift(1)
        assert suivre(page(), url).status_code == 410


def test_l_heure_compte_depuis_l_envoi_et_non_depuis_la_demande(boe, ada):
    with time_machine.travel(1_800_000_000.0, tick=False) as horloge:
        demander(page(), ada.email)
        horloge.shift(6 * 3600)  # le serveur de courriel était en panne
        url = lien(seul())
        horloge.shift(3599)
        assert suivre(page(), url).status_code == 200


def changer_le_mot_de_passe(ada):
    ada.set_password("autre phrase de passe")
    ada.save()


def se_connecter(ada):
    assert peut_entrer(ada.email, factories.MOT_DE_PASSE)


def changer_d_adresse(ada):
    Usager.objects.filter(pk=ada.pk).update(email="ada@ailleurs.example")


def desactiver(ada):
    Usager.objects.filter(pk=ada.pk).update(is_active=False)


@pytest.mark.parametrize("evenement", [se_connecter, changer_le_mot_de_passe, changer_d_adresse, desactiver])
def test_une_connexion_un_mot_de_passe_ou_une_adresse_plus_recents_tuent_le_lien(boe, ada, evenement):
    url = lien_de(ada.email)
    assert suivre(page(), url).status_code == 200
    evenement(ada)
    assert suivre(page(), url).status_code == 410


def test_un_lien_recopie_de_travers_ou_fabrique_ne_vaut_rien(boe, ada, bob):
    url = lien_de(ada.email)
    bon = urlsplit(url).path.split("/")[3]
    de_bob = jetons.signer("mot-de-passe", bob.pk, jetons.etat_de_connexion(ada), chez=boe)
    d_un_autre_usage = jetons.signer("adresse", ada.pk, jetons.etat_de_connexion(ada), chez=boe)
    for jeton in (
        bon[:-1],
        bon[:-1] + "*",
        bon.swapcase(),
        bon.split(".")[0],
        "é",
        "a" * 500,
        de_bob,
        d_un_autre_usage,
    ):
        client = page()
        reponse = client.get(f"/lien/mot-de-passe/{jeton}/", follow=True)
        assert (reponse.status_code, TITRE_DU_REFUS in reponse.content.decode()) == (410, True)
        assert choisir(client).status_code == 410
    assert page().get(f"/lien/autre-usage/{bon}/").status_code == 404
    assert peut_entrer(ada.email, factories.MOT_DE_PASSE)


def test_toutes_les_sessions_finissent(boe, ada, connecter):
    chez_elle, au_travail = connecter(ada, chez=boe), connecter(ada, chez=boe)
    client = page()
    suivre(client, lien_de(ada.email))
    choisir(client)
    assert [c.get("/").status_code for c in (chez_elle, au_travail)] == [302, 302]
    assert Session.objects.filter(usager=ada).count() == 0


def test_un_mauvais_choix_garde_le_lien_et_dit_pourquoi(boe, ada):
    client = page()
    suivre(client, lien_de(ada.email))
    reponse = choisir(client, "court")
    assert "Trop court : il a 5 signes, il en faut au moins 12." in reponse.content.decode()
    assert "court" not in reponse.content.decode().split("<form")[1].split("value=")[2:]
    assert choisir(client)["Location"] == "/connexion/"


def test_le_lien_leve_l_attente_imposee_par_une_attaque(boe, ada):
    with time_machine.travel(1_800_000_000.0, tick=False):
        for _ in range(6):
            page().post("/connexion/", {"login": ada.email, "password": "faux"})
        for n in range(30):
            page().post("/connexion/", {"login": ada.email, "password": "faux"}, REMOTE_ADDR=f"10.{n}.0.1")
        assert not peut_entrer(ada.email, factories.MOT_DE_PASSE)
        client = page()
        suivre(client, lien_de(ada.email))
        choisir(client)
        assert peut_entrer(ada.email, NOUVEAU)


def test_le_journal_dit_tout_sans_rien_de_secret(boe, ada):
    client = page()
    url = lien_de(ada.email)
    suivre(client, url)
    choisir(client)
    entrees = list(Journal.objects.filter(action__startswith="mot_de_passe").order_by("pk"))
    assert [(e.action, e.objet, e.identifiant) for e in entrees] == [
        ("mot_de_passe.oublie", "portail.collectivite", str(boe.pk)),
        ("mot_de_passe.lien", "comptes.usager", str(ada.pk)),
        ("mot_de_passe.reinitialise", "comptes.usager", str(ada.pk)),
    ]
    tout = str([(e.avant, e.apres) for e in Journal.objects.all()])
    assert [secret for secret in (NOUVEAU, ada.email, urlsplit(url).path.split("/")[3]) if secret in tout] == []


# L'hôte (trust.md §1.3.19) : le lien porte l'adresse enregistrée, jamais celle de la requête.


def test_a_un_hote_inconnu_est_refuse_sans_message(boe, ada):
    assert demander(page(), ada.email, HTTP_HOST="evil.example").status_code == 400
    assert Courriel.objects.count() == 0


def test_b_x_forwarded_host_n_est_cru_de_personne(boe, ada):
    demander(page(), ada.email, HTTP_X_FORWARDED_HOST="evil.example", HTTP_FORWARDED="host=evil.example")
    message = seul()
    assert lien(message).startswith(f"{boe.adresse}/lien/mot-de-passe/")
    assert "evil.example" not in message.body + message.alternatives[0][0]


@pytest.mark.sqlite
def test_c_un_usager_de_boe_qui_demande_ailleurs_recoit_le_lien_de_boe(boe, ailleurs, ada):
    factories.redevable(boe, ada)
    url = lien_de(ada.email, page(ailleurs.hotes.get().nom))
    assert url.startswith(f"{boe.adresse}/lien/")
    assert suivre(page(), url).status_code == 200


@pytest.mark.parametrize("rattachee", ["des deux", "de nulle part", "agent d'ailleurs"])
def test_c_qui_a_affaire_a_la_commune_recoit_le_sien(boe, ailleurs, ada, rattachee):
    if rattachee == "des deux":
        factories.redevable(boe, ada)
        factories.redevable(ailleurs, ada)
    if rattachee == "agent d'ailleurs":
        factories.redevable(boe, ada)
        Affectation.objects.create(usager=ada, collectivite=ailleurs, role="lecture")
    assert lien_de(ada.email, page(ailleurs.hotes.get().nom)).startswith(f"{ailleurs.adresse}/lien/")


@pytest.mark.sqlite
def test_d_un_lien_de_boe_est_refuse_ailleurs(boe, ailleurs, ada):
    url = urlsplit(lien_de(ada.email))
    client = page(ailleurs.hotes.get().nom)
    assert client.get(url.path).status_code == 410
    client.cookies["lien"] = url.path.split("/")[3]  # à la main, comme un voleur
    assert client.get("/mot-de-passe/nouveau/").status_code == 410
    assert choisir(client).status_code == 410
    assert peut_entrer(ada.email, factories.MOT_DE_PASSE)


def test_d_sur_un_hote_partage_le_lien_choisit_sa_commune(boe, ailleurs, ada):
    """Qui ouvre le lien dans un navigateur neuf, ou resté sur une autre commune, arrive quand même chez la sienne."""
    ailleurs.adresse = "http://localhost"
    ailleurs.save()
    factories.redevable(ailleurs, ada)
    url = lien_de(ada.email)
    client = page()
    assert "Commune d&#x27;Ailleurs" in suivre(client, url).content.decode()
    assert choisir(client)["Location"] == "/connexion/"


@pytest.mark.parametrize(
    "hote", ["localhost:8080@evil.example", "localhost, evil.example", "evil.example:80", "localhost\\.evil.example"]
)
def test_e_un_hote_tordu_est_refuse_sans_message(boe, ada, hote):
    assert demander(page(), ada.email, HTTP_HOST=hote).status_code == 400
    assert Courriel.objects.count() == 0


def test_e_un_port_ou_une_adresse_absolue_ne_change_pas_le_lien(boe, ada):
    demander(page(), ada.email, HTTP_HOST="localhost:1234")
    demander(
        page(), ada.email, PATH_INFO="/mot-de-passe/oublie/", REQUEST_URI="http://evil.example/mot-de-passe/oublie/"
    )
    assert {lien(m).split("/lien/")[0] for m in relever()} == {boe.adresse}


def test_sans_message_en_attente_rien_ne_part(boe):
    assert relever() == []
    assert mail.outbox == []
