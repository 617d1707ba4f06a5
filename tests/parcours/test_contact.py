"""L'habitante écrit avec une image, l'agente répond depuis la gestion, l'habitante lit et répond, l'agente clôt."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from contact.models import Demande, PieceJointe, ReponseType
from tests.contact.outils_pieces import LIEU, image
from tests.parcours.conftest import verifier_accessibilite
from tests.parcours.test_accessibilite import verifier
from tests.parcours.test_gestion import TEMOIN, entrer

__all__ = ["entrer"]
pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def fichiers(settings: Any, tmp_path: Path) -> None:
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    }


def sans_regarder(_page: Page) -> None:
    """Sans script, pas d'axe."""


def ecrire(page: Page, site: str, facture: Any, regarder: Callable[[Page], None]) -> None:
    """Depuis sa facture, avec une photo ; Effacer vide le formulaire, une carte le fait revenir entier."""
    page.goto(f"{site}{facture.get_absolute_url()}")
    page.get_by_role("link", name="Une question sur cette facture ?").click()
    page.get_by_label("Votre message").fill("Un brouillon")
    page.get_by_role("button", name="Effacer").click()
    expect(page.get_by_label("Votre message")).to_have_value("")
    regarder(page)
    page.get_by_label("Votre message").fill("Ma carte : 4111 1111 1111 1111")
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_role("alert")).to_contain_text("On dirait un numéro de carte bancaire.")
    expect(page.get_by_label("Votre message")).to_have_value("Ma carte : 4111 1111 1111 1111")
    regarder(page)
    page.get_by_label("Votre message").fill("Voici mon compteur.")
    page.get_by_label("Pièces jointes").set_input_files({"name": "x.jpg", "mimeType": "image/jpeg", "buffer": image()})
    page.get_by_label("Facture concernée").select_option(str(facture.uuid))
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_role("heading", name="Votre demande est enregistrée")).to_be_visible()
    regarder(page)


def repondre(page: Page, site: str, regarder: Callable[[Page], None]) -> None:
    """Une réponse type, complétée après l'aperçu."""
    page.goto(f"{site}/gestion/contact/demande/")
    regarder(page)
    page.locator(".defile tbody th a").click()
    expect(page.get_by_text("Voici mon compteur.", exact=True)).to_be_visible()
    regarder(page)
    with page.expect_download() as telechargement:
        page.get_by_role("link", name="x.jpg").click()
    assert LIEU.encode() not in telechargement.value.path().read_bytes()
    page.get_by_role("link", name="Répondre").click()
    page.get_by_label("Réponse type").select_option(label="Relevé")
    page.get_by_role("button", name="Voir avant de confirmer").click()
    expect(page.get_by_label("Votre réponse")).to_have_value("Nous passons relever le compteur.")
    regarder(page)
    page.get_by_label("Votre réponse").fill("Nous passons relever le compteur jeudi.")
    page.get_by_role("button", name="Répondre", exact=True).click()
    expect(page.get_by_text("La réponse est envoyée.")).to_be_visible()
    regarder(page)


@pytest.mark.parametrize("javascript", [True, False])
def test_une_demande_de_bout_en_bout(ouvrir, se_connecter, entrer, site, boe, ada, agente, facture, javascript):
    ReponseType.objects.create(collectivite=boe, titre="Relevé", texte="Nous passons relever le compteur.")
    regarder, regarder_la_gestion = (verifier, verifier_accessibilite) if javascript else (sans_regarder, sans_regarder)
    habitante, agent = ouvrir(java_script_enabled=javascript), ouvrir(java_script_enabled=javascript)
    habitante.add_init_script(TEMOIN)
    se_connecter(habitante, ada)
    ecrire(habitante, site, facture, regarder)
    entrer(agent, agente)
    repondre(agent, site, regarder_la_gestion)

    habitante.goto(f"{site}/contact/")
    regarder(habitante)
    habitante.get_by_role("link", name="Lire la réponse").click()
    expect(habitante.get_by_text("Nous passons relever le compteur jeudi.")).to_be_visible()
    regarder(habitante)
    habitante.get_by_label("Votre message").fill("Parfait, merci.")
    habitante.get_by_role("button", name="Envoyer").click()
    expect(habitante.get_by_text("Votre message est envoyé au service.")).to_be_visible()

    agent.reload()
    expect(agent.get_by_text("Parfait, merci.")).to_be_visible()
    agent.get_by_role("link", name="Clore").click()
    agent.get_by_role("button", name="Clore").click()
    expect(agent.get_by_text("La demande est close.")).to_be_visible()
    demande = Demande.objects.get()
    assert (demande.etat, demande.facture, demande.messages.count()) == ("close", facture, 3)
    assert PieceJointe.objects.get().nom == "x.jpg"
