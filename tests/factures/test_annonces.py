"""Ce que la commune dit aux habitants : l'important d'abord, une fois ; le reste en bandeau ; et à eux seuls."""

from datetime import timedelta

import factories
import pytest
from django.test import Client
from django.utils import timezone
from lxml import html

from factures.models import audience
from portail import services
from portail.models import Annonce, LectureDAnnonce

pytestmark = pytest.mark.sqlite

BIENVENUE = "Bienvenue sur le portail de dématérialisation"
LUES = "/annonces/lues/"


@pytest.fixture
def client(ada, boe, connecter, facture):
    return connecter(ada, chez=boe)


def ouvrir(client, adresse: str = "/"):
    reponse = client.get(adresse)
    assert reponse.status_code == 200
    return html.fromstring(reponse.content)


def mots(lue, chemin: str) -> list[str]:
    return [" ".join(e.text_content().split()) for e in lue.xpath(chemin)]


def a_lire(client) -> list[str]:
    """Les titres en surbrillance à l'arrivée."""
    return mots(ouvrir(client), "//*[@class='annonce-importante']//h2")


def bandeau(client, adresse: str = "/") -> list[str]:
    return mots(ouvrir(client, adresse), "//main//summary")


def acceder(client):
    """« Accéder à mon espace », avec ce que porte la page."""
    page = ouvrir(client)
    [formulaire] = page.xpath(f"//form[@action='{LUES}']")
    assert mots(formulaire, ".//button") == ["Accéder à mon espace"]
    return client.post(LUES, {"annonce": [str(v) for v in formulaire.xpath(".//input[@name='annonce']/@value")]})


def test_une_annonce_importante_s_affiche_a_l_arrivee_jusqu_a_ce_qu_elle_soit_lue(client, boe, ada, facture):
    texte = "Lisez <b>bien</b> https://boe.fr\n\nMerci."
    factories.annonce(boe, titre="Coupure d'eau", texte=texte, importante=True)
    for _ in range(2):  # tant qu'elle n'est pas lue, elle revient
        page = ouvrir(client)
        assert (mots(page, "//h1"), a_lire(client)) == ([BIENVENUE], ["Coupure d'eau"])
        assert [str(lien) for lien in page.xpath("//*[@class='annonce-texte']//a/@href")] == ["https://boe.fr"]
        assert mots(page, "//*[@class='annonce-texte']//p") == ["Lisez <b>bien</b> https://boe.fr", "Merci."]
        assert "243,11" not in page.text_content()
    # Les autres pages s'ouvrent sans passer par elle, et en montrent le bandeau.
    assert bandeau(client, "/factures/") == ["Coupure d'eau"]
    assert client.get(facture.get_absolute_url()).status_code == 200
    reponse = acceder(client)
    assert (reponse.status_code, reponse["Location"]) == (303, "/")
    page = ouvrir(client)
    assert (mots(page, "//h1"), a_lire(client), bandeau(client)) == ([BIENVENUE], [], ["Coupure d'eau"])
    assert "243,11" in page.text_content()
    assert page.xpath("//details[@open]") == []  # relisible, mais discrète


def test_les_autres_sont_un_bandeau_sur_l_accueil_la_liste_et_la_connexion(client, boe, eau):
    factories.annonce(boe, titre="Le guichet déménage")
    factories.annonce(boe, titre="Travaux", regie=eau)
    factories.annonce(boe, titre="Importante", importante=True)
    anonyme = Client(HTTP_HOST="localhost")
    assert bandeau(anonyme, "/connexion/") == ["Le guichet déménage"]
    acceder(client)
    assert bandeau(client) == ["Importante", "Travaux", "Le guichet déménage"]
    assert bandeau(client, "/factures/") == ["Importante", "Travaux", "Le guichet déménage"]
    assert bandeau(client, "/mes-informations/") == []


