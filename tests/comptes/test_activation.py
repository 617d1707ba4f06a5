"""J'active mon compte : les deux portes, le lien, et ce qu'il ouvre."""

import html
import re
from uuid import uuid4

import factories
import pytest
from django.core import mail
from django.test import Client

from comptes.models import Activation, CodeActivation, Rattachement, Redevable, Session, Usager
from comptes.services import suspendre_rattachement
from comptes.tasks import oublier_les_activations
from portail import courriels
from portail.models import Journal
from tests.comptes.outils_activation import MOT_DE_PASSE, activer, choisir, code_de, courrier, demander, lien

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]

NEUVE = "neuve@exemple.fr"


@pytest.fixture
def page(boe) -> Client:
    return Client(HTTP_HOST="localhost")


@pytest.fixture
def connue(boe) -> Redevable:
    """Un redevable dont le service connaît l'adresse mail."""
    return factories.redevable(boe, nom="NEUVE", prenom="Ève", civilite="Madame", code="C-1", courriel=NEUVE)


@pytest.fixture
def papier(boe) -> Redevable:
    """Un redevable qui n'a que son courrier."""
    return factories.redevable(boe, nom="PAPIER", prenom="Jean", code="C-2")


def texte(reponse) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", reponse.content.decode())).split())


def se_connecter(client, courriel=NEUVE, mot_de_passe=MOT_DE_PASSE) -> bool:
    return client.post("/connexion/", {"login": courriel, "password": mot_de_passe}).status_code == 302


def rattaches(courriel=NEUVE) -> set[str]:
    return set(Rattachement.objects.filter(usager__email=courriel).values_list("redevable__code", flat=True))


# La page.


def test_la_page_porte_les_mots_du_guide(page):
    contenu = page.get("/activation/").content.decode()
    etiquettes = re.findall(r"<label [^>]*>([^<]*)</label>", contenu)
    assert [html.unescape(e) for e in etiquettes] == ["Adresse mail", "Code client", "Code d'activation"]
    assert [html.unescape(b.strip()) for b in re.findall(r"<button[^>]*>([^<]*)</button>", contenu)] == ["Valider"]
    assert "J'active mon compte" in texte(page.get("/connexion/"))
    assert 'href="/activation/"' in page.get("/connexion/").content.decode()


@pytest.mark.parametrize(
    ("envoi", "phrase"),
    [
        ({}, "Adresse mail : Écrivez votre adresse mail, par exemple nom@exemple.fr."),
        ({"courriel": NEUVE, "client": "C-1"}, "Code d'activation : Recopiez le code d'activation écrit sur"),
        ({"courriel": NEUVE, "code": "7K4M-Q2XH-9RWT"}, "Code client : Recopiez le code client écrit sur"),
        ({"courriel": NEUVE, "client": "C-1", "code": "7K4M-Q2XH"}, "Code d'activation : Relisez le code"),
        ({"courriel": NEUVE, "client": "C-1", "code": "OK4M-Q2XH-9RWT"}, "Code d'activation : Relisez le code"),
        ({"courriel": NEUVE, "client": "C-1", "code": "7K4M\0Q2XH9RWT"}, "Le caractère nul n’est pas autorisé."),
    ],
)
def test_une_saisie_qui_ne_peut_pas_etre_bonne_dit_quoi_corriger(page, envoi, phrase):
    reponse = page.post("/activation/", envoi)
    assert (reponse.status_code, phrase in texte(reponse)) == (200, True)
    assert not Activation.objects.exists()


# Porte a : l'adresse mail que le service connaît.


def test_une_adresse_connue_recoit_un_lien_choisit_son_mot_de_passe_et_entre(page, connue):
    reponse = demander(page, NEUVE)
    assert (reponse.status_code, reponse["Location"]) == (303, "/activation/envoyee/")
    assert f"Un message part à l'adresse {NEUVE}." in texte(page.get("/activation/envoyee/"))

    chemin = lien()
    reponse = page.get(chemin)
    assert (reponse.status_code, reponse["Location"]) == (302, "/activation/finir/")
    assert "Madame NEUVE Ève (code client C-1)" in texte(page.get("/activation/finir/"))
    assert not Usager.objects.exists()

    reponse = choisir(page)
    assert (reponse.status_code, reponse["Location"]) == (303, "/connexion/")
    assert "C'est fait. Connectez-vous" in texte(page.get("/connexion/"))
    assert page.get("/").status_code == 302  # pas de connexion automatique
    assert se_connecter(page)
    usager = Usager.objects.get()
    assert (usager.email, usager.get_full_name(), usager.civilite) == (NEUVE, "Ève NEUVE", "Madame")
    assert (usager.is_staff, rattaches()) == (False, {"C-1"})
    assert list(Journal.objects.order_by("pk").values_list("action", flat=True)) == [
        "activation.demandee", "courriel.envoye", "compte.ouvert", "rattachement.actif", "activation.faite",
        "connexion.ouverte",
    ]  # fmt: skip


