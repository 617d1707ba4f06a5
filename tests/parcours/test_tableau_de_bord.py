"""Une agente lit le tableau de bord, change de service, emporte une liste, demande ce qui arriva à une facture."""

import csv
from datetime import timedelta
from decimal import Decimal

import factories
import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from factures.services import annuler, consulter, encaisser, tenir_le_bilan
from portail.models import Journal
from tests.parcours.conftest import verifier_accessibilite

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def une_annee(boe, ada, facture):
    """Deux services, des factures payées et en retard, de l'argent venu en ligne et au guichet."""
    cantine = factories.regie(boe, code="CANTINE", libelle="Restauration scolaire")
    hier = boe.aujourd_hui() - timedelta(days=1)
    autres = [factories.facture(facture.redevable, cantine, date_echeance=hier) for _ in range(3)]
    for n, payee in enumerate(autres[:2]):
        encaisser(
            facture=payee, montant=Decimal("243.11"), moyen="carte", origine=f"{'payfip' if n else 'guichet'}:{n}",
            recu_le=timezone.now() - timedelta(days=40 * n),
        )  # fmt: skip
    consulter(facture=facture, usager=ada)
    annuler(factures=[facture], motif="Erreur de relevé")
    tenir_le_bilan(collectivite=boe)
    return facture


def entrer(page: Page, site: str, personne) -> None:
    page.goto(f"{site}/gestion/")
    page.get_by_label("Adresse mail").fill(personne.email)
    page.get_by_label("Mot de passe", exact=True).fill(factories.MOT_DE_PASSE)
    page.get_by_role("button", name="Connexion", exact=True).click()
    page.get_by_role("heading", name="Accueil", exact=True).wait_for()


@pytest.mark.parametrize("javascript", [True, False])
def test_elle_lit_ses_chiffres_les_emporte_et_raconte_une_facture(ouvrir, site, agente, une_annee, javascript):
    def verifier() -> None:
        if javascript:
            verifier_accessibilite(page)

    page = ouvrir(java_script_enabled=javascript)
    entrer(page, site, agente)
    expect(page.get_by_role("img", name="Restauration scolaire")).to_be_visible()
    expect(page.get_by_role("img", name="L'argent reçu, dans le temps")).to_be_visible()
    page.get_by_text("Les mêmes chiffres en tableau").first.click()
    expect(page.get_by_role("cell", name="Restauration scolaire")).to_be_visible()
    verifier()
    page.get_by_label("Service", exact=True).select_option("Eau et assainissement")
    page.get_by_role("button", name="Voir").click()
    expect(page.get_by_role("img", name="Restauration scolaire")).to_have_count(0)
    page.get_by_role("link", name="30 jours").click()
    expect(page.get_by_label("Service", exact=True)).to_have_value("EAU")
    verifier()
    page.goto(f"{site}/gestion/")
    page.get_by_text("En retard", exact=True).first.locator("xpath=..").get_by_role("link").first.click()
    with page.expect_download() as telechargement:
        page.get_by_role("button", name="CSV").click()
    texte = telechargement.value.path().read_text("utf-8-sig")
    lignes = list(csv.reader(texte.splitlines(), delimiter=";"))
    assert [ligne[3] for ligne in lignes[1:]] == ["Restauration scolaire"]
    assert Journal.objects.get(action="liste.exportee").apres["lignes"] == 1
    page.goto(f"{site}/gestion/factures/facture/?q={une_annee.numero}")
    page.get_by_role("link", name=une_annee.numero).click()
    page.get_by_role("link", name="Qu'est-il arrivé à cette facture ?").click()
    expect(page.get_by_text("Lue pour la première fois")).to_be_visible()
    expect(page.get_by_text("Facture annulée", exact=True)).to_be_visible()
    expect(page.get_by_text("Erreur de relevé")).to_be_visible()
    verifier()
