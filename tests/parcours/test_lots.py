"""Un lot dans Chromium : trois lignes fautives trouvées, corrigées, redéposées, publiées, puis annulées."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import expect

from factures.etats import EtatLot
from factures.models import LotImport
from portail.models import Journal
from tests.factures.outils_imports import ecrire_csv, rangee
from tests.factures.outils_lots import visibles
from tests.parcours.conftest import verifier_accessibilite
from tests.parcours.test_gestion import entrer
from tests.portail.outils_taches import ouvrier

__all__ = ["entrer"]  # un décor
pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]

FAUTES = {"B": {"montant": "12.3.4"}, "D": {"date_emission": "31/02/2026"}, "F": {"nom": ""}}


def corriger(chemin: Path) -> Path:
    """Comme dans un tableur : chaque case fautive reçoit une bonne valeur."""
    with chemin.open(encoding="utf-8-sig", newline="") as lu:
        lignes = list(csv.DictReader(lu, delimiter=";"))
    assert [ligne["numero"] for ligne in lignes] == list(FAUTES)
    corrigees = [{**li, "montant": "243,11", "date_emission": "02/11/2026", "nom": "LŒUVRE"} for li in lignes]
    with chemin.open("w", encoding="utf-8-sig", newline="") as ecrit:
        ecrivain = csv.DictWriter(ecrit, lignes[0], delimiter=";")
        ecrivain.writeheader()
        ecrivain.writerows(corrigees)
    return chemin


@pytest.mark.parametrize("javascript", [True, False])
def test_trois_lignes_fautives_corrigees_publiees_annulees(ouvrir, entrer, agente, eau, tmp_path, javascript):
    with ouvrier():
        parcourir(ouvrir(java_script_enabled=javascript), entrer, agente, tmp_path, javascript=javascript)
    assert (visibles(), LotImport.objects.get().etat) == ([], EtatLot.ANNULE)
    assert Journal.objects.filter(action="lot.publie").count() == 1


def parcourir(page, entrer, agente, tmp_path, *, javascript):
    fichier = tmp_path / "eau.csv"
    fichier.write_bytes(ecrire_csv(*(rangee(n, **FAUTES.get(n, {})) for n in "ABCDEFG")))

    def verifier() -> None:
        if javascript:
            verifier_accessibilite(page)

    entrer(page, agente)
    page.get_by_role("link", name="Lots d'import", exact=True).click()
    page.get_by_role("link", name="Déposer un fichier").click()
    verifier()
    page.get_by_label("Service").select_option(label="Eau et assainissement")
    page.get_by_label("Fichier des factures").set_input_files(fichier)
    page.get_by_role("button", name="Déposer un fichier").click()
    # La page n'est pas rechargée d'ici à la fin de la lecture : elle se remplace, ou se rafraîchit seule.
    expect(page.locator("#fiche").get_by_text("3 lignes à corriger")).to_be_visible(timeout=30_000)
    verifier()
    page.get_by_role("link", name="Télécharger les lignes à corriger").click()
    verifier()
    with page.expect_download() as telechargement:
        page.get_by_role("button", name="Télécharger les lignes à corriger").click()
    telechargement.value.save_as(tmp_path / "corrige.csv")
    page.get_by_role("link", name="Ne rien changer").click()
    page.get_by_role("link", name="Redéposer les lignes corrigées").click()
    verifier()
    page.get_by_label("Fichier corrigé").set_input_files(corriger(tmp_path / "corrige.csv"))
    page.get_by_role("button", name="Redéposer les lignes corrigées").click()
    expect(page.locator("#fiche").get_by_text("Prêt à publier")).to_be_visible(timeout=30_000)
    verifier()
    page.get_by_role("link", name="Publier", exact=True).click()
    verifier()
    page.get_by_role("button", name="Voir avant de confirmer").click()
    expect(page.get_by_text("7 factures nouvelles deviennent visibles")).to_be_visible()
    verifier()
    page.get_by_role("button", name="Publier", exact=True).click()
    expect(page.locator("#fiche").get_by_text("Publié le").first).to_be_visible(timeout=30_000)
    expect(page.locator("[data-vivante]")).to_have_count(0, timeout=30_000)
    assert visibles() == list("ABCDEFG")
    page.get_by_role("link", name="Annuler la publication").click()
    verifier()
    page.get_by_role("button", name="Annuler la publication").click()
    expect(page.get_by_text("La publication est annulée")).to_be_visible()