def test_l_adresse_connue_s_ecrit_comme_on_veut_des_deux_cotes(page, boe):
    factories.redevable(boe, code="C-1", courriel="Neuve@Exemple.FR")
    activer(page, " NEUVE@exemple.fr ")
    assert rattaches() == {"C-1"}


def test_tous_les_redevables_d_une_meme_personne_sont_rattaches_a_la_fois(page, boe):
    for source, nom in (("EAU", "DUPONT"), ("CANTINE", "Dupont"), ("CRECHE", "DÜPONT")):
        factories.redevable(boe, source=source, code=source, nom=nom, prenom="Léa", courriel=NEUVE)
    activer(page, NEUVE)
    assert rattaches() == {"EAU", "CANTINE", "CRECHE"}


@pytest.fixture
def deux_personnes(boe):
    """Une boîte aux lettres pour deux : Léa a l'eau et la cantine, Paul la crèche."""
    for code, prenom in (("EAU-1", "Léa"), ("CAN-1", "Léa"), ("CRE-1", "Paul")):
        factories.redevable(boe, code=code, nom="DUPONT", prenom=prenom, courriel=NEUVE)


def test_une_adresse_a_plusieurs_personnes_demande_un_code_client_et_n_en_montre_aucun(page, deux_personnes):
    demander(page, NEUVE)
    page.get(lien())
    contenu = texte(page.get("/activation/finir/"))
    assert "recopiez le code client d'une des vôtres" in contenu
    assert [mot for mot in ("Léa", "Paul", "DUPONT", "EAU-1", "CAN-1", "CRE-1") if mot in contenu] == []
    assert choisir(page).status_code == 200  # sans code client
    assert choisir(page, client="CRE-2").status_code == 200
    assert not Usager.objects.exists()
    assert choisir(page, client=" eau-1").status_code == 303
    assert rattaches() == {"EAU-1", "CAN-1"}
    assert Usager.objects.get().prenom == "Léa"


def test_deux_adresses_postales_font_deux_personnes(page, boe):
    for code, adresse in (("A", "1 rue des Lilas"), ("B", "2 rue des Lilas")):
        factories.redevable(boe, code=code, nom="DUPONT", prenom="Léa", adresse=adresse, courriel=NEUVE)
    activer(page, NEUVE)
    assert not Usager.objects.exists()


def test_le_code_client_demande_derriere_le_lien_ne_s_essaie_que_cinq_fois(page, deux_personnes):
    demander(page, NEUVE)
    page.get(lien())
    assert [choisir(page, client=f"X-{n}").status_code for n in range(6)] == [200] * 5 + [429]
    assert choisir(page, client="EAU-1").status_code == 429


def test_le_code_client_d_un_autre_ne_vaut_rien_derriere_le_lien(page, deux_personnes, papier):
    activer(page, NEUVE, client=papier.code)
    assert not Usager.objects.exists()


# Porte b : les codes du courrier et une adresse mail.


def test_les_deux_codes_et_une_adresse_confirmee_ouvrent_le_compte(page, papier):
    code = code_de(papier)
    demander(page, NEUVE, "c-2", code.lower().replace("-", " "))
    assert not Rattachement.objects.exists()  # rien avant que l'adresse soit confirmée
    page.get(lien())
    assert not Rattachement.objects.exists()
    choisir(page)
    assert rattaches() == {"C-2"}
    assert CodeActivation.objects.get().utilise_le is not None
    assert se_connecter(page)
    assert not se_connecter(Client(HTTP_HOST="localhost"), mot_de_passe=code)  # le code ne devient pas le mot de passe


def test_deux_demandes_du_meme_code_la_premiere_confirmee_l_emporte(page, papier):
    code = code_de(papier)
    demander(page, "une@exemple.fr", "C-2", code)
    premier = lien()
    demander(page, "autre@exemple.fr", "C-2", code)
    second = lien()
    page.get(premier)
    assert choisir(page).status_code == 303
    assert page.get(second).status_code == 302
    assert choisir(page).status_code == 404
    assert (rattaches("une@exemple.fr"), rattaches("autre@exemple.fr")) == ({"C-2"}, set())


def test_un_code_neuf_tue_les_liens_que_l_ancien_avait_permis(page, papier):
    demander(page, NEUVE, "C-2", code_de(papier))
    chemin = lien()
    code_de(papier)
    assert page.get(chemin).status_code == 404


