"""L'administratrice règle sa commune dans Chromium, et une commune neuve s'ouvre, sous la CSP stricte."""

from io import BytesIO

import factories
import pytest
from PIL import Image
from playwright.sync_api import expect

from portail.models import Collectivite, Role
from tests.gestion.conftest import agent_de
from tests.gestion.test_reglages import MENTIONS
from tests.parcours.conftest import verifier_accessibilite
from tests.parcours.test_gestion import entrer

__all__ = ["entrer"]  # un navigateur qui se connecte en allant droit à la gestion

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]


def image() -> dict[str, object]:
    sortie = BytesIO()
    Image.new("RGB", (90, 60), "#7a3a5c").save(sortie, "JPEG")
    return {"name": "logo.jpg", "mimeType": "image/jpeg", "buffer": sortie.getvalue()}


def test_elle_change_horaires_couleur_logo_et_courriel_et_la_page_publique_change(
    ouvrir, entrer, site, boe, settings, tmp_path
):
    stockage = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = settings.STORAGES | {"default": stockage}
    page = ouvrir()
    entrer(page, agent_de(boe, Role.ADMINISTRATION))
    page.get_by_role("link", name="Réglages de la commune").click()
    verifier_accessibilite(page)
    page.get_by_role("link", name="Modifier l'identité et le contact").click()
    page.get_by_label("Horaires").fill("le matin seulement")
    verifier_accessibilite(page)
    page.get_by_role("button", name="Modifier l'identité et le contact").click()
    expect(page.get_by_text("C'est enregistré.")).to_be_visible()
    page.get_by_role("link", name="Changer la couleur").click()
    page.get_by_label("Couleur").fill("#7a3a5c")
    page.get_by_role("button", name="Voir avant de confirmer").click()
    bouton = page.locator(".apercu-couleur .bouton-plein")
    expect(bouton).to_have_css("background-color", "rgb(122, 58, 92)")
    verifier_accessibilite(page)
    page.get_by_role("button", name="Changer la couleur").click()
    page.get_by_role("link", name="Changer le logo").click()
    page.get_by_label("Image").set_input_files(files=[image()])
    page.get_by_role("button", name="Changer le logo").click()
    logo = page.locator("header .commune-logo")
    expect(logo).to_be_visible()
    expect(logo).to_have_js_property("naturalWidth", 90)  # visible ne veut pas dire chargée
    expect(logo).to_have_js_property("naturalHeight", 60)
    page.get_by_role("link", name="Voir et changer les textes").click()
    verifier_accessibilite(page)
    page.get_by_role("link", name="À qui vient de payer en ligne").click()
    cadre = page.frame_locator("iframe")
    expect(cadre.get_by_role("heading", name="Votre paiement est enregistré")).to_be_visible()
    page.get_by_label("Introduction").fill("Merci d'avoir payé {service}.")
    page.get_by_role("button", name="Voir ce que cela donne").click()
    expect(cadre.get_by_text("Merci d'avoir payé Eau et assainissement.")).to_be_visible()
    page.get_by_role("button", name="Voir la version sans mise en forme").click()
    expect(cadre.get_by_text("Merci d'avoir payé Eau et assainissement.")).to_be_visible()
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("C'est enregistré.")).to_be_visible()
    verifier_accessibilite(page)
    page.context.clear_cookies()
    page.goto(f"{site}/connexion/")
    expect(page.get_by_text("le matin seulement")).to_be_visible()
    expect(page.locator("header .commune-logo")).to_be_visible()
    expect(page.get_by_role("button", name="Connexion", exact=True)).to_have_css("background-color", "rgb(122, 58, 92)")


def test_une_commune_neuve_est_bloquee_puis_ouverte(ouvrir, entrer, site, boe, eau):
    Collectivite.objects.update(ouverte_le=None)
    page = ouvrir()
    page.goto(f"{site}/")
    expect(page.get_by_role("heading", name="Ce portail ouvrira bientôt")).to_be_visible()
    verifier_accessibilite(page)
    page.get_by_role("link", name="Vous travaillez pour la commune ? Connectez-vous.").click()
    verifier_accessibilite(page)
    entrer(page, agent_de(boe, Role.ADMINISTRATION))
    page.get_by_role("link", name="à remplir").first.click()
    for libelle, valeur in zip(
        ("Adresse postale", "Courriel de contact", "Hébergeur du site", "Directeur de la publication", "Délégué à"),
        MENTIONS.values(),
        strict=True,
    ):
        page.get_by_label(libelle).fill(valeur)
    page.get_by_role("button", name="Modifier l'identité et le contact").click()
    page.get_by_role("link", name="Voir la mise en service").click()
    verifier_accessibilite(page)
    page.get_by_role("link", name="Ouvrir le portail").click()
    verifier_accessibilite(page)
    page.get_by_role("button", name="Ouvrir le portail").click()
    expect(page.get_by_text("Le portail est ouvert : les habitants peuvent se connecter")).to_be_visible()
    page.context.clear_cookies()
    page.goto(f"{site}/activation/")
    expect(page.get_by_role("heading", name="J'active mon compte")).to_be_visible()
    assert factories.MOT_DE_PASSE
