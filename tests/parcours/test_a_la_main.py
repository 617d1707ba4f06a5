"""Une agente écrit une facture, en reçoit une part, dépose un fichier de guichet ; l'habitante lit ce qui reste dû."""

from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import expect

from factures.models import Facture
from tests.parcours.conftest import verifier_accessibilite
from tests.parcours.test_gestion import entrer

__all__ = ["entrer"]

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]

FICHIER = """numero;montant;date;moyen;bordereau
2026-EAU-M0001;30,00;02/03/2026;especes;B-2
2026-EAU-1317;250;02/03/2026;cheque;B-2
INCONNUE;5;02/03/2026;cheque;B-2
"""


def ecrire_et_publier(page: Any, verifier: Any) -> None:
    page.get_by_role("link", name="Créer une facture").click()
    page.get_by_label("Redevable").fill("lovel")
    page.get_by_label("Objet").fill("Branchement d'eau")
    page.get_by_label("Désignation, ligne 1", exact=True).fill("Branchement")
    page.get_by_role("button", name="Voir avant de confirmer").click()
    expect(page.get_by_role("link", name="Montant, ligne 1 : Il manque sur la ligne 1.")).to_be_visible()
    verifier()
    page.get_by_label("Quantité, ligne 1", exact=True).fill("2")
    page.get_by_label("Prix unitaire, ligne 1", exact=True).fill("40,00 €")
    page.get_by_role("button", name="Ajouter des lignes").click()
    expect(page.get_by_label("Désignation, ligne 20")).to_be_visible()
    page.get_by_role("button", name="Voir avant de confirmer").click()
    expect(page.get_by_text("Total à payer")).to_be_visible()
    verifier()
    page.get_by_role("button", name="Créer une facture").click()
    expect(page.get_by_text("Le brouillon est prêt.")).to_be_visible()
    verifier()
    page.get_by_role("link", name="Publier").click()
    page.get_by_role("button", name="Publier").click()
    expect(page.get_by_text("La facture est publiée.")).to_be_visible()


def enregistrer_une_part(page: Any, verifier: Any) -> None:
    page.get_by_role("link", name="Enregistrer un règlement").click()
    page.get_by_label("Montant").fill("20")
    page.get_by_label("Moyen").select_option("cheque")
    page.get_by_role("button", name="Voir avant de confirmer").click()
    expect(page.get_by_text("Reste dû : 80,00 €, puis 60,00 €.")).to_be_visible()
    verifier()
    page.get_by_role("button", name="Enregistrer un règlement").click()
    expect(page.get_by_text("Le règlement est enregistré.")).to_be_visible()


def deposer_et_enregistrer(page: Any, verifier: Any) -> None:
    verifier()
    guichet = {"name": "guichet.csv", "mimeType": "text/csv", "buffer": FICHIER.encode()}
    page.get_by_label("Fichier (CSV, XLSX ou ODS)").set_input_files(files=[guichet])
    page.get_by_role("button", name="Déposer un fichier de règlements").click()
    expect(page.get_by_role("heading", name="Sans facture")).to_be_visible()
    expect(page.get_by_text("6,89 €").first).to_be_visible()
    verifier()
    page.get_by_role("link", name="Enregistrer les règlements").click()
    page.get_by_label("Laisser de côté").check()
    page.get_by_role("button", name="Enregistrer les règlements").click()
    expect(page.get_by_text("Le fichier est enregistré.")).to_be_visible()


def cocher(page: Any, verifier: Any) -> None:
    verifier()
    page.get_by_label("Choisir 2026-EAU-M0001").check()
    page.get_by_label("Choisir 2026-EAU-1317").check()
    page.get_by_role("button", name="Mettre en attente").click()
    expect(page.get_by_role("heading", name="1 ligne sera changée")).to_be_visible()
    expect(page.get_by_text("1 ligne : Elle est payée.")).to_be_visible()
    verifier()


@pytest.mark.parametrize("javascript", [True, False])
def test_de_la_facture_ecrite_a_la_main_au_reste_du_que_lit_l_habitante(
    ouvrir: Any, entrer: Any, se_connecter: Any, site: str, agente: Any, ada: Any, facture: Facture, javascript: bool
) -> None:
    def verifier() -> None:
        if javascript:
            verifier_accessibilite(page)

    page = ouvrir(java_script_enabled=javascript)
    entrer(page, agente)
    page.goto(f"{site}/gestion/factures/facture/")
    ecrire_et_publier(page, verifier)
    enregistrer_une_part(page, verifier)
    page.goto(f"{site}/gestion/factures/depotreglements/deposer/")
    deposer_et_enregistrer(page, verifier)
    page.goto(f"{site}/gestion/factures/facture/")
    cocher(page, verifier)

    page = ouvrir(java_script_enabled=javascript)
    se_connecter(page, ada)
    page.goto(f"{site}{Facture.objects.get(numero='2026-EAU-M0001').get_absolute_url()}")
    expect(page.locator(".somme")).to_have_text("30,00 €")
    page.goto(f"{site}{facture.get_absolute_url()}")
    expect(page.get_by_text("6,89 € vous reviennent")).to_be_visible()
    expect(page.get_by_role("link", name="Payer la facture")).to_have_count(0)
    assert Facture.objects.get(pk=facture.pk).trop_percu == Decimal("6.89")
    verifier()


def test_le_second_agent_lit_ce_que_le_premier_a_fait(
    ouvrir: Any, entrer: Any, site: str, agente: Any, facture: Facture
) -> None:
    page = ouvrir(statuts_attendus=(409,))
    entrer(page, agente)
    adresse = f"{site}/gestion/factures/facture/{facture.pk}"
    page.goto(f"{adresse}/prolonger/")
    autre = page.context.new_page()
    autre.goto(f"{adresse}/attendre/")
    autre.get_by_label("Motif").fill("Relevé à vérifier")
    autre.get_by_role("button", name="Mettre en attente").click()
    autre.get_by_text("La facture est en attente.").wait_for()
    page.get_by_label("Payable en ligne jusqu'au").fill("2099-01-01")
    page.get_by_role("button", name="Prolonger le délai").click()
    expect(page.get_by_text("Quelqu'un d'autre vient de changer cet objet")).to_be_visible()
    expect(page.get_by_role("cell", name="Facture mise en attente")).to_be_visible()
    expect(page.get_by_label("Payable en ligne jusqu'au")).to_have_value("2099-01-01")
    verifier_accessibilite(page)
    page.get_by_role("button", name="Prolonger le délai").click()
    expect(page.get_by_text("Le délai est prolongé.")).to_be_visible()
