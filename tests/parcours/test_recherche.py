"""Une agente au téléphone cherche dans Chromium ; une lectrice, un exploitant et la commune d'à côté ne voient pas."""

from decimal import Decimal
from typing import Any

import factories
import pytest
from playwright.sync_api import Page, expect

from portail.models import Affectation, Role
from tests.parcours.conftest import verifier_accessibilite
from tests.parcours.test_gestion import entrer

__all__ = ["entrer"]  # la même porte que les autres parcours de la gestion

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def beranger(boe: Any, eau: Any) -> Any:
    """Élodie BÉRANGER, sa facture de 1 234,50 €, et une voisine."""
    habitante = factories.usager(email="elodie@exemple.fr", nom="BÉRANGER", prenom="Élodie")
    redevable = factories.redevable(boe, habitante, nom="BÉRANGER", prenom="Élodie", code="CL-77")
    factories.facture(factories.redevable(boe, nom="BERNARD"), eau, montant=Decimal(99))
    return factories.facture(
        redevable, eau, numero="2026-EAU-0042", reference="X0000301010000004242", montant=Decimal("1234.50")
    )


def chercher(page: Page, terme: str) -> None:
    page.get_by_label("Rechercher").fill(terme)
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.mark.parametrize("javascript", [True, False])
def test_elle_ouvre_la_bonne_fiche_par_un_nom_une_reference_un_montant_une_adresse(
    ouvrir, entrer, site, agente, beranger, javascript
):
    page = ouvrir(java_script_enabled=javascript)
    entrer(page, agente)
    chercher(page, "beranger el")
    expect(page.get_by_role("heading", name="Résultats de la recherche")).to_be_visible()
    expect(page.get_by_label("Rechercher")).to_have_value("beranger el")
    if javascript:
        verifier_accessibilite(page)
    page.get_by_role("link", name="2026-EAU-0042").click()
    expect(page.get_by_role("heading", name="Facture : 2026-EAU-0042")).to_be_visible()
    page.go_back()  # et non une page à renvoyer
    expect(page.get_by_role("heading", name="Résultats de la recherche")).to_be_visible()
    chercher(page, "x0000301 01-0000004242")
    expect(page.get_by_role("heading", name="Facture : 2026-EAU-0042")).to_be_visible()
    chercher(page, "1 234,50 €")
    page.get_by_role("link", name="2026-EAU-0042").click()
    expect(page.get_by_role("heading", name="Facture : 2026-EAU-0042")).to_be_visible()
    chercher(page, "elodie@exemple.fr")
    expect(page.get_by_role("heading", name="Usager : Élodie BÉRANGER")).to_be_visible()
    chercher(page, "introuvable")
    expect(page.get_by_text("Rien ne correspond à « introuvable ».")).to_be_visible()
    if javascript:
        verifier_accessibilite(page)
    assert "eranger" not in page.url


def test_qui_n_a_pas_le_droit_de_voir_ne_trouve_pas(ouvrir, entrer, site, boe, ailleurs, beranger):
    for role, terme in ((Role.LECTURE, "elodie@exemple.fr"), (Role.EXPLOITANT, "beranger")):
        exploitant = role == Role.EXPLOITANT
        personne = factories.usager(is_staff=True, is_superuser=exploitant)
        if not exploitant:
            Affectation.objects.create(usager=personne, collectivite=boe, role=role)
        page = ouvrir()
        entrer(page, personne)
        chercher(page, terme)
        expect(page.get_by_text(f"Rien ne correspond à « {terme} ».")).to_be_visible()
    expect(page.get_by_text("Factures, paiements et comptes clients vous sont fermés.")).to_be_visible()
    verifier_accessibilite(page)
    voisine = factories.facture(factories.redevable(ailleurs, nom="VOISINE"), factories.regie(ailleurs))
    agent = factories.usager(is_staff=True)
    Affectation.objects.create(usager=agent, collectivite=boe, role=Role.ADMINISTRATION)
    page = ouvrir()
    entrer(page, agent)
    for terme in ("voisine", voisine.numero, voisine.reference):
        chercher(page, terme)
        expect(page.get_by_text(f"Rien ne correspond à « {terme} ».")).to_be_visible()
