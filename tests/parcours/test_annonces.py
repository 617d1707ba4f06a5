"""L'agente annonce et suspend ; l'habitante lit l'annonce une fois, et pourquoi elle ne peut pas payer."""

import re

import pytest
from playwright.sync_api import expect

from portail.models import LectureDAnnonce
from tests.parcours.conftest import verifier_accessibilite
from tests.parcours.test_gestion import entrer  # noqa: F401  # la même entrée dans la gestion

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]

TITRE = "Fermeture du guichet"
MESSAGE = "Nous corrigeons un tarif."


def annoncer(page, site):
    """De l'accueil de la gestion à l'annonce en ligne."""
    page.goto(f"{site}/gestion/portail/annonce/")
    page.get_by_role("link", name="Publier une annonce").click()
    page.get_by_label("Titre").fill(TITRE)
    page.get_by_label("Texte").fill("Le 24 décembre.\n\nVoir https://boe.example/guichet.")
    page.get_by_label("Importante").check()
    page.get_by_role("button", name="Voir avant de confirmer").click()
    expect(page.get_by_role("heading", name=TITRE)).to_be_visible()
    expect(page.get_by_role("link", name="https://boe.example/guichet")).to_be_visible()
    verifier_accessibilite(page)
    page.get_by_role("button", name="Publier une annonce").click()
    expect(page.get_by_text("L'annonce est en ligne.")).to_be_visible()
    verifier_accessibilite(page)


def suspendre(page, site):
    """L'interrupteur de l'accueil, puis sa confirmation."""
    page.goto(f"{site}/gestion/")
    page.get_by_role("link", name="Suspendre", exact=True).click()
    page.get_by_label("Message aux habitants").fill(MESSAGE)
    verifier_accessibilite(page)
    page.get_by_role("button", name="Suspendre le paiement en ligne").click()
    expect(page.get_by_text("Suspendu par Agente MAIRIE, sans date de reprise")).to_be_visible()
    page.goto(f"{site}/gestion/")
    expect(page.get_by_role("link", name="Reprendre", exact=True)).to_be_visible()
    verifier_accessibilite(page)


def lire_une_fois(page, site):
    """L'annonce à l'arrivée, « Accéder à mon espace », et plus jamais ensuite."""
    accueil = page.get_by_role("heading", name=re.compile("Vous avez 1 facture à régler"))
    expect(page.get_by_role("heading", name=TITRE)).to_be_visible()
    expect(accueil).to_have_count(0)
    verifier_accessibilite(page)
    page.get_by_role("button", name="Accéder à mon espace", exact=True).click()
    expect(accueil).to_be_visible()
    verifier_accessibilite(page)
    page.goto(site)
    expect(accueil).to_be_visible()
    page.get_by_text(TITRE).click()  # le bandeau se déplie
    expect(page.get_by_text("Le 24 décembre.")).to_be_visible()


def test_l_agente_annonce_et_suspend_l_habitante_le_lit(
    ouvrir,
    entrer,  # noqa: F811
    se_connecter,
    site,
    agente,
    ada,
    facture,
):
    bureau = ouvrir()
    entrer(bureau, agente)
    annoncer(bureau, site)
    suspendre(bureau, site)
    page = ouvrir()
    se_connecter(page, ada)
    lire_une_fois(page, site)
    assert LectureDAnnonce.objects.values_list("usager", "annonce__titre").get() == (ada.pk, TITRE)
    page.goto(f"{site}/factures/")
    verifier_accessibilite(page)
    page.goto(site + facture.get_absolute_url())
    expect(page.get_by_text("Le paiement a été temporairement suspendu.", exact=True)).to_be_visible()
    expect(page.get_by_text(MESSAGE)).to_be_visible()
    expect(page.get_by_role("link", name="Payer la facture")).to_have_count(0)
    verifier_accessibilite(page)
