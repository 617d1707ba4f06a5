"""Du courrier à sa première facture, dans Chromium : par les deux portes, au clavier, sans JavaScript."""

from collections.abc import Callable

import factories
import pytest
from playwright.sync_api import Page, expect

from comptes.services import suspendre_rattachement
from tests.comptes.outils_activation import MOT_DE_PASSE, code_de, lien
from tests.parcours.conftest import verifier_accessibilite

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]

NEUVE = "neuve@exemple.fr"
NOM_ACTIF = """() => {
  const e = document.activeElement;
  const etiquette = e.labels && e.labels[0] ? e.labels[0].innerText : e.innerText;
  return (etiquette || "").replace(/\\s+/g, " ").trim();
}"""


@pytest.fixture
def habitante(boe, eau):
    """Un redevable dont le service connaît l'adresse, et sa facture."""
    redevable = factories.redevable(boe, nom="NEUVE", prenom="Ève", code="C-17", courriel=NEUVE)
    return factories.facture(redevable, eau, numero="F-NEUVE", reference="X0000301010000009999")


@pytest.fixture
def papier(boe, eau):
    redevable = factories.redevable(boe, nom="PAPIER", prenom="Jean", code="C-18")
    return factories.facture(redevable, eau, numero="F-PAPIER", reference="X0000301010000008888")


def aller(page: Page, nom: str) -> None:
    """Tab jusqu'à ce que le foyer soit sur ce nom ; s'il n'y vient jamais, le clavier ne suffit pas."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(NOM_ACTIF) == nom:
            return
    raise AssertionError(f"Le clavier n'atteint pas « {nom} » sur {page.url}")


def ecrire(page: Page, nom: str, texte: str) -> None:
    aller(page, nom)
    page.keyboard.type(texte)


def appuyer(page: Page, nom: str) -> None:
    aller(page, nom)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def se_connecter_au_clavier(page: Page) -> None:
    ecrire(page, "Adresse mail", NEUVE)
    ecrire(page, "Mot de passe", MOT_DE_PASSE)
    appuyer(page, "Connexion")


@pytest.mark.sqlite
def test_par_l_adresse_connue_au_clavier_et_sans_javascript(ouvrir: Callable[..., Page], site, habitante):
    page = ouvrir(java_script_enabled=False)
    page.goto(site)
    appuyer(page, "J'active mon compte")
    ecrire(page, "Adresse mail", NEUVE)
    appuyer(page, "Valider")
    expect(page.get_by_text(f"Un message part à l'adresse {NEUVE}.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Maintenant, ouvrez votre messagerie")

    page.goto(f"{site}{lien()}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Choisissez votre mot de passe")
    assert page.url == f"{site}/activation/finir/"
    ecrire(page, "Nouveau mot de passe", MOT_DE_PASSE)
    ecrire(page, "Nouveau mot de passe confirmation", MOT_DE_PASSE)
    appuyer(page, "Valider")
    expect(page.get_by_text("C'est fait. Connectez-vous")).to_be_visible()
    se_connecter_au_clavier(page)
    expect(page.get_by_role("heading", name="Vous avez 1 facture à régler")).to_be_visible()
    appuyer(page, "Voir et payer")
    page.get_by_role("link", name=habitante.reference).click()
    expect(page.get_by_text("243,11\N{NO-BREAK SPACE}€").first).to_be_visible()


def test_par_les_codes_du_courrier_et_chaque_page_est_accessible(ouvrir: Callable[..., Page], site, papier):
    page = ouvrir(statuts_attendus=(404,))
    code = code_de(papier.redevable)
    page.goto(site)
    page.get_by_role("link", name="J'active mon compte").click()
    verifier_accessibilite(page)
    page.get_by_role("button", name="Valider").click()
    verifier_accessibilite(page)  # avec son erreur
    page.get_by_label("Adresse mail").fill(NEUVE)
    page.get_by_label("Code client").fill("c-18")
    page.get_by_label("Code d'activation").fill(code.lower().replace("-", " "))
    page.get_by_role("button", name="Valider").click()
    verifier_accessibilite(page)

    chemin = lien()
    page.goto(f"{site}{chemin}")
    verifier_accessibilite(page)
    page.get_by_label("Nouveau mot de passe", exact=True).fill(MOT_DE_PASSE)
    page.get_by_label("Nouveau mot de passe confirmation").fill("autre chose")
    page.get_by_role("button", name="Valider").click()
    expect(page.get_by_role("alert")).to_contain_text("Les deux mots de passe ne sont pas les mêmes.")
    verifier_accessibilite(page)
    page.get_by_label("Nouveau mot de passe", exact=True).fill(MOT_DE_PASSE)
    page.get_by_label("Nouveau mot de passe confirmation").fill(MOT_DE_PASSE)
    page.get_by_role("button", name="Valider").click()
    page.get_by_label("Adresse mail").fill(NEUVE)
    page.get_by_label("Mot de passe", exact=True).fill(MOT_DE_PASSE)
    page.get_by_role("button", name="Connexion", exact=True).click()
    page.get_by_role("link", name="Mes factures").first.click()
    page.get_by_role("link", name=papier.reference).click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()

    page.goto(f"{site}{chemin}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ce lien ne sert plus")
    verifier_accessibilite(page)


def test_elle_ajoute_un_compte_client_le_nomme_le_lit_a_part_et_s_en_detache(
    ouvrir: Callable[..., Page], se_connecter, site, ada, facture, papier
):
    page = ouvrir()
    se_connecter(page, ada)
    page.goto(f"{site}/mes-informations/comptes-client/")
    page.get_by_role("link", name="Ajouter un compte client").click()
    verifier_accessibilite(page)
    page.get_by_label("Code client").fill("C-18")
    page.get_by_label("Code d'activation").fill(code_de(papier.redevable))
    page.get_by_role("button", name="Valider").click()
    expect(page.get_by_text("vous voyez maintenant les factures")).to_be_visible()
    page.get_by_label("Nom que vous lui donnez").nth(1).fill("Maison de Jean")
    page.get_by_role("button", name="Enregistrer").nth(1).click()
    verifier_accessibilite(page)

    page.get_by_role("link", name="Mes factures").first.click()
    verifier_accessibilite(page)
    page.get_by_role("link", name="Maison de Jean").first.click()
    expect(page.get_by_role("link", name=papier.reference)).to_be_visible()
    expect(page.get_by_role("link", name=facture.reference)).to_have_count(0)

    page.goto(f"{site}/mes-informations/comptes-client/")
    page.get_by_role("link", name="Ne plus voir ces factures : Maison de Jean").click()
    verifier_accessibilite(page)
    page.get_by_role("button", name="Ne plus les voir").click()
    expect(page.get_by_role("heading", name="Maison de Jean")).to_have_count(0)


def test_suspendue_pendant_qu_elle_lit_la_page_suivante_ne_montre_plus_rien(
    ouvrir: Callable[..., Page], se_connecter, site, ada, facture
):
    page = ouvrir(statuts_attendus=(404,))
    se_connecter(page, ada)
    page.goto(f"{site}/factures/{facture.uuid}/")
    suspendre_rattachement(rattachement=ada.rattachements.get(), motif="Séparation")
    page.get_by_role("link", name="Payer la facture", exact=True).click()
    expect(page.get_by_role("heading", level=1)).not_to_contain_text("Vérifiez")
    assert "243,11" not in page.content()
