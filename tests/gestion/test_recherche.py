"""Une boîte, et la bonne fiche au bout ; rien que la personne n'ait le droit de voir, et aucun nom nulle part."""

import re
from decimal import Decimal
from types import SimpleNamespace
from uuid import uuid4

import factories
import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from comptes.models import Redevable
from factures.services.lots import corrections
from paiement_tipi.models import Paiement
from portail.gestion.recherche import PAR_GROUPE, chercheur_de, chercheurs, cles
from portail.gestion.termes import LONGUEUR, Terme
from portail.models import Compteur, Journal
from portail.reperes import reduire
from portail.templatetags import ui
from tests.gestion.conftest import MARQUE, adresse
from tests.test_requetes import SOCLE

pytestmark = pytest.mark.sqlite

RECHERCHE = "/gestion/recherche/"


def chercher(client, terme: str) -> str:
    """La page où mène la recherche : une fiche, ou des résultats."""
    Compteur.objects.all().delete()
    reponse = client.post(RECHERCHE, {"terme": terme}, follow=True)
    assert reponse.status_code == 200, terme
    return reponse.content.decode()


def arrivee(client, terme: str) -> str:
    Compteur.objects.all().delete()
    return client.post(RECHERCHE, {"terme": terme}, follow=True).request["PATH_INFO"]


def groupes(page: str) -> dict[str, list[str]]:
    """Les fiches trouvées, par titre de groupe, dans l'ordre."""
    sections = re.findall(r'<h2 id="groupe-\d+">(.*?)</h2>(.*?)</section>', page, re.DOTALL)
    return {titre: re.findall(r'<li>\s*<a href="([^"]+)"', section) for titre, section in sections}


@pytest.fixture
def beranger(monde) -> SimpleNamespace:
    """Élodie BÉRANGER-L'ŒUVRE, son compte client, sa facture de 1 234,50 € et son paiement."""
    ici = monde.ici
    usager = factories.usager(email="elodie@exemple.fr", nom="BÉRANGER-L'ŒUVRE", prenom="Élodie")
    redevable = factories.redevable(
        monde.boe, usager, nom="BÉRANGER-L'ŒUVRE", prenom="Élodie", code="CL-77", courriel="Famille@exemple.fr"
    )
    facture = factories.facture(
        redevable, ici["portail.regie"], numero="2026-EAU-0042", reference="X00 4242/1", montant=Decimal("1234.50")
    )
    contrat = ici["paiement_tipi.contrattipi"]
    paiement = Paiement.objects.create(
        collectivite=monde.boe, contrat=contrat, usager=usager, formulaire=uuid4(), numcli=contrat.numcli, saisie="W",
        exer="2026", refdet="X0042421", montant=Decimal("1234.50"), mel=usager.email, idop=uuid4(),
        envoye_le=facture.publiee_le, etat="paye", numauto="AUT-99",
    )  # fmt: skip
    return SimpleNamespace(usager=usager, redevable=redevable, facture=facture, paiement=paiement)


def test_un_nom_se_trouve_sans_accent_ni_casse_par_ses_debuts_dans_les_deux_ordres(monde, beranger):
    factories.redevable(monde.boe, nom="AUTRE", prenom="Personne")
    attendus = {
        "Redevables": [adresse(beranger.redevable)],
        "Usagers": [adresse(beranger.usager)],
        "Factures": [adresse(beranger.facture)],
    }
    for terme in ("beranger", "BÉRANGER", "elodie bér", "oeuvre", "L'Œuvre élo", "béranger élodie", " Beran\u00adger "):
        assert groupes(chercher(monde.chez["lectrice"], terme)) == attendus, terme


def test_ce_qui_n_est_ni_un_debut_de_mot_ni_un_identifiant_entier_ne_trouve_rien(monde, beranger):
    for terme in ("ranger", "beranger paul", "beranger%z", "xeranger", "'", "-", "1234,51", "0042", "€"):
        page = chercher(monde.chez["agente"], terme)
        assert groupes(page) == {}, terme
        assert "Rien ne correspond à" in page
    assert "un code client, un numéro de facture" in page


