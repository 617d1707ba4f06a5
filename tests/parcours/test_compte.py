"""Une habitante retrouve son mot de passe, change d'adresse mail et renonce au papier, dans Chromium."""

import factories
import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from comptes.models import Copie, Redevable, Usager
from tests.comptes.outils_messages import lien, relever, seul
from tests.parcours.conftest import verifier_accessibilite

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]

NOUVEAU = "quatre mots à moi"


@pytest.fixture
def redevable(boe, ada) -> Redevable:
    ada.courriel_confirme_le = timezone.now()
    ada.save()
    return factories.redevable(boe, ada, code="C-42", nom="LOVELACE", prenom="Ada")


def entrer(page: Page, site: str, courriel: str, mot_de_passe: str) -> None:
    page.goto(f"{site}/connexion/")
    page.get_by_label("Adresse mail").fill(courriel)
    page.get_by_label("Mot de passe", exact=True).fill(mot_de_passe)
    page.get_by_role("button", name="Connexion", exact=True).click()


@pytest.mark.sqlite
@pytest.mark.parametrize("javascript", [True, False])
def test_elle_a_oublie_son_mot_de_passe(ouvrir, site, ada, javascript):
    page = ouvrir(java_script_enabled=javascript, statuts_attendus=(410,))
    page.goto(f"{site}/connexion/")
    page.get_by_role("link", name="Oublié ?").click()
    page.get_by_label("Adresse mail").fill(ada.email)
    page.get_by_role("button", name="Valider").click()
    expect(page.get_by_role("heading", name="Regardez votre boîte mail")).to_be_visible()
    url = lien(seul())
    page.goto(url)
    assert page.url == f"{site}/mot-de-passe/nouveau/"
    page.get_by_label("Nouveau mot de passe", exact=True).fill(NOUVEAU)
    page.get_by_label("Nouveau mot de passe confirmation").fill(NOUVEAU)
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("Votre mot de passe est changé")).to_be_visible()
    entrer(page, site, ada.email, NOUVEAU)
    expect(page.get_by_role("heading", name="Bienvenue sur le portail")).to_be_visible()
    page.goto(url)
    expect(page.get_by_role("heading", name="Ce lien ne marche plus")).to_be_visible()


def test_au_clavier_seul_elle_change_son_mot_de_passe(ouvrir, se_connecter, site, ada, redevable):
    page = ouvrir()
    se_connecter(page, ada)
    page.goto(f"{site}/mes-informations/")
    page.get_by_label("Ancien mot de passe").focus()
    for texte in (factories.MOT_DE_PASSE, NOUVEAU, NOUVEAU):
        page.keyboard.type(texte)
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Changer le mot de passe")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Votre mot de passe est changé")).to_be_visible()


def test_on_peut_coller_un_mot_de_passe(ouvrir, se_connecter, site, ada, redevable):
    page = ouvrir(permissions=["clipboard-read", "clipboard-write"])
    se_connecter(page, ada)
    page.goto(f"{site}/mes-informations/")
    page.evaluate("texte => navigator.clipboard.writeText(texte)", NOUVEAU)
    page.get_by_label("Nouveau mot de passe", exact=True).focus()
    page.keyboard.press("Control+V")
    assert page.get_by_label("Nouveau mot de passe", exact=True).input_value() == NOUVEAU


@pytest.mark.sqlite
@pytest.mark.parametrize("javascript", [True, False])
def test_elle_change_d_adresse_apres_une_faute_de_frappe(ouvrir, se_connecter, site, ada, redevable, javascript):
    page = ouvrir(java_script_enabled=javascript)
    se_connecter(page, ada)
    page.get_by_role("link", name="Mes informations").first.click()
    page.get_by_role("link", name="Changer l'adresse mail").click()
    page.get_by_label("Nouvelle adresse mail").fill("ada@gmial.com")
    page.get_by_label("Mot de passe").fill(factories.MOT_DE_PASSE)
    page.get_by_role("button", name="Valider").click()
    expect(page.get_by_text("Avez-vous voulu écrire ada@gmail.com ?").first).to_be_visible()
    page.get_by_label("Nouvelle adresse mail").fill("ada@gmail.com")
    page.get_by_label("Mot de passe").fill(factories.MOT_DE_PASSE)
    page.get_by_role("button", name="Valider").click()
    expect(page.get_by_text("Un message part à ada@gmail.com.")).to_be_visible()
    nouvelle, ancienne = relever()
    page.goto(lien(nouvelle))
    page.get_by_role("button", name="Valider").click()
    expect(page.get_by_text("Vous vous connectez désormais avec ada@gmail.com.")).to_be_visible()
    page.goto(lien(ancienne))
    page.get_by_role("button", name="Garder mon adresse mail").click()
    expect(page.get_by_role("heading", name="Votre adresse mail n'a pas changé")).to_be_visible()
    assert Usager.objects.get(pk=ada.pk).email == "ada@exemple.fr"


