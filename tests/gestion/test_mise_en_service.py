"""Une commune neuve : fermée à ses habitants tant qu'il lui manque quelque chose, puis ouverte pour toujours."""

import factories
import pytest
from django.test import Client

from portail import services
from portail.models import Collectivite, Journal, Role
from portail.models.mentions import OBLIGATOIRES
from portail.registre import exigences
from tests.gestion.conftest import adresse, agent_de
from tests.gestion.test_reglages import MENTIONS, lire
from tests.test_acces import adresses

# Ce qui répond à tous avant l'ouverture : la loi, la charte, les sondes, PayFiP, et de quoi entrer pour un agent.
DES_AVANT = {
    "accessibilite", "account_login", "account_logout", "agent_accepter", "adresse_annuler", "adresse_valider", "aide",
    "changer_de_mot_de_passe", "charte", "donnees_personnelles", "favicon", "lien", "logo", "mentions_legales",
    "mot_de_passe_envoye", "mot_de_passe_nouveau", "mot_de_passe_oublie", "paiement_tipi:notification",
    "paiement_tipi:justificatif_du_papier", "paiement_tipi:justificatif_du_papier_pdf", "paiement_tipi:resultat",
    "paiement_tipi:retour", "plan_du_site", "pret", "securite", "vivant",
}  # fmt: skip
BIENTOT = "Ce portail ouvrira bientôt"
MISE_EN_SERVICE = "/gestion/reglages/mise-en-service/"


@pytest.fixture
def neuve(boe):
    """Boé, telle que l'exploitant vient de la créer."""
    Collectivite.objects.filter(pk=boe.pk).update(ouverte_le=None)
    boe.refresh_from_db()
    return boe


@pytest.fixture
def admin(neuve, connecter):
    return connecter(agent_de(neuve, Role.ADMINISTRATION), chez=neuve)


@pytest.fixture
def anonyme(neuve):
    return Client(HTTP_HOST=neuve.hotes.get().nom)


def test_les_adresses_qui_repondent_avant_l_ouverture_sont_celles_ci():
    marquees = {nom for nom, vue in adresses().items() if getattr(vue, "des_avant_l_ouverture", False)}
    assert marquees == DES_AVANT


@pytest.mark.parametrize("chemin", ["/", "/factures/", "/activation/", "/mes-informations/", "/?LIEN=M470310001"])
def test_un_habitant_lit_que_le_portail_ouvrira_bientot(anonyme, chemin):
    page = lire(anonyme.get(chemin, follow=True))
    assert (BIENTOT in page, "05 61 00 19 30" in page, 'href="/mentions-legales/"' in page) == (True, True, True)
    assert dict(anonyme.cookies) == {}


@pytest.mark.parametrize("chemin", ["/activation/", "/activation/finir/", "/mes-informations/"])
def test_rien_ne_s_y_envoie(anonyme, chemin):
    reponse = anonyme.post(chemin, {"courriel": "ada@exemple.fr"})
    assert (reponse.status_code, BIENTOT in reponse.content.decode()) == (403, True)


def test_la_connexion_est_fermee_aux_habitants_et_aux_agents_d_ailleurs_ouverte_aux_siens(
    anonyme, neuve, ada, ailleurs
):
    page = lire(anonyme.get("/connexion/"))
    assert (BIENTOT in page, "J'active mon compte" in page) == (True, False)
    factories.redevable(neuve, ada)
    for personne in (ada, agent_de(ailleurs, Role.ADMINISTRATION), factories.usager(is_staff=True)):
        envoi = {"login": personne.email, "password": factories.MOT_DE_PASSE}
        assert "Ce portail n'est pas encore ouvert aux habitants" in lire(anonyme.post("/connexion/", envoi))
        assert "sessionid" not in anonyme.cookies
        assert "n'est pas le bon" in lire(anonyme.post("/connexion/", envoi | {"password": "faux"}))
    for personne in (agent_de(neuve, Role.LECTURE), factories.usager(is_staff=True, is_superuser=True)):
        client = Client(HTTP_HOST=neuve.hotes.get().nom)
        envoi = {"login": personne.email, "password": factories.MOT_DE_PASSE}
        assert client.post("/connexion/", envoi).status_code == 302
        assert [client.get(chemin).status_code for chemin in ("/", "/factures/", "/gestion/")] == [200, 200, 200]


