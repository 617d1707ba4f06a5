"""Une habitante paie sa facture dans Chromium : par carte, par prélèvement, refusée, abandonnée, interrompue."""

from datetime import timedelta
from decimal import Decimal

import pytest
import requests
from django.utils import timezone
from playwright.sync_api import Page, expect

from factures.models import Facture, Reglement
from paiement_tipi import services
from paiement_tipi.models import Paiement, PartPaiement
from tests.parcours.conftest import verifier_accessibilite

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]

PAYER = "Payer la facture sur le portail TIPI"


def etat_affiche(page: Page) -> str | None:
    return page.locator("[data-etat]").first.get_attribute("data-etat")


def regler_simulateur(simulateur, **reglages: str) -> None:
    requests.post(f"{simulateur.url}/simulateur/etat", json=reglages, timeout=5).raise_for_status()


def aller_payer(page: Page, site: str, facture: Facture) -> None:
    """De l'accueil à la page de PayFiP, par les liens."""
    page.get_by_role("link", name="Mes factures").first.click()
    page.get_by_role("link", name=facture.reference).first.click()
    page.get_by_role("link", name="Payer la facture", exact=True).click()
    page.get_by_role("button", name=PAYER).click()
    page.get_by_role("button", name="Payer par carte bancaire").wait_for()


def relire_la_facture(page: Page, site: str, facture: Facture) -> str | None:
    page.goto(f"{site}/factures/{facture.uuid}/")
    return etat_affiche(page)


@pytest.mark.sqlite
def test_elle_paie_par_carte_revient_et_la_voit_payee(ouvrir, se_connecter, site, ada, facture):
    page = ouvrir()
    page.goto(f"{site}/connexion/")
    verifier_accessibilite(page)
    se_connecter(page, ada)
    verifier_accessibilite(page)
    page.get_by_role("link", name="Mes factures").first.click()
    expect(page.get_by_text("243,11\N{NO-BREAK SPACE}€").first).to_be_visible()
    verifier_accessibilite(page)
    page.get_by_role("link", name=facture.reference).first.click()
    verifier_accessibilite(page)
    page.get_by_role("link", name="Payer la facture", exact=True).click()
    verifier_accessibilite(page)
    page.get_by_role("button", name=PAYER).click()
    expect(page.get_by_text("Aucun paiement ne sera réellement effectué.")).to_be_visible()
    page.get_by_role("button", name="Payer par carte bancaire").click()
    page.get_by_role("button", name="Valider le paiement").click()
    page.get_by_role("link", name="Retourner sur le site").click()
    expect(page.get_by_role("heading", name="Votre paiement est enregistré")).to_be_visible()
    assert etat_affiche(page) == "payee"
    verifier_accessibilite(page)
    assert relire_la_facture(page, site, facture) == "payee"
    verifier_accessibilite(page)
    reglement = Reglement.objects.get()
    assert (reglement.montant, reglement.moyen) == (Decimal("243.11"), "carte")


def test_par_prelevement_la_facture_dit_prelevement_enregistre(ouvrir, se_connecter, site, ada, facture):
    page = ouvrir()
    se_connecter(page, ada)
    aller_payer(page, site, facture)
    page.get_by_role("button", name="Payer par prélèvement").click()
    page.get_by_role("button", name="Valider le paiement").click()
    page.get_by_role("link", name="Retourner sur le site").click()
    expect(page.get_by_role("heading", name="Prélèvement enregistré")).to_be_visible()
    verifier_accessibilite(page)
    assert relire_la_facture(page, site, facture) == "payee"
    expect(page.get_by_text("Prélèvement enregistré").first).to_be_visible()


def test_refusee_elle_peut_reessayer_tout_de_suite(ouvrir, se_connecter, site, ada, facture):
    page = ouvrir()
    se_connecter(page, ada)
    aller_payer(page, site, facture)
    page.get_by_role("button", name="Payer par carte bancaire").click()
    page.get_by_role("button", name="Simuler un refus").click()
    page.get_by_role("link", name="Retourner sur le site").click()
    expect(page.get_by_role("heading", name="Le paiement a été refusé")).to_be_visible()
    verifier_accessibilite(page)
    assert relire_la_facture(page, site, facture) == "a-payer"
    expect(page.get_by_role("link", name="Payer la facture", exact=True)).to_be_visible()


