"""Le site et le simulateur, chacun sur son port, et un navigateur qui ne laisse rien passer."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import factories
import pytest
from axe_outil import axe
from playwright.sync_api import Browser, BrowserContext, Page

from comptes.models import Usager
from portail.models import Collectivite

LARGEURS = (390, 1280)


@pytest.fixture
def site(transactional_db: None, live_server: Any, simulateur: SimpleNamespace, boe: Collectivite) -> str:
    """L'adresse du portail, qui est aussi l'adresse enregistrée de Boé : PayFiP y renvoie et y notifie."""
    boe.adresse = live_server.url
    boe.save()
    return live_server.url


class Surveillance:
    """Tout ce que le navigateur a à redire : erreurs de console, violations de CSP, requêtes vers des tiers."""

    def __init__(self, *origines: str) -> None:
        self.origines = origines
        self.plaintes: list[str] = []
        self.statuts_attendus: set[int] = set()

    def ecouter(self, contexte: BrowserContext) -> None:
        contexte.on("console", lambda message: self._console(message.type, message.text))
        contexte.on("weberror", lambda erreur: self.plaintes.append(f"script : {erreur.error}"))
        contexte.on("request", lambda requete: self._requete(requete.url))

    def _console(self, genre: str, texte: str) -> None:
        # Chromium se plaint de toute page d'erreur : le test dit celles qu'il attend.
        attendue = any(f"with a status of {statut} " in texte for statut in self.statuts_attendus)
        if genre in {"error", "warning"} and not attendue:
            self.plaintes.append(f"console : {texte}")

    def _requete(self, url: str) -> None:
        if not url.startswith((*self.origines, "data:")):
            self.plaintes.append(f"tiers : {url}")


@pytest.fixture
def ouvrir(chromium: Browser, site: str, simulateur: SimpleNamespace) -> Iterator[Callable[..., Page]]:
    """``ouvrir(java_script_enabled=False)`` : un navigateur neuf, surveillé jusqu'à la fin du test."""
    surveillance = Surveillance(site, simulateur.url)
    contextes: list[BrowserContext] = []

    def _ouvrir(*, statuts_attendus: tuple[int, ...] = (), **options: Any) -> Page:
        surveillance.statuts_attendus.update(statuts_attendus)
        contexte = chromium.new_context(viewport={"width": 390, "height": 844}, locale="fr-FR", **options)
        contexte.set_default_timeout(10_000)
        surveillance.ecouter(contexte)
        contextes.append(contexte)
        return contexte.new_page()

    yield _ouvrir
    for contexte in contextes:
        contexte.close()
    assert surveillance.plaintes == []


@pytest.fixture
def se_connecter(site: str) -> Callable[..., None]:
    """Par la page de connexion, comme une personne."""

    def _se_connecter(page: Page, personne: Usager) -> None:
        page.goto(f"{site}/connexion/")
        page.get_by_label("Adresse mail").fill(personne.email)
        page.get_by_label("Mot de passe", exact=True).fill(factories.MOT_DE_PASSE)
        page.get_by_role("button", name="Connexion", exact=True).click()
        page.get_by_role("heading", name="Bienvenue sur le portail de dématérialisation").wait_for()

    return _se_connecter


def verifier_accessibilite(page: Page) -> None:
    """axe sans exception, sur téléphone puis sur ordinateur ; la page ne déborde pas à 320 px."""
    for largeur in LARGEURS:
        page.set_viewport_size({"width": largeur, "height": 900})
        assert axe(page) == [], f"{page.url} à {largeur} px"
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, f"{page.url} déborde à 320 px"
    page.set_viewport_size({"width": 390, "height": 844})