def test_une_session_d_habitant_n_y_montre_rien(neuve, ada, facture, connecter):
    Collectivite.objects.update(ouverte_le="2026-01-01T00:00Z")
    client = connecter(ada, chez=neuve)
    assert client.get(facture.get_absolute_url()).status_code == 200
    Collectivite.objects.update(ouverte_le=None)
    for chemin in ("/", "/factures/", facture.get_absolute_url(), f"{facture.get_absolute_url()}pdf/"):
        page = lire(client.get(chemin))
        assert (BIENTOT in page, facture.numero in page) == (True, False)


def test_l_ouverture_attend_que_tout_soit_rempli_et_dit_ou(admin, neuve):
    assert {exigence.nom for exigence in exigences()} == {*OBLIGATOIRES, "contrat"}
    refus = admin.post(adresse(neuve, "ouvrir"))
    assert refus.status_code == 409
    for mot in ("hébergeur", "délégué à la protection", "contrat PayFiP", adresse(neuve, "identite")):
        assert mot in refus.content.decode()
    page, accueil = lire(admin.get(MISE_EN_SERVICE)), lire(admin.get("/gestion/"))
    assert (page.count("à faire</span>"), page.count("fait</span>"), accueil.count("à remplir")) == (6, 2, 6)
    assert "Ouvrir le portail" not in page
    Collectivite.objects.filter(pk=neuve.pk).update(**MENTIONS)
    assert "un service dont le contrat PayFiP est en production" in lire(admin.get("/gestion/"))
    regie = factories.regie(neuve)
    contrat = factories.contrat(regie, saisie="T")
    assert admin.post(adresse(neuve, "ouvrir")).status_code == 409
    type(contrat).objects.update(saisie="W")
    services.fermer_un_service(regie=regie)
    assert admin.post(adresse(neuve, "ouvrir")).status_code == 409  # un service fermé n'encaisse rien
    services.rouvrir_un_service(regie=regie)
    assert "ouvrir le portail" in lire(admin.get("/gestion/"))
    assert "Ouvrir le portail" in lire(admin.get(MISE_EN_SERVICE))


@pytest.mark.parametrize("vide", [*OBLIGATOIRES, "contrat"])
def test_chaque_exigence_suffit_a_l_empecher(neuve, eau, vide):
    Collectivite.objects.filter(pk=neuve.pk).update(**MENTIONS | ({vide: " "} if vide != "contrat" else {}))
    if vide == "contrat":
        eau.contrat_tipi.delete()
    neuve.refresh_from_db()
    assert [exigence.nom for exigence in services.manquantes(neuve)] == [vide]
    assert not services.ouvrir_le_portail(collectivite=neuve)


def test_ouvert_il_le_reste_et_les_habitants_entrent(admin, neuve, eau, anonyme, ada):
    Collectivite.objects.filter(pk=neuve.pk).update(**MENTIONS)
    assert admin.get(adresse(neuve, "ouvrir")).status_code == 200
    reponse = admin.post(adresse(neuve, "ouvrir"), follow=True)
    assert "Le portail est ouvert" in lire(reponse)
    fait = Journal.objects.get(action="collectivite.ouverte")
    assert (fait.collectivite, fait.identifiant) == (neuve.pk, str(neuve.pk))
    assert (admin.post(adresse(neuve, "ouvrir")).status_code, services.ouvrir_le_portail(collectivite=neuve)) == (
        409,
        False,
    )
    assert "Mise en service" not in lire(admin.get("/gestion/"))
    assert anonyme.get("/activation/").status_code == 200
    assert anonyme.post("/connexion/", {"login": ada.email, "password": factories.MOT_DE_PASSE}).status_code == 302