def test_un_identifiant_entier_mene_droit_a_sa_fiche(monde, beranger):
    client, paiement = monde.chez["agente"], beranger.paiement
    for terme, objet in (
        ("2026-EAU-0042", beranger.facture), ("2026 eau 0042", beranger.facture), ("2026eau0042", beranger.facture),
        ("2026–EAU–0042", beranger.facture), ("X00 4242/1", beranger.facture), ("x004-2421", beranger.facture),
        (str(beranger.facture.uuid), beranger.facture), ("CL-77", beranger.redevable), ("cl 77", beranger.redevable),
        ("ELODIE@exemple.fr", beranger.usager), ("famille@exemple.fr", beranger.redevable),
        (str(paiement.idop), paiement), (paiement.idop.hex.upper(), paiement), (str(paiement.uuid), paiement),
    ):  # fmt: skip
        assert arrivee(client, terme) == adresse(objet), terme


def test_un_montant_se_trouve_au_centime(monde, beranger):
    factories.facture(beranger.redevable, monde.ici["portail.regie"], montant=Decimal("1234.51"))
    attendus = {"Factures": [adresse(beranger.facture)], "Paiements": [adresse(beranger.paiement)]}
    for terme in ("1234,50", "1 234,50 €", "1\u202f234,50\u00a0€", "1234.50", "1.234,50", "1234,5", "1234,50 euros"):
        assert groupes(chercher(monde.chez["agente"], terme)) == attendus, terme


def test_chaque_resultat_dit_de_quoi_le_reconnaitre(monde, beranger):
    page = chercher(monde.chez["agente"], "1234,50")
    facture = re.search(r"2026-EAU-0042.*?</li>", page, re.DOTALL)[0]
    assert 'data-etat="a-payer"' in facture
    for mot in ("1\N{NO-BREAK SPACE}234,50\N{NO-BREAK SPACE}€", "BÉRANGER-L&#x27;ŒUVRE", "Eau", "émise le"):
        assert mot in facture
    assert "AUT-99" not in page
    assert groupes(chercher(monde.chez["agente"], "aut99")) == {"Paiements": [adresse(beranger.paiement)]}


def test_un_numero_qui_est_aussi_un_montant_montre_les_deux_et_le_numero_d_abord(monde, beranger):
    regie = monde.ici["portail.regie"]
    numerotee = factories.facture(beranger.redevable, regie, numero="57", montant=Decimal(3))
    factories.facture(beranger.redevable, regie, montant=Decimal(57))
    trouvees = groupes(chercher(monde.chez["agente"], "57"))["Factures"]
    assert (trouvees[0], len(trouvees)) == (adresse(numerotee), 2)


def test_le_nom_entier_vient_avant_son_debut_et_le_nom_avant_le_prenom(monde):
    attendus = [
        factories.redevable(monde.boe, nom=nom, prenom=prenom)
        for nom, prenom in (("MARTIN", "Zoé"), ("MARTINEAU", "Abel"), ("ABADIE", "Martin"))
    ]
    trouves = groupes(chercher(monde.chez["agente"], "martin"))["Redevables"]
    assert trouves == [adresse(redevable) for redevable in attendus]


def test_un_nom_corrige_par_un_lot_ou_un_enregistrement_se_trouve_sous_le_nouveau(monde, beranger):
    redevable = beranger.redevable
    redevable.nom = "ÉTIENNE"
    Redevable.objects.bulk_update([redevable], corrections.IDENTITE)
    assert Redevable.objects.get(pk=redevable.pk).noms == "etienne elodie"
    redevable.nom = "HÉLÈNE"
    redevable.save()
    assert Redevable.objects.get(pk=redevable.pk).noms == "helene elodie"


