"""Les pages du simulateur dans Chromium : parcours entiers, axe, CSP, sans JavaScript, deux largeurs."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # sans types
from playwright.sync_api import Browser, Page

from tests.paiement_tipi.test_simulateur_outils import (
    Marchand,
    Simulateur,
    faute,
    feuilles,
    marchand_en_marche,
    simulateur_en_marche,
)

pytestmark = pytest.mark.navigateur

LARGEURS = (390, 1280)


class Parcours(NamedTuple):
    """Deux boutons, et ce qu'ils donnent."""

    moyen: str
    fin: str
    resultat: str
    titre: str


PARCOURS = (
    Parcours("Payer par carte bancaire", "Valider le paiement", "P", "Paiement accepté"),
    Parcours("Payer par prélèvement", "Simuler un refus", "Z", "Prélèvement refusé"),
)


@pytest.fixture
def page_bruyante(chromium: Browser, largeur: int, theme: Literal["light", "dark"]) -> Iterator[Page]:
    """Une page dont le moindre message de console (erreur, violation de CSP) fait échouer le test."""
    bruits: list[str] = []
    page = chromium.new_page(viewport={"width": largeur, "height": 844}, color_scheme=theme)
    page.on("console", lambda message: bruits.append(message.text))
    page.on("pageerror", lambda erreur: bruits.append(str(erreur)))
    yield page
    page.close()
    assert bruits == []


@pytest.fixture
def simulateur() -> Iterator[Simulateur]:
    with simulateur_en_marche() as simulateur:
        yield simulateur


@pytest.fixture
def marchand() -> Iterator[Marchand]:
    with marchand_en_marche() as marchand:
        yield marchand


def creer(simulateur: Simulateur, marchand: Marchand) -> str:
    """Le site est une autre origine, comme en vrai : la CSP doit laisser passer le retour."""
    base = f"http://boe.localhost:{marchand.server_port}"
    return simulateur.creer(urlnotif=f"{base}/notification/", urlredirect=f"{base}/retour/")


def ouvrir(page: Page, simulateur: Simulateur, idop: str) -> None:
    page.goto(f"{simulateur.url}/tpa/paiementws.web?idop={idop}")


def verifier(page: Page) -> None:
    """Rien à redire pour axe, un seul h1, pas de défilement horizontal."""
    resultats = Axe().run(page)
    assert resultats.violations_count == 0, resultats.generate_report()
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("largeur", LARGEURS)
@pytest.mark.parametrize("parcours", PARCOURS, ids=["carte", "prelevement"])
def test_un_paiement_entier_est_accessible_et_sans_bruit(
    page_bruyante: Page, simulateur: Simulateur, marchand: Marchand, parcours: Parcours
) -> None:
    idop = creer(simulateur, marchand)
    page = page_bruyante

    ouvrir(page, simulateur, idop)
    verifier(page)
    page.get_by_role("button", name=parcours.moyen, exact=True).click()
    verifier(page)
    page.reload()
    page.get_by_role("button", name=parcours.fin, exact=True).click()
    verifier(page)
    assert page.locator("h1").inner_text() == parcours.titre
    assert marchand.notifications == [f"idop={idop}"]
    page.get_by_role("link", name="Retourner sur le site", exact=True).click()
    page.wait_for_url(f"http://boe.localhost:{marchand.server_port}/retour/?idop={idop}")

    assert feuilles(simulateur.lire(idop))["resultrans"] == parcours.resultat


@pytest.mark.parametrize("etape", ["choix", "saisie"])
def test_annuler_sans_javascript_revient_sur_une_autre_origine(
    chromium: Browser, simulateur: Simulateur, marchand: Marchand, etape: str
) -> None:
    idop = creer(simulateur, marchand)
    with chromium.new_context(java_script_enabled=False) as contexte:
        page = contexte.new_page()
        ouvrir(page, simulateur, idop)
        if etape == "saisie":
            page.get_by_role("button", name="Payer par carte bancaire", exact=True).click()
        page.get_by_role("button", name="Annuler", exact=True).click()
        page.wait_for_url(f"http://boe.localhost:{marchand.server_port}/retour/?idop={idop}")

    assert feuilles(simulateur.lire(idop))["resultrans"] == "A"


@pytest.mark.parametrize("largeur", LARGEURS)
def test_l_accueil_et_les_erreurs_sont_accessibles(
    chromium: Browser, simulateur: Simulateur, marchand: Marchand, largeur: int
) -> None:
    idop = creer(simulateur, marchand)
    page = chromium.new_page(viewport={"width": largeur, "height": 844})
    page.goto(simulateur.url)
    verifier(page)
    for _ in range(2):
        ouvrir(page, simulateur, idop)
    verifier(page)

    assert page.locator("h1").inner_text() == "Lien de paiement déjà utilisé"
    assert faute(simulateur.lire(idop)) == "P5"
    page.close()