def test_abandonnee_elle_attend_deux_minutes_puis_redevient_payable(
    ouvrir, se_connecter, site, simulateur, ada, facture
):
    page = ouvrir()
    se_connecter(page, ada)
    aller_payer(page, site, facture)
    page.get_by_role("button", name="Annuler").click()
    expect(page.get_by_text("Paiement abandonné, vous pourrez réessayer dans 2 minutes.").first).to_be_visible()
    verifier_accessibilite(page)
    assert relire_la_facture(page, site, facture) == "en-cours"
    expect(page.get_by_text("Paiement abandonné, vous pourrez réessayer dans 2 minutes").first).to_be_visible()
    verifier_accessibilite(page)
    services.rapprocher(guichet=services.guichet(personne=False), maintenant=timezone.now() + timedelta(minutes=2))
    assert relire_la_facture(page, site, facture) == "a-payer"


def test_onglet_ferme_sans_notification_le_releve_la_regle(ouvrir, se_connecter, site, simulateur, ada, facture):
    regler_simulateur(simulateur, notification="jamais")
    page = ouvrir()
    se_connecter(page, ada)
    aller_payer(page, site, facture)
    page.get_by_role("button", name="Payer par carte bancaire").click()
    page.get_by_role("button", name="Valider le paiement").click()
    page.get_by_role("link", name="Retourner sur le site").wait_for()
    page.goto("about:blank")
    assert relire_la_facture(page, site, facture) == "en-cours"
    services.relever(guichet=services.guichet(personne=False), maintenant=timezone.now() + timedelta(minutes=5))
    assert relire_la_facture(page, site, facture) == "payee"


@pytest.mark.parametrize("javascript", [True, False])
def test_un_double_clic_ne_cree_qu_une_tentative_et_mene_a_payfip(ouvrir, se_connecter, site, ada, facture, javascript):
    page = ouvrir(java_script_enabled=javascript)
    se_connecter(page, ada)
    page.goto(f"{site}/factures/{facture.uuid}/payer/")
    page.get_by_role("button", name=PAYER).dblclick(no_wait_after=True)
    page.get_by_role("button", name="Payer par carte bancaire").wait_for()
    assert (Paiement.objects.count(), PartPaiement.objects.filter(ouverte=True).count()) == (1, 1)


def test_dans_deux_onglets_le_second_apprend_qu_un_paiement_est_en_cours(ouvrir, se_connecter, site, ada, facture):
    premier = ouvrir(statuts_attendus=(409,))
    se_connecter(premier, ada)
    second = premier.context.new_page()
    for page in (premier, second):
        page.goto(f"{site}/factures/{facture.uuid}/payer/")
    premier.get_by_role("button", name=PAYER).click()
    premier.get_by_role("button", name="Payer par carte bancaire").wait_for()
    second.get_by_role("button", name=PAYER).click()
    expect(second.get_by_text("Un paiement est en cours pour cette facture.").first).to_be_visible()
    verifier_accessibilite(second)
    assert relire_la_facture(second, site, facture) == "en-cours"
    expect(second.get_by_role("link", name="Payer la facture", exact=True)).to_have_count(0)
    assert Paiement.objects.count() == 1


def test_session_perdue_au_retour_elle_lit_l_issue_sans_rien_de_personnel(ouvrir, se_connecter, site, ada, facture):
    page = ouvrir()
    se_connecter(page, ada)
    aller_payer(page, site, facture)
    page.get_by_role("button", name="Payer par carte bancaire").click()
    page.get_by_role("button", name="Valider le paiement").click()
    page.context.clear_cookies()
    page.get_by_role("link", name="Retourner sur le site").click()
    expect(page.get_by_role("heading", name="Votre paiement est enregistré")).to_be_visible()
    texte = page.locator("body").inner_text()
    assert [mot for mot in ("243,11", "LOVELACE", "1317", ada.email) if mot in texte] == []
    verifier_accessibilite(page)
    assert Facture.objects.get(pk=facture.pk).reste_du == 0


def test_tout_le_parcours_marche_sans_javascript(ouvrir, se_connecter, site, ada, facture):
    page = ouvrir(java_script_enabled=False)
    se_connecter(page, ada)
    aller_payer(page, site, facture)
    page.get_by_role("button", name="Payer par carte bancaire").click()
    page.get_by_role("button", name="Valider le paiement").click()
    page.get_by_role("link", name="Retourner sur le site").click()
    expect(page.get_by_role("heading", name="Votre paiement est enregistré")).to_be_visible()
    assert relire_la_facture(page, site, facture) == "payee"
    page.get_by_role("button", name="Déconnexion").click()
    expect(page.get_by_role("button", name="Connexion", exact=True)).to_be_visible()