@pytest.mark.parametrize("nombre", [PAR_GROUPE, PAR_GROUPE + 1])
def test_un_groupe_a_un_plafond_et_la_liste_les_a_tous(monde, nombre):
    for _ in range(nombre):
        factories.redevable(monde.boe, nom="NOMBREUX")
    client = monde.chez["agente"]
    page = chercher(client, "nombreux")
    assert len(groupes(page)["Redevables"]) == PAR_GROUPE
    assert ("Il y en a plus de vingt" in page) is (nombre > PAR_GROUPE)
    lien = re.search(r'href="(/gestion/comptes/redevable/\?recherche=[^"]+)"', page)[1]
    liste = client.get(lien).content.decode()
    assert f"{nombre} lignes" in liste
    assert "« nombreux »" in liste
    assert "Aucune ligne ne correspond." in client.get(f"{lien}&mode_envoi__exact=electronique").content.decode()


def test_la_liste_garde_la_recherche_de_page_en_page(monde):
    for _ in range(51):
        factories.facture(monde.ici["comptes.redevable"], monde.ici["portail.regie"], montant=Decimal("77.77"))
    client = monde.chez["agente"]
    lien = re.search(r'href="(/gestion/factures/facture/\?recherche=[^"]+)"', chercher(client, "77,77"))[1]
    pages = [client.get(f"{lien}&p={p}").content.decode() for p in (1, 2)]
    assert [page.count("/change/") for page in pages] == [50, 1]
    assert "p=2&amp;recherche=" in pages[0]


def test_la_cle_d_une_autre_session_ou_d_avant_hier_ne_trouve_rien_et_le_dit(monde):
    client = monde.chez["agente"]
    for cle in ("x", "..%2F", "é", "%00"):
        assert client.get(f"{RECHERCHE}{cle}/").status_code in {404, 410}
        page = client.get(f"/gestion/factures/facture/?recherche={cle}").content.decode()
        assert "Aucune ligne ne correspond." in page
        assert "oubliée, recommencez" in page
    cle = client.post(RECHERCHE, {"terme": "dupont"})["Location"]
    assert client.get(cle).status_code == 200
    assert monde.chez["lectrice"].get(cle).status_code == 410


def test_l_adresse_de_page_et_le_journal_ne_disent_rien_du_terme(monde, beranger, caplog):
    client = monde.chez["agente"]
    reponse = client.post(RECHERCHE, {"terme": "béranger"}, follow=True)
    page = reponse.content.decode()
    adresses = [lien for lien, _statut in reponse.redirect_chain] + re.findall(r'(?:href|action)="([^"]+)"', page)
    faits = map(str, Journal.objects.values_list("avant", "apres", "identifiant"))
    dits = [*adresses, re.search(r"<title>(.*?)</title>", page, re.DOTALL)[1], caplog.text, *faits]
    assert [dit for dit in dits if "beranger" in reduire(dit)] == []
    assert "béranger" in page


def test_les_listes_ne_cherchent_plus_par_leur_adresse_et_ne_la_gardent_pas(monde):
    reponse = monde.chez["agente"].get("/gestion/factures/facture/?q=dupont&etat=payee")
    assert (reponse.status_code, reponse["Location"]) == (302, "/gestion/factures/facture/")


def test_un_tri_que_la_liste_n_offre_pas_ne_trie_rien(monde):
    """Trier un million de lignes par une adresse falsifiée occuperait la base à lui seul."""
    client, liste = monde.chez["agente"], "/gestion/factures/facture/"
    for _ in range(3):
        factories.facture(monde.ici["comptes.redevable"], monde.ici["portail.regie"])
    ordres = []
    for suite in ("", "?o=1", "?o=-1.2.3", "?o=6", "?o=x", "?o=99"):
        with CaptureQueriesContext(connection) as capture:
            client.get(liste + suite)
        ordres.append([q["sql"].rpartition("ORDER BY")[2] for q in capture if "ORDER BY" in q["sql"]])
    assert ordres == [ordres[0]] * len(ordres)
    assert "numero" not in str(ordres[0])


