"""Une agente travaille dans Chromium : elle trouve une facture, l'annule, suspend un service, sous la CSP stricte."""

from collections.abc import Iterator
from typing import Any

import factories
import pytest
from axe_outil import axe
from playwright.sync_api import Browser, Page, expect

from factures.etats import Statut
from factures.models import Facture
from portail.models import Affectation, Role
from tests.parcours.conftest import verifier_accessibilite

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]

TEMOIN = """
document.addEventListener("securitypolicyviolation", (e) => console.error("csp : " + e.violatedDirective));
"""


@pytest.fixture
def entrer(site: str) -> Any:
    """Par la page de connexion, en allant droit à la gestion."""

    def _entrer(page: Page, personne: Any) -> None:
        page.add_init_script(TEMOIN)
        page.goto(f"{site}/gestion/")
        page.get_by_label("Adresse mail").fill(personne.email)
        page.get_by_label("Mot de passe", exact=True).fill(factories.MOT_DE_PASSE)
        page.get_by_role("button", name="Connexion", exact=True).click()
        page.get_by_role("heading", name="Accueil", exact=True).wait_for()

    return _entrer


@pytest.mark.parametrize("javascript", [True, False])
def test_elle_trouve_une_facture_l_annule_et_suspend_un_service(ouvrir, entrer, site, agente, facture, javascript):
    def verifier() -> None:
        if javascript:
            verifier_accessibilite(page)

    page = ouvrir(java_script_enabled=javascript)
    entrer(page, agente)
    verifier()
    page.get_by_role("link", name="Factures", exact=True).click()
    verifier()
    page.get_by_label("Rechercher").fill("lovel")
    page.get_by_role("button", name="Chercher").click()
    page.get_by_role("link", name=facture.numero).click()
    expect(page.get_by_role("heading", name=f"Facture : {facture.numero}")).to_be_visible()
    verifier()
    page.get_by_role("link", name="Annuler la facture").click()
    verifier()
    page.get_by_role("button", name="Annuler la facture").click()
    expect(page.get_by_text("Ce champ est obligatoire.", exact=True)).to_be_visible()
    verifier()
    page.get_by_label("Motif").fill("Erreur de relevé : une nouvelle facture suit.")
    page.get_by_role("button", name="Annuler la facture").click()
    expect(page.get_by_text("La facture est annulée.")).to_be_visible()
    verifier()
    assert Facture.objects.get(pk=facture.pk).statut == Statut.ANNULEE
    page.get_by_role("link", name="Qu'est-il arrivé à cette facture ?").click()
    expect(page.get_by_text("Facture annulée", exact=True)).to_be_visible()
    verifier()
    page.goto(f"{site}/gestion/portail/regie/")
    page.get_by_role("link", name="Eau et assainissement").click()
    page.get_by_role("link", name="Suspendre le paiement en ligne").click()
    page.get_by_role("button", name="Suspendre le paiement en ligne").click()
    expect(page.get_by_text("Le paiement en ligne de ce service est suspendu.")).to_be_visible()


def test_elle_filtre_au_clavier_sans_quitter_la_page(ouvrir, entrer, site, agente, facture):
    page = ouvrir()
    entrer(page, agente)
    page.goto(f"{site}/gestion/factures/facture/")
    page.get_by_text("État", exact=True).first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Payée", exact=True)).to_be_visible()
    verifier_accessibilite(page)
    page.get_by_role("link", name="Payée", exact=True).click()
    expect(page.get_by_text("Aucune ligne ne correspond.")).to_be_visible()
    verifier_accessibilite(page)
    page.get_by_role("link", name="Tout revoir").click()
    expect(page.get_by_role("link", name=facture.numero)).to_be_visible()


def test_chaque_liste_est_lisible_par_tous(ouvrir, entrer, site, boe, facture):
    """axe sur chaque liste et la première fiche de chacune, sur téléphone et sur ordinateur."""
    responsable = factories.usager(is_staff=True)
    Affectation.objects.create(usager=responsable, collectivite=boe, role=Role.ADMINISTRATION)
    page = ouvrir()
    entrer(page, responsable)
    listes = page.locator(".modeles a").evaluate_all("liens => liens.map(lien => lien.href)")
    assert len(listes) >= 18
    for liste in listes:
        page.goto(liste)
        verifier_accessibilite(page)
        fiches = page.locator(".defile tbody th a")
        if fiches.count():
            fiches.first.click()
            verifier_accessibilite(page)


def test_l_exploitant_ouvre_l_acces_avec_un_motif_puis_le_ferme(ouvrir, entrer, site, boe, facture):
    exploitant = factories.usager(is_staff=True, is_superuser=True)
    page = ouvrir(statuts_attendus=(403,))
    entrer(page, exploitant)
    verifier_accessibilite(page)
    page.goto(f"{site}/gestion/factures/facture/")
    verifier_accessibilite(page)
    page.get_by_label("Motif").fill("Ticket 1234, facture introuvable")
    page.get_by_role("button", name="Ouvrir l'accès").click()
    expect(page.get_by_role("link", name=facture.numero)).to_be_visible()
    verifier_accessibilite(page)
    page.get_by_role("button", name="Fermer cet accès").click()
    expect(page.get_by_text("Vous n'avez plus accès aux factures de cette commune.")).to_be_visible()
    verifier_accessibilite(page)


@pytest.fixture
def page_nue(chromium: Browser) -> Iterator[Page]:
    """Sans surveillance : le test y commet des fautes."""
    contexte = chromium.new_context()
    yield contexte.new_page()
    contexte.close()


def test_le_temoin_de_la_csp_et_celui_d_axe_voient_une_faute(page_nue, entrer, agente):
    plaintes: list[str] = []
    page_nue.on("console", lambda message: plaintes.append(message.text))
    entrer(page_nue, agente)
    assert [p for p in plaintes if p.startswith("csp :")] == []
    with page_nue.expect_console_message(lambda message: message.text == "csp : style-src-attr"):
        page_nue.evaluate(
            "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p><img src=\"/x\">')"
        )
    assert "image-alt" in {regle for regle, _ou in axe(page_nue)}
