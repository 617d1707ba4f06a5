"""L'agente annonce : elle voit ce que liront les habitants et combien ils sont, publie, modifie, retire."""

import re
from datetime import UTC, datetime, timedelta

import factories
import pytest
from django.utils import timezone
from django.utils.html import escape

from portail import services
from portail.models import Annonce, Collectivite, Journal
from tests.gestion.conftest import MARQUE, adresse

pytestmark = pytest.mark.sqlite

LISTE = "/gestion/portail/annonce/"
ANNONCER = f"{LISTE}annoncer/"
TEXTE = "Le tarif change.\n\nVoir https://boe.fr/tarifs et <b>gras</b>."
ECRITE = {"titre": "Nouveau tarif", "texte": TEXTE, "fin": "2099-06-01T18:00"}


@pytest.fixture
def client(monde):
    return monde.chez["agente"]


def lire(reponse) -> str:
    return " ".join(reponse.content.decode().split())


def test_elle_voit_exactement_ce_que_liront_les_habitants_puis_publie(monde, client, agente):
    apercu = lire(client.post(ANNONCER, {**ECRITE, "importante": "on"}))
    assert "1 habitant de la commune la verra, ainsi" in apercu
    assert "Tout de suite, et jusqu'au 1er juin 2099 à 18:00." in apercu
    assert 'href="https://boe.fr/tarifs"' in apercu
    assert "&lt;b&gt;gras&lt;/b&gt;" in apercu
    assert Annonce.objects.filter(titre="Nouveau tarif").count() == 0
    fait = client.post(ANNONCER, {**ECRITE, "importante": "on", "confirmer": ""}, follow=True)
    annonce = Annonce.objects.get(titre="Nouveau tarif")
    assert escape("L'annonce est en ligne.") in lire(fait)
    assert fait.redirect_chain == [(adresse(annonce), 303)]
    # La surbrillance de l'aperçu est, mot pour mot, celle que lit l'habitante.
    encadre = re.compile(r'<section class="annonce-importante">.*?</section>')
    assert encadre.search(lire(monde.chez["ada"].get("/")))[0] == encadre.search(apercu)[0]
    assert (annonce.auteur, annonce.collectivite, annonce.fin) == (
        agente.pk, monde.boe, datetime(2099, 6, 1, 16, tzinfo=UTC),
    )  # fmt: skip
    creee = Journal.objects.get(action="annonce.creee", identifiant=str(annonce.pk))
    assert (creee.acteur, creee.collectivite, "tarif" in str(creee.apres)) == (agente.pk, monde.boe.pk, False)


def test_pour_un_service_et_plus_tard_a_l_heure_de_la_commune(monde, client):
    Collectivite.objects.filter(pk=monde.boe.pk).update(fuseau="America/Guadeloupe")
    regie = monde.ici["portail.regie"]
    envoi = {**ECRITE, "regie": regie.pk, "debut": "2099-05-01T08:00"}
    apercu = lire(client.post(ANNONCER, envoi))
    assert "1 habitant qui a une facture du service Eau la verra" in apercu
    assert "Du 1er mai 2099 à 08:00 au 1er juin 2099 à 18:00." in apercu
    fait = client.post(ANNONCER, {**envoi, "confirmer": ""}, follow=True)
    assert escape("L'annonce est programmée.") in lire(fait)
    annonce = Annonce.objects.get(titre="Nouveau tarif")
    assert (annonce.regie, annonce.debut) == (regie, datetime(2099, 5, 1, 12, tzinfo=UTC))


