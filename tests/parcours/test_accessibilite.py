"""Chaque page dans chaque état : axe en clair et en sombre, sur téléphone et ordinateur, et ce qu'axe ne voit pas."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from uuid import uuid4

import factories
import pytest
from axe_outil import CONTRASTE, REGLES, axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from factures.etats import EtatFacture
from factures.models import Facture
from factures.services import encaisser, marquer
from paiement_tipi.models import Paiement
from tests.parcours.conftest import LARGEURS
from tests.portail.test_pages_legales import PIED
from tests.test_gabarits import ETATS

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]

# Ce qui manque à une page : un seul h1, la langue, les repères, des cibles d'au moins 44 px (sauf dans une phrase).
STRUCTURE = """() => {
  const manques = [];
  const combien = (choix) => document.querySelectorAll(choix).length;
  if (document.documentElement.lang !== "fr") manques.push("lang");
  for (const [choix, attendu] of [["h1", 1], ["main", 1], ["header", 1], ["footer", 1], ["a[href='#contenu']", 1]])
    if (combien(choix) !== attendu) manques.push(`${choix} × ${combien(choix)}`);
  const cibles = "a, button, select, textarea, input:not([type=hidden], [type=checkbox])";
  for (const cible of document.querySelectorAll(cibles)) {
    const { display, position } = getComputedStyle(cible);
    const { width, height } = cible.getBoundingClientRect();
    if (display !== "inline" && position !== "absolute" && (height < 44 || width < 24))
      manques.push(`cible de ${Math.round(width)} × ${Math.round(height)} : ${cible.outerHTML.slice(0, 80)}`);
  }
  return manques;
}"""


# Le thème ne change que les couleurs : en sombre, la règle du contraste suffit.
THEMES = {"light": REGLES, "dark": CONTRASTE}


def verifier(page: Page) -> None:
    """axe sans exception dans les deux thèmes et aux deux largeurs ; rien ne déborde à 320 px ni au zoom de 200 %."""
    for largeur in LARGEURS:
        page.set_viewport_size({"width": largeur, "height": 900})
        assert page.evaluate(STRUCTURE) == [], f"{page.url} à {largeur} px"
        for theme, regles in THEMES.items():
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # sinon axe mesure une couleur en route
            assert axe(page, regles) == [], f"{page.url} à {largeur} px, {theme}"
    for largeur, taille in ((320, "100%"), (640, "200%")):
        page.set_viewport_size({"width": largeur, "height": 700})
        page.evaluate("taille => document.documentElement.style.setProperty('font-size', taille)", taille)
        assert page.evaluate("document.documentElement.scrollWidth") <= largeur, f"{page.url} déborde, {largeur} px"


def parcourir(page: Page, site: str, chemins: list[str]) -> Iterator[str]:
    """Le titre d'onglet de chaque page, vérifiée."""
    for chemin in chemins:
        page.goto(f"{site}{chemin}")
        verifier(page)
        yield page.title()


def test_les_pages_ouvertes_a_tous_et_les_erreurs(ouvrir, site, settings, facture):
    page = ouvrir(statuts_attendus=(404,))
    titres = list(parcourir(page, site, ["/connexion/", *PIED, "/nulle-part/", "/?LIEN=M000000000"]))
    assert len(set(titres)) == len(titres)
    assert all(titre.endswith(" – Ville de Boé") for titre in titres)


def test_la_connexion_refusee_et_la_vitrine_des_composants(ouvrir, site, settings):
    page = ouvrir()
    page.goto(f"{site}/connexion/")
    page.get_by_role("button", name="Connexion", exact=True).click()
    expect(page).to_have_title("Erreur : Connexion – Ville de Boé")
    verifier(page)
    settings.DEBUG = True
    page.goto(f"{site}/composants/")
    verifier(page)


def test_l_accueil_et_la_liste_vides_et_pleins(ouvrir, se_connecter, site, bob, ada, etats):
    page = ouvrir()
    se_connecter(page, bob)
    assert list(parcourir(page, site, ["/", "/factures/"])) == ["Accueil – Ville de Boé", "Mes factures – Ville de Boé"]
    page.context.clear_cookies()
    se_connecter(page, ada)
    list(parcourir(page, site, ["/", "/factures/", "/factures/?annee=2025", "/plan-du-site/"]))