@pytest.mark.parametrize(
    ("client", "code"), [("C-2", "2222-2222-2222"), ("C-9", None)], ids=["mauvais code", "mauvais code client"]
)
def test_des_codes_faux_sont_dits_par_courriel_seulement(page, papier, client, code):
    reponse = demander(page, NEUVE, client, code or code_de(papier))
    assert reponse["Location"] == "/activation/envoyee/"
    sujet, message = courrier()
    assert sujet == "Vos codes n'ont pas été reconnus"
    assert ("/activation/" in message, "PAPIER" in message, "C-2" in message) == (False, False, False)


def test_l_adresse_que_le_service_connait_ne_rachete_pas_des_codes_faux(page, connue):
    demander(page, NEUVE, "C-1", "2222-2222-2222")
    assert courrier()[0] == "Vos codes n'ont pas été reconnus"


# Une adresse inconnue, un compte qui existe.


def test_une_adresse_inconnue_apprend_par_courriel_quoi_faire(page):
    demander(page, NEUVE)
    sujet, message = courrier()
    assert sujet == "Votre adresse mail n'est pas encore connue"
    assert "demandez au service un code d'activation" in message
    assert "http://localhost/?LIEN=M470310001" in message
    assert "/activation/" not in message


def test_un_compte_complet_recoit_le_chemin_de_la_connexion_et_rien_ne_change(page, boe, ada):
    factories.redevable(boe, ada, courriel=ada.email)
    demander(page, ada.email)
    sujet, message = courrier()
    assert (sujet, "/activation/" in message) == ("Vous avez déjà un compte", False)
    assert "« Oublié ? »" in message
    assert se_connecter(page, ada.email, factories.MOT_DE_PASSE)


def test_le_lien_ajoute_au_compte_qui_existe_sans_toucher_a_son_mot_de_passe(page, connue):
    factories.usager(email=NEUVE)
    demander(page, NEUVE)
    page.get(lien())
    contenu = texte(page.get("/activation/finir/"))
    assert "votre mot de passe ne change pas" in contenu
    assert "Nouveau mot de passe" not in contenu
    assert choisir(page).status_code == 303  # le mot de passe envoyé quand même est ignoré
    assert rattaches() == {"C-1"}
    assert not se_connecter(page, NEUVE, MOT_DE_PASSE)
    assert se_connecter(page, NEUVE, factories.MOT_DE_PASSE)


def test_ce_que_le_service_a_suspendu_ne_se_rouvre_pas_par_l_adresse_mail(page, boe, ada):
    redevable = factories.redevable(boe, ada, courriel=ada.email)
    suspendre_rattachement(rattachement=redevable.rattachements.get(), motif="Séparation")
    demander(page, ada.email)
    assert courrier()[0] == "Vous avez déjà un compte"


# Le lien.


def test_un_get_ne_consomme_rien_cent_antivirus_peuvent_le_suivre(page, connue):
    demander(page, NEUVE)
    chemin = lien()
    for _ in range(100):
        antivirus = Client(HTTP_HOST="localhost")
        assert antivirus.get(chemin, follow=True).status_code == 200
        antivirus.head(chemin)
    page.get(chemin)
    assert choisir(page).status_code == 303


def test_le_jeton_quitte_l_adresse_au_premier_get_et_n_est_ecrit_nulle_part(page, connue):
    demander(page, NEUVE)
    chemin = lien()
    jeton = chemin.split("/")[3]
    reponse = page.get(chemin)
    assert reponse["Referrer-Policy"] == "no-referrer"
    assert reponse["Cache-Control"] == "no-store"
    finir = page.get("/activation/finir/")
    assert finir["Referrer-Policy"] == "same-origin"  # sous no-referrer, l'envoi partirait avec « Origin: null »
    assert jeton not in finir.content.decode()
    ecrits = [
        *Activation.objects.values(),
        *Journal.objects.values(),
        *(s.get_decoded() for s in Session.objects.all()),
    ]
    assert [e for e in ecrits if jeton in str(e)] == []


def test_le_lien_ne_sert_qu_une_fois(page, connue):
    activer(page, NEUVE)
    chemin = f"/activation/{Activation.objects.get().uuid}/{Activation.objects.get().jeton}/"
    assert page.get(chemin).status_code == 404
    assert choisir(page).status_code == 404
    assert "Ce lien ne sert plus" in texte(page.get(chemin))


def test_deux_navigateurs_au_meme_lien_un_seul_mot_de_passe(page, connue):
    demander(page, NEUVE)
    chemin, autre = lien(), Client(HTTP_HOST="localhost")
    page.get(chemin)
    autre.get(chemin)
    assert (choisir(page).status_code, choisir(autre, "un autre mot de passe long").status_code) == (303, 404)
    assert se_connecter(page)


