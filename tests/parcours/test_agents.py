"""Dans Chromium : une administratrice gère un agent ; il voit le portail comme une habitante, sans pouvoir payer."""

import factories
import pytest
from playwright.sync_api import expect

from factures.models import Consultation
from paiement_tipi.models import Paiement
from portail.models import Affectation
from tests.comptes.outils_messages import lien, relever
from tests.parcours.conftest import verifier_accessibilite

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]

ADRESSE, MOT_DE_PASSE, MOTIF = (
    "rose@mairie.exemple.fr",
    "quatre mots à moi",
    "Appel du 12 novembre, facture introuvable",
)


def remplir_la_connexion(page, adresse, mot_de_passe) -> None:
    page.get_by_label("Adresse mail").fill(adresse)
    page.get_by_label("Mot de passe", exact=True).fill(mot_de_passe)
    page.get_by_role("button", name="Connexion", exact=True).click()
    page.get_by_role("heading", name="Accueil", exact=True).wait_for()


def entrer(page, site, personne) -> None:
    page.goto(f"{site}/gestion/")
    remplir_la_connexion(page, personne.email, factories.MOT_DE_PASSE)


def test_elle_invite_un_agent_change_son_role_puis_le_retire(ouvrir, site, boe):
    mairie, rose = ouvrir(), ouvrir(statuts_attendus=(403,))
    entrer(mairie, site, factories.administratrice(boe))
    mairie.goto(f"{site}/gestion/portail/affectation/")
    mairie.get_by_role("link", name="Inviter un agent").click()
    mairie.get_by_role("button", name="Inviter un agent").click()
    expect(mairie.get_by_text("Ce champ est obligatoire.").first).to_be_visible()
    verifier_accessibilite(mairie)
    mairie.get_by_label("Adresse mail professionnelle").fill(ADRESSE)
    mairie.get_by_label("Prénom").fill("Rose")
    mairie.get_by_label("Nom", exact=True).fill("VALLAND")
    mairie.get_by_label("Rôle").select_option("facturation")
    mairie.get_by_role("button", name="Inviter un agent").click()
    expect(mairie.get_by_text("invité, attend sa réponse")).to_be_visible()
    verifier_accessibilite(mairie)

    rose.goto(lien(relever()[-1]))
    verifier_accessibilite(rose)
    rose.get_by_label("Nouveau mot de passe", exact=True).fill(MOT_DE_PASSE)
    rose.get_by_label("Nouveau mot de passe confirmation").fill(MOT_DE_PASSE)
    rose.get_by_role("button", name="Accepter").click()
    remplir_la_connexion(rose, ADRESSE, MOT_DE_PASSE)
    expect(rose.get_by_role("link", name="Agents", exact=True)).to_have_count(0)

    mairie.reload()
    mairie.get_by_role("link", name="Changer le rôle").click()
    mairie.get_by_label("Rôle").select_option("administration")
    mairie.get_by_role("button", name="Changer le rôle").click()
    expect(mairie.get_by_text("il vaut dès sa prochaine page")).to_be_visible()
    rose.reload()
    expect(rose.get_by_role("link", name="Agents", exact=True)).to_be_visible()

    mairie.get_by_role("link", name="Retirer l'accès").click()
    verifier_accessibilite(mairie)
    mairie.get_by_label("Motif").fill("Départ le 30 novembre")
    mairie.get_by_role("button", name="Retirer l'accès").click()
    expect(mairie.get_by_text("L'accès est retiré.")).to_be_visible()
    rose.reload()
    expect(rose.get_by_role("button", name="Connexion", exact=True)).to_be_visible()
    assert not Affectation.objects.filter(usager__email=ADRESSE).exists()


@pytest.mark.parametrize("javascript", [True, False])
def test_un_agent_voit_comme_l_habitante_ne_peut_pas_payer_et_quitte(ouvrir, site, agente, ada, facture, javascript):
    def verifier() -> None:
        if javascript:
            verifier_accessibilite(page)

    page = ouvrir(java_script_enabled=javascript, statuts_attendus=(403,))
    bandeau = page.get_by_text("Vous voyez le portail comme Madame Ada LOVELACE")
    entrer(page, site, agente)
    page.goto(f"{site}/gestion/comptes/usager/{ada.pk}/change/")
    page.get_by_role("link", name="Voir comme l'habitant").click()
    verifier()
    page.get_by_label("Motif").fill(MOTIF)
    page.get_by_role("button", name="Voir comme l'habitant").click()
    expect(bandeau).to_be_visible()
    verifier()
    page.get_by_role("link", name="Mes factures").click()
    expect(bandeau).to_be_visible()
    verifier()
    page.goto(f"{site}/factures/{facture.uuid}/")
    expect(bandeau).to_be_visible()
    verifier()
    page.get_by_role("link", name="Payer la facture").click()
    expect(page.get_by_role("heading", name="Vous regardez, sans pouvoir agir")).to_be_visible()
    verifier()
    page.goto(f"{site}/factures/{facture.uuid}/")
    page.get_by_role("button", name="Marquer la facture comme réglée").click()
    expect(page.get_by_role("heading", name="Vous regardez, sans pouvoir agir")).to_be_visible()
    page.get_by_role("link", name="Gestion").click()
    expect(page.get_by_text("Hors de la gestion, vous voyez le portail")).to_be_visible()
    verifier()
    page.get_by_role("button", name="Quitter").click()
    expect(page.get_by_text("Vous ne voyez plus le portail comme cette personne.")).to_be_visible()
    assert (Paiement.objects.exists(), Consultation.objects.exists()) == (False, False)