def test_chacun_ne_trouve_que_ce_qu_il_a_le_droit_de_voir(monde, beranger):
    """Pour chaque personne, les groupes que lui ouvre un terme qui touche à tout."""
    idop = str(beranger.facture.uuid)
    vus = {nom: set(groupes(chercher(monde.chez[nom], "dupont"))) for nom in ("lectrice", "exploitant")}
    assert vus == {"lectrice": {"Redevables", "Factures"}, "exploitant": set()}
    ferme = chercher(monde.chez["exploitant"], "elodie")
    assert groupes(ferme) == {}
    assert "vous sont fermés" in ferme
    assert set(groupes(chercher(monde.chez["exploitant_ouvert"], "elodie"))) == {"Redevables", "Usagers", "Factures"}
    assert groupes(chercher(monde.chez["lectrice"], "essai.")) == {}
    assert arrivee(monde.chez["exploitant"], idop).startswith(RECHERCHE)


def test_rien_d_une_autre_commune_ne_se_trouve_par_aucun_de_ses_identifiants(monde):
    la_bas = monde.la_bas
    paiement, facture, redevable = (
        la_bas[f"{nom}"] for nom in ("paiement_tipi.paiement", "factures.facture", "comptes.redevable")
    )
    termes = [
        redevable.nom, MARQUE, facture.numero, facture.reference, str(facture.uuid), redevable.code, paiement.refdet,
        str(paiement.idop), str(paiement.uuid), "243,11", "242,11", f"essai.{MARQUE}", la_bas["comptes.usager"].email,
    ]  # fmt: skip
    for nom in ("administratrice", "exploitant_ouvert"):
        for terme in termes:
            page = chercher(monde.chez[nom], terme).replace(f'value="{terme}"', "").replace(f"« {terme} »", "")
            assert MARQUE not in page, (nom, terme)
    # Le témoin : chez elle, les mêmes termes la trouvent.
    vus = [terme for terme in termes if MARQUE in chercher(monde.chez["agent_d_ailleurs"], terme).replace(terme, "")]
    assert len(vus) >= len(termes) - 3


def test_un_envoi_vide_ou_sans_jeton_ne_cherche_rien(monde, boe):
    client = monde.chez["agente"]
    for terme in ("", "   ", "\0", "\u200b"):
        assert "Vous pouvez chercher" in client.post(RECHERCHE, {"terme": terme}).content.decode()
    client.handler.enforce_csrf_checks = True
    assert client.post(RECHERCHE, {"terme": "dupont"}).status_code == 403


def test_au_dela_de_soixante_recherches_par_minute_il_faut_attendre(monde, settings):
    settings.LIMITES = settings.LIMITES | {"recherches": (2, 60)}
    client = monde.chez["agente"]
    statuts = [client.post(RECHERCHE, {"terme": "dupont"}).status_code for _ in range(3)]
    assert statuts == [303, 303, 429]
    assert monde.chez["lectrice"].post(RECHERCHE, {"terme": "dupont"}).status_code == 303
    assert Journal.objects.get(action="limite.depassee").apres == {"limite": "recherches"}


# Ce que coûte une page de résultats : l'affectation, une requête par piste et une par groupe trouvé.
COUTS = {"nombreux": 14, "77,77": 13, "a@exemple.fr": 18, "2026-EAU-0042": 11, str(uuid4()): 12}


