"""Les pages du simulateur dans Chromium : parcours entiers, axe, CSP, sans JavaScript, deux largeurs."""

from collections.abc import Iterator
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, urlencode

import pytest
from axe_outil import TOUTES, axe
from playwright.sync_api import Browser, Page

from tests.paiement_tipi.test_simulateur_outils import (
    DEMANDE_URL,
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
    assert axe(page, TOUTES) == []
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


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("largeur", LARGEURS)
def test_la_meteo_se_choisit_a_l_accueil(page_bruyante: Page, simulateur: Simulateur) -> None:
    page = page_bruyante
    page.goto(simulateur.url)
    verifier(page)
    page.get_by_label("Le service web").select_option(label="Il coupe la connexion")
    page.get_by_label("La notification au site").select_option(label="Aucune")
    page.get_by_role("button", name="Appliquer", exact=True).click()
    assert page.get_by_role("status").inner_text() == "C'est changé."
    verifier(page)
    etat = simulateur.etat()
    assert (etat["panne"], etat["notification"]) == ("coupure", "jamais")
    page.get_by_role("button", name="Remettre le beau temps", exact=True).click()

    assert page.get_by_label("Le service web").input_value() == "aucune"
    assert simulateur.etat()["panne"] == "aucune"


def test_la_meteo_se_choisit_sans_javascript(chromium: Browser, simulateur: Simulateur) -> None:
    with chromium.new_context(java_script_enabled=False) as contexte:
        page = contexte.new_page()
        page.goto(simulateur.url)
        page.get_by_label("Le résultat du paiement").select_option("inconnu")
        page.get_by_role("button", name="Appliquer", exact=True).click()
        page.get_by_role("status").wait_for()

    assert simulateur.etat()["resultat"] == "inconnu"


def test_un_autre_site_ne_change_pas_la_meteo(chromium: Browser, simulateur: Simulateur, marchand: Marchand) -> None:
    formulaire = (
        f'<form method="post" action="{simulateur.url}/simulateur/meteo"><input name="panne" value="502"><button>Oui'
    )
    page = chromium.new_page()
    page.goto(f"http://127.0.0.1:{marchand.server_port}/")
    page.set_content(formulaire)
    page.get_by_role("button", name="Oui").click()
    page.get_by_role("heading", name="Formulaire refusé").wait_for()

    assert simulateur.etat()["panne"] == "aucune"
    page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("largeur", LARGEURS)
def test_un_paiement_par_url_finit_sur_son_ticket(
    page_bruyante: Page, simulateur: Simulateur, marchand: Marchand
) -> None:
    demande = {**DEMANDE_URL, "urlcl": f"http://boe.localhost:{marchand.server_port}/notification/"}
    page = page_bruyante
    page.goto(f"{simulateur.url}/tpa/paiement.web?{urlencode(demande)}")
    verifier(page)
    page.get_by_role("button", name="Payer par prélèvement", exact=True).click()
    page.get_by_role("button", name="Valider le paiement", exact=True).click()
    verifier(page)

    assert page.get_by_text("Vous pouvez fermer cette fenêtre.").is_visible()
    assert dict(parse_qsl(marchand.notifications[0]))["resultrans"] == "V"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("largeur", LARGEURS)
def test_le_retour_par_formulaire_poste_l_idop_au_site(
    page_bruyante: Page, simulateur: Simulateur, marchand: Marchand
) -> None:
    simulateur.regler(redirection="formulaire", notification="jamais")
    idop = creer(simulateur, marchand)
    page = page_bruyante
    ouvrir(page, simulateur, idop)
    page.get_by_role("button", name="Annuler", exact=True).click()
    verifier(page)
    page.get_by_role("button", name="Continuer vers le site", exact=True).click()
    page.wait_for_url(f"http://boe.localhost:{marchand.server_port}/retour/")

    assert marchand.notifications == [f"idop={idop}"]