def test_une_saisie_impossible_se_dit_et_rien_n_est_perdu(monde, client):
    cas = {
        "Ce champ est obligatoire.": {"titre": ""},
        "Ce moment est déjà passé.": {"fin": "2020-01-01T00:00"},
        "La fin est avant le début.": {"debut": "2099-07-01T00:00"},
        "Assurez-vous que cette valeur comporte au plus 2": {"texte": "x" * 2001},
        "Le caractère nul n'est pas autorisé.": {"texte": "x\x00"},
        # Le service d'une autre commune n'est pas un choix.
        "Sélectionnez un choix valide.": {"regie": monde.la_bas["portail.regie"].pk},
    }
    for phrase, envoi in cas.items():
        page = client.post(ANNONCER, {**ECRITE, **envoi, "confirmer": ""}).content.decode()
        assert phrase in page.replace("’", "'"), phrase
        assert "texte" in envoi or "Le tarif change." in page
    assert not Annonce.objects.filter(titre="Nouveau tarif").exists()
    assert 'value="2' in lire(client.get(ANNONCER)).split('name="fin"')[1]  # une fin est proposée


def test_elle_modifie_et_demande_qu_on_la_relise_puis_la_retire(monde, client, ada, agente):
    annonce = factories.annonce(monde.boe, titre="Vieux", importante=True)
    services.lire_les_annonces(annonces=[annonce], usager=ada)
    assert "1 personne" in lire(client.get(adresse(annonce)))
    page = lire(client.get(adresse(annonce, "modifier")))
    assert ('value="Vieux"' in page, 'name="importante"' in page, 'name="a_relire"' in page) == (True, True, True)
    envoi = {**ECRITE, "importante": "on", "confirmer": ""}
    for relire, revision, lue in (({}, 1, "1 personne"), ({"a_relire": "on"}, 2, "0 personne")):
        assert client.post(adresse(annonce, "modifier"), envoi | relire).status_code == 303
        annonce.refresh_from_db()
        assert (annonce.titre, annonce.revision) == ("Nouveau tarif", revision)
        assert lue in lire(client.get(adresse(annonce)))
    retiree = client.post(adresse(annonce, "retirer"), follow=True)
    assert escape("L'annonce est retirée") in lire(retiree)
    for acte in ("retirer", "modifier"):
        refus = client.post(adresse(annonce, acte), envoi)
        assert (refus.status_code, "Cette annonce est retirée" in lire(refus)) == (409, True)
    Annonce.objects.filter(pk=annonce.pk).update(retiree_le=timezone.now() - timedelta(days=366))
    assert "effacé, un an après la fin" in lire(client.get(adresse(annonce)))


def test_la_liste_dit_ou_en_est_chacune_et_se_filtre(monde, client):
    Annonce.objects.all().delete()
    heure, maintenant = timedelta(hours=1), timezone.now()
    factories.annonce(monde.boe, titre="A venir", debut=maintenant + heure)
    factories.annonce(monde.boe, titre="En ce moment")
    finie = factories.annonce(monde.boe, titre="Finie", debut=maintenant - 2 * heure, fin=maintenant - heure)
    factories.annonce(monde.boe, titre="Ôtée", retiree_le=maintenant)
    factories.annonce(monde.ailleurs, titre=MARQUE)
    titres = {"programmee": "A venir", "en-ligne": "En ce moment", "terminee": "Finie", "retiree": "Ôtée"}
    for etat, titre in titres.items():
        page = lire(client.get(f"{LISTE}?etat={etat}"))
        assert [t for t in (*titres.values(), MARQUE) if f">{t}<" in page] == [titre]
    refus = client.post(adresse(finie, "retirer"))
    assert (refus.status_code, "Cette annonce est terminée" in lire(refus)) == (409, True)
    assert client.get(adresse(finie, "modifier")).status_code == 200  # la prolonger la remet en ligne


def test_l_agente_n_annonce_pas_ailleurs(monde, client):
    la_bas = monde.la_bas["portail.annonce"]
    for acte in ("modifier", "retirer"):
        assert client.post(adresse(la_bas, acte), {**ECRITE, "confirmer": ""}).status_code == 404
    client.post(ANNONCER, {**ECRITE, "collectivite": monde.ailleurs.pk, "auteur": 1, "revision": 9, "confirmer": ""})
    annonce = Annonce.objects.get(titre="Nouveau tarif")
    assert (annonce.collectivite, annonce.revision) == (monde.boe, 1)