@pytest.mark.sqlite
@pytest.mark.parametrize("javascript", [True, False])
def test_elle_renonce_au_papier_puis_y_revient(ouvrir, se_connecter, site, ada, redevable, javascript):
    page = ouvrir(java_script_enabled=javascript)
    se_connecter(page, ada)
    page.get_by_role("link", name="Mes informations").first.click()
    page.get_by_role("link", name="Ne pas recevoir les factures au format papier").click()
    page.get_by_role("button", name="Valider").click()
    expect(page.get_by_text("C'est noté : plus de papier.")).to_be_visible()
    page.get_by_role("button", name="Recevoir à nouveau les factures au format papier").click()
    expect(page.get_by_text("vos prochaines factures seront envoyées au format papier")).to_be_visible()


def test_chaque_page_est_accessible(ouvrir, se_connecter, site, boe, ada, redevable):
    page = ouvrir(statuts_attendus=(410,))
    page.goto(f"{site}/mot-de-passe/oublie/")
    verifier_accessibilite(page)
    page.get_by_role("button", name="Valider").click()  # le résumé des erreurs
    verifier_accessibilite(page)
    page.get_by_label("Adresse mail").fill(ada.email)
    page.get_by_role("button", name="Valider").click()
    verifier_accessibilite(page)
    page.goto(lien(seul()))
    verifier_accessibilite(page)
    page.goto(f"{site}/lien/mot-de-passe/faux/")
    verifier_accessibilite(page)
    se_connecter(page, ada)
    Usager.objects.update(courriel_confirme_le=None)
    for chemin in (
        "/mes-informations/",
        "/mes-informations/adresse-mail/",
        "/mes-informations/appareils/",
        "/mes-informations/copie/",
        f"/mes-informations/envoi/{redevable.uuid}/",
    ):
        page.goto(f"{site}{chemin}")
        verifier_accessibilite(page)
    Usager.objects.update(courriel_confirme_le=timezone.now())
    page.goto(f"{site}/mes-informations/envoi/{redevable.uuid}/")
    verifier_accessibilite(page)
    Copie.objects.create(collectivite=boe, usager=ada)
    page.goto(f"{site}/mes-informations/copie/")
    verifier_accessibilite(page)
    Copie.objects.update(prete_le=timezone.now(), fichier="copies/a.zip")
    page.reload()
    verifier_accessibilite(page)
    page.goto(f"{site}/mes-informations/adresse-mail/")
    page.get_by_label("Nouvelle adresse mail").fill("neuve@exemple.fr")
    page.get_by_label("Mot de passe").fill(factories.MOT_DE_PASSE)
    page.get_by_role("button", name="Valider").click()
    for message in relever():
        page.goto(lien(message))
        verifier_accessibilite(page)


def test_fermer_son_compte(ouvrir, se_connecter, site, ada, facture):
    page = ouvrir()
    se_connecter(page, ada)
    page.goto(f"{site}/mes-informations/")
    page.get_by_role("link", name="Fermer mon compte").click()
    verifier_accessibilite(page)
    page.get_by_label("Mot de passe").fill("pas le bon du tout")
    page.get_by_role("button", name="Fermer mon compte").click()
    verifier_accessibilite(page)
    page.get_by_label("Mot de passe").fill(factories.MOT_DE_PASSE)
    page.get_by_role("button", name="Fermer mon compte").click()
    expect(page.get_by_text("Votre compte est fermé.")).to_be_visible()
    page.goto(f"{site}/factures/")
    expect(page.get_by_role("button", name="Connexion", exact=True)).to_be_visible()