def test_celle_d_un_service_n_est_que_pour_qui_en_a_une_facture_et_jamais_pour_une_autre_commune(
    client, boe, ailleurs, eau, ada, bob, connecter
):
    factories.annonce(boe, titre="Eau", regie=eau, importante=True)
    factories.annonce(boe, titre="Bandeau de l'eau", regie=eau)
    factories.annonce(boe, titre="Cantine", regie=factories.regie(boe), importante=True)
    factories.annonce(ailleurs, titre="Ailleurs", importante=True)
    chez_bob = connecter(bob, chez=boe)
    factories.redevable(ailleurs, bob)
    bob_ailleurs = connecter(bob, chez=ailleurs)
    assert [a_lire(c) for c in (client, chez_bob, bob_ailleurs)] == [["Eau"], [], ["Ailleurs"]]
    assert [bandeau(c, "/factures/") for c in (client, chez_bob)] == [["Eau", "Bandeau de l'eau"], []]
    brouillon = factories.facture(factories.redevable(boe, bob), eau, statut="brouillon", publiee_le=None)
    assert a_lire(chez_bob) == []
    assert (audience(boe, None), audience(boe, eau), audience(ailleurs, None)) == (2, 1, 1)
    brouillon.redevable.rattachements.create(collectivite=boe, usager=ada)  # une personne, deux comptes clients
    assert audience(boe, None) == 2


def test_on_ne_lit_que_ce_qu_on_avait_sous_les_yeux(client, boe, ailleurs, eau, agente):
    une = factories.annonce(boe, titre="Une", importante=True)
    etrangere = factories.annonce(ailleurs, importante=True)
    d_un_autre_service = factories.annonce(boe, regie=factories.regie(boe), importante=True)
    bandeau_ = factories.annonce(boe)
    faux = ["", "x", "\x00", "1", f"{une.pk}", f"{une.pk}.0", f"{une.pk}.2", f" {une.pk}.1", "٣.1"]
    for envoi in ({}, {"annonce": [*faux, etrangere.cle, d_un_autre_service.cle, bandeau_.cle]}):
        assert client.post(LUES, envoi).status_code == 303
    assert not LectureDAnnonce.objects.exists()
    # Ce qui paraît ou change entre l'affichage et le clic reste à lire.
    deux = factories.annonce(boe, titre="Deux", importante=True)
    assert client.post(LUES, {"annonce": une.cle}).status_code == 303
    assert a_lire(client) == ["Deux"]
    contenu = {"texte": "x", "importante": True, "regie": None, "debut": deux.debut, "fin": deux.fin}
    services.modifier_annonce(annonce=deux, a_relire=True, titre="Deux bis", **contenu)
    client.post(LUES, {"annonce": deux.cle})
    assert a_lire(client) == ["Deux bis"]
    acceder(client)
    services.modifier_annonce(annonce=deux, a_relire=False, titre="Deux ter", **contenu)
    assert a_lire(client) == []
    services.modifier_annonce(annonce=deux, a_relire=True, titre="Deux quater", **contenu)
    assert a_lire(client) == ["Deux quater"]


def test_elle_parait_et_disparait_a_l_heure(client, boe):
    heure, maintenant = timedelta(hours=1), timezone.now()
    annonce = factories.annonce(boe, importante=True, debut=maintenant + heure, fin=maintenant + 2 * heure)
    futur = factories.annonce(boe, titre="Toujours", importante=True)
    assert a_lire(client) == ["Toujours"]
    Annonce.objects.filter(pk=annonce.pk).update(debut=maintenant - heure, titre="Maintenant")
    services.retirer_annonce(annonce=futur)
    assert a_lire(client) == ["Maintenant"]
    Annonce.objects.filter(pk=annonce.pk).update(fin=maintenant - heure / 2)
    factories.annonce(boe, titre="Autre")  # les annonces ont changé : chacun les relit
    assert (a_lire(client), bandeau(client)) == ([], ["Autre"])


def test_sans_jeton_le_clic_est_refuse_et_un_anonyme_revient_a_la_connexion(client, boe):
    annonce = factories.annonce(boe, importante=True)
    client.handler.enforce_csrf_checks = True
    assert client.post(LUES, {"annonce": annonce.cle}).status_code == 403
    anonyme = Client(HTTP_HOST="localhost")
    reponse = anonyme.post(LUES, {"annonce": annonce.cle}, HTTP_REFERER="http://localhost/")
    assert (reponse.status_code, reponse["Location"]) == (302, "/connexion/?next=/")
    assert not LectureDAnnonce.objects.exists()
