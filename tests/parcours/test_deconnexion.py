"""Après « Déconnexion », le bouton « Précédent » du navigateur ne montre plus rien de la personne."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("javascript", [True, False])
def test_precedent_apres_la_deconnexion_ne_montre_aucune_facture(ouvrir, se_connecter, site, facture, ada, javascript):
    page = ouvrir(java_script_enabled=javascript)
    se_connecter(page, ada)
    page.goto(f"{site}/factures/{facture.uuid}/")
    expect(page.get_by_text(facture.reference).first).to_be_visible()
    page.get_by_role("button", name="Déconnexion").click()
    expect(page.get_by_text("Vous avez quitté votre espace.")).to_be_visible()
    for _ in range(4):
        page.go_back()
        assert facture.reference not in page.content()
        assert ada.nom not in page.content()
    page.goto(f"{site}/factures/{facture.uuid}/")
    expect(page.get_by_label("Adresse mail")).to_be_visible()
