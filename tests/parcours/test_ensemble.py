"""Une habitante coche trois factures, les paie en une fois, et passe à la suivante."""

from datetime import date, timedelta
from decimal import Decimal

import factories
import pytest
from playwright.sync_api import expect

from factures.models import Facture
from paiement_tipi.models import ContratTipi
from tests.parcours.conftest import verifier_accessibilite

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def trois(boe, ada, facture, eau):
    """Trois factures d'eau, que le service groupe, et une de cantine, qui se paie seule."""
    ContratTipi.objects.update(groupes=True)
    cantine = factories.regie(boe, code="CANTINE", libelle="Restauration scolaire")
    factories.contrat(cantine)
    plus_tard = date.today() + timedelta(days=90)
    factories.facture(
        facture.redevable, cantine, numero="2026-CAN-1", objet="Cantine de novembre", montant=Decimal("30.00"),
        date_echeance=plus_tard,
    )  # fmt: skip
    return [
        facture,
        factories.facture(facture.redevable, eau, numero="2026-EAU-1318", montant=Decimal("20.00")),
        factories.facture(facture.redevable, eau, numero="2026-EAU-1319", montant=Decimal("10.00")),
    ]


def test_elle_coche_paie_en_une_fois_et_passe_a_la_suivante(ouvrir, se_connecter, site, ada, trois):
    page = ouvrir()
    se_connecter(page, ada)
    page.goto(f"{site}/factures/")
    for facture in trois:
        page.get_by_role("checkbox", name=facture.numero).check()
    expect(page.get_by_text("Total coché : 273,11")).to_be_visible()
    verifier_accessibilite(page)
    page.get_by_role("button", name="Voir le total et payer").click()
    expect(page.get_by_role("heading", name="Vérifiez, puis payez 3 factures")).to_be_visible()
    verifier_accessibilite(page)
    page.get_by_role("button", name="Payer ces factures sur le portail TIPI").click()
    page.get_by_role("button", name="Payer par carte bancaire").wait_for()
    # Dans un autre onglet, les trois sont en cours : la liste et la facture le disent.
    autre = page.context.new_page()
    autre.goto(f"{site}/factures/")
    expect(autre.get_by_role("link", name="reprendre ou libérer")).to_have_count(3)
    verifier_accessibilite(autre)
    autre.get_by_role("link", name="reprendre ou libérer").first.click()
    expect(autre.get_by_role("heading", name="Paiement commencé")).to_be_visible()
    verifier_accessibilite(autre)
    page.get_by_role("button", name="Payer par carte bancaire").click()
    page.get_by_role("button", name="Valider le paiement").click()
    page.get_by_role("link", name="Retourner sur le site").click()
    expect(page.get_by_role("heading", name="Votre paiement est enregistré")).to_be_visible()
    verifier_accessibilite(page)
    page.get_by_role("link", name="Payer la suivante (2 sur 2)").click()
    expect(page.get_by_role("heading", name="Vérifiez, puis payez")).to_be_visible()
    assert [Facture.objects.get(pk=facture.pk).reste_du for facture in trois] == [0, 0, 0]
    page.goto(f"{site}/factures/tout-payer/")
    verifier_accessibilite(page)