@pytest.mark.parametrize("nombre", [1, 30])
def test_une_recherche_coute_autant_pour_une_ligne_que_pour_trente(monde, beranger, nombre):
    for _ in range(nombre):
        habitant = factories.usager(nom="NOMBREUX")
        redevable = factories.redevable(monde.boe, habitant, nom="NOMBREUX", courriel="a@exemple.fr")
        factories.facture(redevable, factories.regie(monde.boe), montant=Decimal("77.77"))
    client = monde.chez["administratrice"]
    couts = {}
    for terme in COUTS:
        page = client.post(RECHERCHE, {"terme": terme})["Location"]
        client.get(page)
        with CaptureQueriesContext(connection) as capture:
            client.get(page)
        couts[terme] = len(capture) - SOCLE
    assert couts == COUTS


TEXTES = st.text(max_size=60)
NOMS = st.text(st.characters(codec="utf-8", categories=("L", "M", "N", "P", "Zs")), min_size=1, max_size=30)


@given(TEXTES)
@example("\0")
@example("\ud800")
@example("é" * 5000)
@example("' OR 1=1; --")
@example("a & b | !c <-> d:*")
@example("\u202e%_\\")
def test_aucun_texte_n_est_une_erreur_a_lire(saisie):
    terme = Terme.lire(saisie)
    assert len(terme.brut) <= LONGUEUR
    assert Terme.lire(terme.brut) == terme
    assert all(mot.isalnum() for mot in terme.mots)
    terme.brut.encode()
    assert (terme.compacts, terme.uuid, terme.est_un_courriel) is not None


@given(TEXTES)
def test_reduire_deux_fois_revient_a_reduire_une_fois(texte):
    assert reduire(reduire(texte)) == reduire(texte)


BIZARRES = ("\0", "a & b | !c:* ' \\", "9" * 60, "-0,00 €", "@", "x@\0y", "é" * 5000, "%_", "1e9", "½")


def test_aucun_terme_ne_donne_une_erreur_a_la_page(monde):
    for terme in BIZARRES:
        chercher(monde.chez["administratrice"], terme)


SANS_REINITIALISER = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])


def trouves(modele: str, terme: str, commune) -> set[object]:
    """Ce que le chercheur de ce modèle trouve dans cette commune."""
    modele_, chercheur = apps.get_model(modele), chercheur_de(modele)
    assert chercheur is not None
    return set(cles(modele_.objects.all(), chercheur.chercher(commune, Terme.lire(terme)), 1000))


@SANS_REINITIALISER
@given(terme=TEXTES)
def test_aucun_terme_ne_donne_une_erreur(boe, terme):
    for chercheur in chercheurs():
        trouves(chercheur.modele, terme, boe)


@SANS_REINITIALISER
@given(nom=NOMS, prenom=NOMS, code=NOMS, numero=NOMS, reference=NOMS, centimes=st.integers(1, 10**11 - 1))
@example(nom="ﷺ Straße", prenom="Łucja", code="é1", numero="ß/İ", reference="ŉ a", centimes=1)
def test_un_objet_se_trouve_par_n_importe_lequel_de_ses_identifiants(
    boe, nom, prenom, code, numero, reference, centimes
):
    nom, prenom, code, numero, reference = (lisible(texte) for texte in (nom, prenom, code, numero, reference))
    with transaction.atomic():
        redevable = factories.redevable(boe, nom=nom, prenom=prenom, code=code)
        montant = Decimal(centimes).scaleb(-2)
        facture = factories.facture(
            redevable, factories.regie(boe), numero=numero, reference=reference, montant=montant
        )
        identites = [terme for terme in (f"{prenom} {nom}", f"{nom} {prenom}") if reduire(terme)]
        connus = [(facture, terme) for terme in (numero, reference, ui.montant(montant), str(montant))]
        connus += [(redevable, terme) for terme in (code, *identites)]
        oublies = [
            (objet, terme)
            for objet, terme in connus
            if Terme.lire(terme).compacts and objet.pk not in trouves(objet._meta.label_lower, terme, boe)
        ]
        transaction.set_rollback(True)
    assert oublies == []


def lisible(texte: str) -> str:
    """Tel qu'un import le garderait : sans rien d'invisible, jamais vide."""
    return Terme.lire(texte).brut or "A"