@pytest.mark.parametrize("moitie", [0, 1])
def test_une_facture_dans_chaque_etat(ouvrir, se_connecter, site, ada, etats, moitie):
    page = ouvrir()
    se_connecter(page, ada)
    for etat, facture in sorted(etats.items())[moitie::2]:
        page.goto(f"{site}{facture.get_absolute_url()}")
        assert page.locator("main [data-etat]").get_attribute("data-etat") == etat
        verifier(page)


def test_la_confirmation_et_chaque_ton_du_retour(ouvrir, se_connecter, site, ada, etats):
    page = ouvrir()
    se_connecter(page, ada)
    payer = [f"{etats[etat].get_absolute_url()}payer/" for etat in ("a-payer", "suspendue")]
    issues = ("demarre", "paye", "refuse", "essai-reussi", "abandon-signale")
    retours = [f"/paiement/retour/{tentative(etats['echue'], ada, etat).jeton}/" for etat in issues]
    list(parcourir(page, site, [*payer, *retours]))


def test_le_lien_d_evitement_se_montre_et_mene_au_contenu(ouvrir, site):
    page = ouvrir()
    page.goto(f"{site}/aide/")
    page.keyboard.press("Tab")
    lien = page.get_by_role("link", name="Aller au contenu")
    expect(lien).to_be_focused()
    expect(lien).to_be_in_viewport()
    assert lien.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_sur_papier_ni_navigation_ni_bouton_mais_les_sommes(ouvrir, se_connecter, site, ada, facture):
    page = ouvrir()
    se_connecter(page, ada)
    for chemin in ("/factures/", facture.get_absolute_url()):
        page.goto(f"{site}{chemin}")
        page.emulate_media(media="print")
        for absent in ("nav", ".bouton", ".bandeau-demo", "select"):
            assert [e for e in page.locator(absent).all() if e.is_visible()] == []
        expect(page.get_by_text("243,11\N{NO-BREAK SPACE}€").first).to_be_visible()
        expect(page.locator("[data-etat]").first).to_be_visible()
        page.emulate_media(media="screen")


def tentative(facture: Facture, usager, etat: str) -> Paiement:
    """Un paiement de cette facture, arrivé à cet état."""
    contrat = facture.regie.contrat_tipi
    parti = {} if etat == "demarre" else {"idop": uuid4(), "envoye_le": timezone.now()}
    paiement = Paiement.objects.create(
        collectivite=facture.collectivite, contrat=contrat, usager=usager, formulaire=uuid4(), numcli=contrat.numcli,
        saisie="W", exer="2026", refdet=facture.reference, montant=facture.montant, mel=usager.email, etat=etat,
        **parti,
    )  # fmt: skip
    paiement.parts.create(
        facture=facture, collectivite=facture.collectivite, montant=facture.montant, ouverte=etat == "demarre"
    )
    return paiement


@pytest.fixture
def etats(site, boe, ada, eau) -> dict[str, Facture]:
    """Une facture d'Ada dans chaque état."""
    redevable = factories.redevable(boe, ada)
    creche = factories.regie(boe, code="CRECHE", libelle="Crèche", suspendue=True)
    factories.contrat(creche)
    factures = {
        etat: factories.facture(
            redevable, creche if etat == "suspendue" else eau, lignes=[("Eau", Decimal(9))], **champs
        )
        for etat, champs in ETATS.items()
    }
    marquer(facture=factures["declaree"], usager=ada, reglee=True)
    tentative(factures["en-cours"], ada, "demarre")
    encaisser(
        facture=factories.facture(redevable, eau, date_emission=date(2025, 3, 1)), montant=Decimal("243.11"),
        moyen="carte", origine="essai", recu_le=timezone.now(),
    )  # fmt: skip
    assert set(factures) == set(EtatFacture.values)
    return factures
