"""Qui n'a que le papier paie dans Chromium : le QR du document, la page sans compte, PayFiP, le retour."""

import pytest
from playwright.sync_api import expect

from factures.models import Facture
from paiement_tipi.services import adresse_du_papier
from tests.parcours.conftest import verifier_accessibilite

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]


def test_le_papier_mene_a_payfip_sans_compte_ni_javascript(ouvrir, site, facture):
    page = ouvrir(java_script_enabled=False)
    page.goto(adresse_du_papier(Facture.objects.get(pk=facture.pk)))
    page.get_by_label("Votre adresse mail").fill("payeur@exemple.fr")
    page.get_by_role("button", name="Payer la facture sur le portail TIPI").click()
    page.get_by_role("button", name="Payer par carte bancaire").wait_for()
    autre = ouvrir()  # axe a besoin de JavaScript
    autre.goto(adresse_du_papier(Facture.objects.get(pk=facture.pk)))
    expect(autre.get_by_text("Un paiement est en cours pour cette facture.")).to_be_visible()
    verifier_accessibilite(autre)
    page.get_by_role("button", name="Payer par carte bancaire").click()
    page.get_by_role("button", name="Simuler un refus").click()
    page.get_by_role("link", name="Retourner sur le site").click()
    expect(page.get_by_text("ouvrez de nouveau le code de votre facture papier")).to_be_visible()
    autre.get_by_role("button", name="Vérifier maintenant").click()
    expect(autre.get_by_role("heading", name="Payer une facture sans compte")).to_be_visible()
    verifier_accessibilite(autre)
    autre.get_by_label("Votre adresse mail").fill("pas une adresse")
    autre.get_by_role("button", name="Payer la facture sur le portail TIPI").click()
    expect(autre.get_by_role("link", name="Écrivez une adresse mail complète")).to_be_visible()
    verifier_accessibilite(autre)
