"""Changer d'adresse mail : rien avant le lien de la nouvelle, et tout s'annule par l'ancienne."""

import html
import re
from datetime import timedelta
from urllib.parse import urlsplit

import factories
import pytest
import time_machine
from django.db import IntegrityError
from django.test import Client

from comptes import services
from comptes.messageries import suggerer
from comptes.models import DemandeAdresse, Session, Usager
from portail import courriels
from portail.models import Courriel, Journal
from tests.comptes.outils_messages import lien, relever, seul, suivre
from tests.comptes.outils_mesures import empreinte

ADRESSE = "/mes-informations/adresse-mail/"
NEUVE = "neuve@exemple.fr"
INSTANT = 1_800_000_000.0
HEURE = 3600


@pytest.fixture(autouse=True)
def horloge():
    with time_machine.travel(INSTANT, tick=False) as voyage:
        yield voyage


@pytest.fixture
def elle(boe, ada, connecter) -> Client:
    return connecter(ada, chez=boe)


def texte(reponse) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", reponse.content.decode())).split())


def demander(client, courriel=NEUVE, mot_de_passe=factories.MOT_DE_PASSE, **champs):
    return client.post(ADRESSE, {"courriel": courriel, "mot_de_passe": mot_de_passe, **champs})


def messages(client, courriel=NEUVE):
    """Le message de la nouvelle adresse, puis celui de l'ancienne."""
    assert demander(client, courriel).status_code == 302
    return relever()


def valider(client, url) -> int:
    suivre(client, url)
    return client.post("/adresse-mail/valider/").status_code


def annuler(client, url) -> int:
    suivre(client, url)
    return client.post("/adresse-mail/annuler/").status_code


def peut_entrer(courriel, mot_de_passe=factories.MOT_DE_PASSE) -> bool:
    envoi = {"login": courriel, "password": mot_de_passe}
    return Client(HTTP_HOST="localhost").post("/connexion/", envoi).status_code == 302


def anonyme() -> Client:
    return Client(HTTP_HOST="localhost")


# La demande.


@pytest.mark.sqlite
def test_les_deux_adresses_sont_prevenues_et_rien_ne_change_encore(elle, ada):
    nouvelle, ancienne = messages(elle)
    assert (nouvelle.to, nouvelle.subject) == ([NEUVE], "Confirmez votre adresse mail")
    assert (ancienne.to, ancienne.subject) == (["ada@exemple.fr"], "Votre adresse mail va changer")
    assert NEUVE in ancienne.body
    assert lien(ancienne) != lien(nouvelle)
    assert (peut_entrer("ada@exemple.fr"), peut_entrer(NEUVE)) == (True, False)


@pytest.mark.sqlite
def test_une_adresse_prise_se_dit_par_courriel_et_jamais_par_la_page(monkeypatch, boe, elle, ada, bob):
    factories.usager(email="inactif@exemple.fr", is_active=False)
    vues = [
        empreinte(monkeypatch, lambda c, a=a: demander(c, a), elle)
        for a in ("libre@exemple.fr", "bob@exemple.fr", "inactif@exemple.fr")
    ]
    assert vues == [vues[0]] * 3
    assert (vues[0]["statut"], vues[0]["hachages"], vues[0]["taches_courriels_journal"]) == (302, 1, (2, 2, 1))
    demander(elle, "bob@exemple.fr")
    [au_titulaire] = [m for m in relever() if m.to == ["bob@exemple.fr"]]
    assert au_titulaire.subject == "Votre adresse mail a déjà un compte"
    assert "/lien/" not in au_titulaire.body


def test_la_comparaison_verrait_une_demande_qui_regarde_si_l_adresse_est_prise(monkeypatch, elle, bob):
    demander_vraiment = services.demander_une_adresse

    def qui_regarde(*, nouvelle, **reste):
        if not Usager.objects.filter(email=nouvelle).exists():
            demander_vraiment(nouvelle=nouvelle, **reste)

    monkeypatch.setattr(services, "demander_une_adresse", qui_regarde)
    libre, prise = (
        empreinte(monkeypatch, lambda c, a=a: demander(c, a), elle) for a in ("libre@exemple.fr", "bob@exemple.fr")
    )
    assert libre["taches_courriels_journal"] != prise["taches_courriels_journal"]
    assert libre["hachages"] != prise["hachages"]