@pytest.mark.parametrize(("heures", "statut"), [(23, 302), (24, 404)])
def test_le_lien_vaut_une_journee_a_partir_de_son_envoi(avancer, page, connue, heures, statut):
    demander(page, NEUVE)
    avancer(hours=48)  # le serveur de courriel était en panne
    chemin = lien()
    avancer(hours=heures)
    assert page.get(chemin).status_code == statut


def test_la_page_ouverte_se_perime_avec_le_lien(avancer, page, connue):
    demander(page, NEUVE)
    page.get(lien())
    avancer(hours=25)
    assert (page.get("/activation/finir/").status_code, choisir(page).status_code) == (404, 404)
    assert not Usager.objects.exists()


def test_un_lien_pas_encore_envoye_ne_vaut_rien(page, connue):
    demander(page, NEUVE)
    activation = Activation.objects.get()
    assert page.get(f"/activation/{activation.uuid}/{activation.jeton}/").status_code == 404


@pytest.mark.parametrize("abimer", [lambda j: j[:-1], lambda j: j[::-1], lambda _: "x", lambda _: "0" * 64])
def test_un_jeton_faux_est_introuvable(page, connue, abimer):
    demander(page, NEUVE)
    _, _, uuid, jeton, _ = lien().split("/")
    assert page.get(f"/activation/{uuid}/{abimer(jeton)}/").status_code == 404
    assert page.get(f"/activation/{uuid4()}/{jeton}/").status_code == 404
    assert page.get("/activation/finir/").status_code == 404


def test_le_jeton_d_une_demande_n_ouvre_pas_une_autre(page, connue, boe):
    demander(page, NEUVE)
    chemin = lien()
    demander(page, "autre@exemple.fr")
    autre = Activation.objects.get(courriel="autre@exemple.fr")
    courriels.envoyer()
    assert page.get(f"/activation/{autre.uuid}/{chemin.split('/')[3]}/").status_code == 404


def test_renvoye_apres_une_coupure_le_courriel_porte_le_meme_lien(page, connue):
    demander(page, NEUVE)
    assert len({Activation.objects.get().adresse for _ in range(3)}) == 1
    assert len(Activation.objects.get().jeton) == 64


@pytest.mark.parametrize(
    ("mot_de_passe", "confirmation", "phrase"),
    [
        ("", "", "Choisissez un mot de passe."),
        (MOT_DE_PASSE, "", "Écrivez une seconde fois le même mot de passe."),
        (MOT_DE_PASSE, "quatre canards verts en mai", "Les deux mots de passe ne sont pas les mêmes."),
    ],
)
def test_un_mot_de_passe_refuse_dit_pourquoi_et_le_lien_vaut_encore(page, connue, mot_de_passe, confirmation, phrase):
    demander(page, NEUVE)
    page.get(lien())
    reponse = page.post("/activation/finir/", {"mot_de_passe": mot_de_passe, "confirmation": confirmation})
    assert (reponse.status_code, phrase in texte(reponse)) == (200, True)
    assert choisir(page).status_code == 303


def test_le_mot_de_passe_passe_par_les_regles_du_site(page, connue, settings):
    settings.AUTH_PASSWORD_VALIDATORS = [
        {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"}
    ]
    demander(page, NEUVE)
    page.get(lien())
    assert choisir(page, NEUVE).status_code == 200
    assert choisir(page).status_code == 303


def test_le_mot_de_passe_garde_ses_espaces_et_sa_longueur(page, connue):
    long = f" {'une phrase accentuée à moi, ' * 5}"[:127] + " "
    activer(page, NEUVE, mot_de_passe=long)
    assert se_connecter(page, mot_de_passe=long)
    assert not se_connecter(Client(HTTP_HOST="localhost"), mot_de_passe=long[:-1])


def test_les_champs_du_mot_de_passe_se_laissent_remplir(page, connue):
    demander(page, NEUVE)
    page.get(lien())
    contenu = page.get("/activation/finir/").content.decode()
    champs = re.findall(r'<input type="password"[^>]*>', contenu)
    assert len([c for c in champs if 'autocomplete="new-password"' in c]) == 2
    etiquettes = re.findall(r"<label [^>]*>([^<]*)</label>", contenu)
    assert etiquettes == ["Nouveau mot de passe", "Nouveau mot de passe confirmation"]


def test_les_demandes_anciennes_sont_oubliees(avancer, page, connue):
    demander(page, NEUVE)
    avancer(days=8)
    demander(page, "autre@exemple.fr")
    oublier_les_activations.call()
    assert [a.courriel for a in Activation.objects.all()] == ["autre@exemple.fr"]


def test_un_courriel_devenu_sans_objet_ne_part_pas(page, connue):
    demander(page, NEUVE)
    Activation.objects.all().delete()
    courriels.envoyer()
    assert mail.outbox == []