@pytest.mark.parametrize(
    ("envoi", "phrase"),
    [
        ({"mot_de_passe": "faux"}, "Mot de passe : Ce n'est pas votre mot de passe actuel."),
        ({"mot_de_passe": ""}, "Mot de passe : Écrivez votre mot de passe."),
        ({"courriel": "neuve"}, "Nouvelle adresse mail : Écrivez une adresse mail complète"),
        ({"courriel": " ADA@exemple.fr"}, "Nouvelle adresse mail : C'est déjà votre adresse mail."),
    ],
)
def test_un_refus_dit_quel_champ_corriger_et_ne_previent_personne(elle, envoi, phrase):
    reponse = demander(elle, **envoi)
    assert (reponse.status_code, phrase in texte(reponse)) == (200, True)
    assert (Courriel.objects.count(), DemandeAdresse.objects.count()) == (0, 0)


def test_les_essais_de_mot_de_passe_sont_limites_avant_tout_hachage(elle, ada, monkeypatch):
    for _ in range(5):
        demander(elle, mot_de_passe="faux")
    monkeypatch.setattr("django.contrib.auth.hashers.MD5PasswordHasher.encode", None)
    assert "Trop d'essais." in texte(demander(elle))


def test_cinq_demandes_par_heure_et_par_compte(elle, horloge):
    statuts = [demander(elle, f"neuve-{n}@exemple.fr").status_code for n in range(6)]
    assert statuts == [302] * 5 + [429]
    assert DemandeAdresse.objects.count() == 5
    horloge.shift(HEURE // 2)
    assert elle.get("/").status_code == 200


@pytest.mark.parametrize(("tapee", "voulue"), [("ada@gmial.com", "ada@gmail.com"), ("ada@orange.com", "ada@orange.fr")])
def test_une_faute_probable_est_signalee_une_fois_puis_acceptee(elle, tapee, voulue):
    reponse = demander(elle, tapee)
    assert f"Avez-vous voulu écrire {voulue} ?" in texte(reponse)
    assert DemandeAdresse.objects.count() == 0
    [garde] = re.findall(r'name="sans_faute" value="([^"]*)"', reponse.content.decode())
    assert demander(elle, tapee, sans_faute=garde).status_code == 302
    assert DemandeAdresse.objects.get().nouvelle == tapee


def test_corriger_en_une_autre_faute_la_signale_aussi(elle):
    assert "Avez-vous voulu écrire" in texte(demander(elle, "ada@gmial.com", sans_faute="ada@gmai.com"))


@pytest.mark.parametrize(
    "juste", ["a@gmail.com", "a@mail.com", "a@exemple.fr", "a@boe.fr", "a@proton.me", "a@agence.fr"]
)
def test_une_vraie_messagerie_n_est_pas_soupconnee(juste):
    assert suggerer(juste) == ""


# La validation.


@pytest.mark.sqlite
def test_une_fois_validee_la_nouvelle_adresse_connecte_et_l_ancienne_plus(elle, ada):
    nouvelle, _ = messages(elle)
    assert valider(anonyme(), lien(nouvelle)) == 302
    assert (peut_entrer("ada@exemple.fr"), peut_entrer(NEUVE)) == (False, True)
    ada.refresh_from_db()
    assert (ada.email, ada.courriel_confirme_le is not None) == (NEUVE, True)


def test_les_autres_sessions_finissent_et_celle_qui_valide_continue(boe, elle, ada, connecter):
    autre = connecter(ada, chez=boe)
    nouvelle, _ = messages(elle)
    suivre(elle, lien(nouvelle))
    assert elle.post("/adresse-mail/valider/")["Location"] == "/mes-informations/"
    assert [c.get("/").status_code for c in (elle, autre)] == [200, 302]
    assert NEUVE in texte(elle.get("/mes-informations/"))


def test_la_session_d_un_autre_ne_profite_pas_de_la_validation(boe, elle, ada, bob, connecter):
    de_bob = connecter(bob, chez=boe)
    nouvelle, _ = messages(elle)
    suivre(de_bob, lien(nouvelle))
    assert de_bob.post("/adresse-mail/valider/")["Location"] == "/connexion/"
    assert "Bob MARTIN" in texte(de_bob.get("/"))
    assert Session.objects.filter(usager=ada).count() == 0


@pytest.mark.sqlite
def test_suivre_les_liens_dix_fois_ne_change_rien(elle, ada):
    liens = [lien(m) for m in messages(elle)]
    avant = Journal.objects.count()
    for _ in range(10):
        assert [suivre(anonyme(), url).status_code for url in liens] == [200, 200]
    assert Journal.objects.count() == avant
    ada.refresh_from_db()
    assert ada.email == "ada@exemple.fr"


def test_un_lien_de_validation_vaut_vingt_quatre_heures_et_ne_sert_qu_une_fois(elle, horloge):
    nouvelle, _ = messages(elle)
    horloge.shift(24 * HEURE)
    assert suivre(anonyme(), lien(nouvelle)).status_code == 200
    horloge.shift(1)
    assert suivre(anonyme(), lien(nouvelle)).status_code == 410
    horloge.shift(-2)
    assert [valider(anonyme(), lien(nouvelle)) for _ in range(2)] == [302, 410]


def test_une_nouvelle_demande_perime_la_precedente(elle, ada):
    premiere, _ = messages(elle)
    seconde, _ = messages(elle, "autre@exemple.fr")
    assert valider(anonyme(), lien(premiere)) == 410
    assert valider(anonyme(), lien(seconde)) == 302
    ada.refresh_from_db()
    assert ada.email == "autre@exemple.fr"


@pytest.mark.sqlite
def test_les_liens_sont_refuses_dans_une_autre_commune(boe, ailleurs, elle, ada):
    for message, page in zip(messages(elle), ("valider", "annuler"), strict=True):
        url = lien(message)
        assert url.startswith(boe.adresse)
        client = Client(HTTP_HOST=ailleurs.hotes.get().nom)
        assert client.get(urlsplit(url).path).status_code == 410
        client.cookies["lien"] = urlsplit(url).path.split("/")[3]  # à la main, comme un voleur
        assert client.get(f"/adresse-mail/{page}/").status_code == 410
        assert client.post(f"/adresse-mail/{page}/").status_code == 410
    ada.refresh_from_db()
    assert ada.email == "ada@exemple.fr"


def test_un_lien_ne_sert_pas_a_autre_chose(elle):
    nouvelle, ancienne = messages(elle)
    for usage, message in (("annulation", nouvelle), ("adresse", ancienne), ("mot-de-passe", nouvelle)):
        jeton = urlsplit(lien(message)).path.split("/")[3]
        assert anonyme().get(f"/lien/{usage}/{jeton}/", follow=True).status_code == 410


def test_un_compte_desactive_entre_temps_ne_change_plus(elle, ada):
    nouvelle, ancienne = messages(elle)
    Usager.objects.filter(pk=ada.pk).update(is_active=False)
    assert [valider(anonyme(), lien(nouvelle)), annuler(anonyme(), lien(ancienne))] == [410, 410]


def test_les_liens_d_un_mot_de_passe_oublie_meurent_avec_l_ancienne_adresse(boe, elle, ada):
    anonyme().post("/mot-de-passe/oublie/", {"courriel": ada.email})
    oubli = lien(seul())
    assert suivre(anonyme(), oubli).status_code == 200
    nouvelle, _ = messages(elle)
    valider(anonyme(), lien(nouvelle))
    assert suivre(anonyme(), oubli).status_code == 410


def test_prise_entre_temps_la_page_le_dit_a_qui_tient_la_boite(elle, ada):
    nouvelle, _ = messages(elle)
    factories.usager(email=NEUVE)
    client = anonyme()
    suivre(client, lien(nouvelle))
    reponse = client.post("/adresse-mail/valider/")
    assert (reponse.status_code, f"L'adresse {NEUVE} sert maintenant à un autre compte" in texte(reponse)) == (
        410,
        True,
    )
    ada.refresh_from_db()
    assert (ada.email, DemandeAdresse.objects.get().validee_le) == ("ada@exemple.fr", None)


# L'annulation.


@pytest.mark.sqlite
@pytest.mark.parametrize("deja_validee", [False, True])
def test_l_ancienne_adresse_annule_avant_comme_apres(elle, ada, deja_validee):
    nouvelle, ancienne = messages(elle)
    if deja_validee:
        valider(anonyme(), lien(nouvelle))
    assert annuler(anonyme(), lien(ancienne)) == 200

    ada.refresh_from_db()
    assert (ada.email, Session.objects.count()) == ("ada@exemple.fr", 0)
    assert valider(anonyme(), lien(nouvelle)) == 410
    # Qui avait demandé le changement savait le mot de passe : il ne vaut plus rien.
    assert [peut_entrer(a) for a in ("ada@exemple.fr", NEUVE)] == [False, False]
    [pour_recommencer] = relever()
    assert (pour_recommencer.to, pour_recommencer.subject) == (["ada@exemple.fr"], "Choisissez un nouveau mot de passe")
    client = anonyme()
    suivre(client, lien(pour_recommencer))
    client.post("/mot-de-passe/nouveau/", {"nouveau": "quatre mots à moi", "confirmation": "quatre mots à moi"})
    assert peut_entrer("ada@exemple.fr", "quatre mots à moi")


def test_l_annulation_vaut_soixante_douze_heures_et_ne_sert_qu_une_fois(elle, horloge):
    nouvelle, ancienne = messages(elle)
    valider(anonyme(), lien(nouvelle))
    horloge.shift(72 * HEURE)
    assert suivre(anonyme(), lien(ancienne)).status_code == 200
    horloge.shift(1)
    assert suivre(anonyme(), lien(ancienne)).status_code == 410
    horloge.shift(-2)
    assert [annuler(anonyme(), lien(ancienne)) for _ in range(2)] == [200, 410]


def test_deux_changements_de_suite_s_annulent_depuis_la_premiere_adresse_et_pas_depuis_la_deuxieme_ensuite(
    boe, elle, ada, connecter
):
    premiere, avis_premiere = messages(elle)
    valider(elle, lien(premiere))
    ada.refresh_from_db()
    seconde, avis_seconde = messages(elle, "voleur@exemple.fr")
    valider(elle, lien(seconde))
    assert annuler(anonyme(), lien(avis_premiere)) == 200
    assert annuler(anonyme(), lien(avis_seconde)) == 410
    ada.refresh_from_db()
    assert ada.email == "ada@exemple.fr"


def test_l_annulation_part_meme_apres_trois_oublis_dans_l_heure(elle, ada):
    _nouvelle, ancienne = messages(elle)
    for _ in range(5):
        anonyme().post("/mot-de-passe/oublie/", {"courriel": ada.email})
    relever()
    annuler(anonyme(), lien(ancienne))
    assert len(relever()) == 1


def test_l_ancienne_adresse_reprise_par_un_autre_compte_le_dit(elle, ada):
    nouvelle, ancienne = messages(elle)
    valider(anonyme(), lien(nouvelle))
    factories.usager(email="ada@exemple.fr")
    client = anonyme()
    suivre(client, lien(ancienne))
    reponse = client.post("/adresse-mail/annuler/")
    assert (reponse.status_code, "sert maintenant à un autre compte" in texte(reponse)) == (410, True)
    ada.refresh_from_db()
    assert (ada.email, ada.has_usable_password()) == (NEUVE, True)


# Confirmer l'adresse que l'on a déjà.


@pytest.mark.sqlite
def test_une_adresse_non_prouvee_se_confirme_sans_rien_changer_d_autre(boe, elle, ada, connecter):
    ada.refresh_from_db()
    assert ada.courriel_confirme_le is None
    autre = connecter(ada, chez=boe)
    elle.post("/mes-informations/adresse-mail/confirmer/")
    message = seul()
    assert message.to == ["ada@exemple.fr"]
    assert valider(anonyme(), lien(message)) == 302
    ada.refresh_from_db()
    assert ada.courriel_confirme_le is not None
    assert [c.get("/").status_code for c in (elle, autre)] == [200, 200]


# Deux comptes pour une adresse.


def jetons_de(boe, *personnes):
    """Un lien de validation vers la même adresse pour chacune."""
    for personne in personnes:
        services.demander_une_adresse(
            usager=personne, nouvelle=NEUVE, mot_de_passe=factories.MOT_DE_PASSE, collectivite=boe
        )
    return [urlsplit(lien(m)).path.split("/")[3] for m in relever() if m.to == [NEUVE]]


def test_l_un_apres_l_autre_le_second_est_refuse(boe, ada, bob):
    premier, second = jetons_de(boe, ada, bob)
    assert services.valider_l_adresse(jeton=premier, session=None, collectivite=boe) is not None
    with pytest.raises(services.AdressePrise):
        services.valider_l_adresse(jeton=second, session=None, collectivite=boe)


def test_le_journal_garde_des_cles_et_aucune_adresse(elle, ada):
    nouvelle, ancienne = messages(elle)
    valider(anonyme(), lien(nouvelle))
    annuler(anonyme(), lien(ancienne))
    demande = DemandeAdresse.objects.get()
    entrees = Journal.objects.filter(action__startswith="adresse").order_by("pk")
    assert [(e.action, e.identifiant, e.acteur) for e in entrees] == [
        (f"adresse.{acte}", str(demande.pk), ada.pk) for acte in ("demandee", "validee", "annulee")
    ]
    assert "@" not in str([(e.avant, e.apres) for e in Journal.objects.all()])


def test_les_vieilles_demandes_s_oublient_apres_trente_jours(elle, horloge):
    demander(elle)
    horloge.shift(timedelta(days=30))
    assert services.oublier_les_demandes() == 0
    horloge.shift(1)
    assert services.oublier_les_demandes() == 1


def test_une_demande_oubliee_ou_depassee_avant_l_envoi_n_envoie_rien(elle):
    demander(elle)
    demander(elle, "autre@exemple.fr")
    assert [m.to for m in relever() if m.to != ["ada@exemple.fr"]] == [["autre@exemple.fr"]]
    demander(elle)
    DemandeAdresse.objects.all().delete()
    courriels.envoyer()
    assert Courriel.objects.filter(etat="sans-objet").count() == 3


def test_la_base_refuse_deux_comptes_a_la_meme_adresse(ada, bob):
    with pytest.raises(IntegrityError):
        Usager.objects.filter(pk=bob.pk).update(email=ada.email)
