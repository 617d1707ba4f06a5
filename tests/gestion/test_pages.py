"""Ce que les agents lisent : l'accueil, les listes, les fiches, leur coût ; et ce qu'ils y font."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import factories
import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from factures.etats import EtatFacture, Statut
from factures.models import Facture, LigneFacture
from factures.services import encaisser
from paiement_tipi import services
from paiement_tipi.fautes import sens
from portail.gestion import listes as gestion_listes
from portail.journal import noter
from portail.models import Courriel, Journal
from tests.gestion.conftest import adresse, listes
from tests.paiement_tipi.outils_machine import GuichetDocile

FACTURES = "/gestion/factures/facture/"
# La commune (hôte), la session, le compte, l'affectation.
SOCLE = 4


def lire(client, chemin: str) -> str:
    reponse = client.get(chemin)
    assert reponse.status_code == 200, chemin
    return reponse.content.decode()


def compter(client, chemin: str) -> int:
    lire(client, chemin)
    with CaptureQueriesContext(connection) as requetes:
        lire(client, chemin)
    return len(requetes)


# Le nombre de lignes et les lignes ; les choix du filtre par service ou par contrat. Au journal, aussi les agents, les
# auteurs, et une requête par genre d'objet.
COUTS = {
    "portail/collectivite": 2, "portail/regie": 2, "portail/affectation": 2, "portail/journal": 7,
    "portail/courriel": 2, "portail/annonce": 2, "comptes/usager": 2, "comptes/redevable": 2, "comptes/rattachement": 2,
    "comptes/visite": 2, "comptes/codeactivation": 2, "comptes/activation": 2,
    "factures/facture": 3, "factures/lignefacture": 2, "factures/depotreglements": 3, "factures/lotimport": 3,
    "factures/reglement": 3,
    "factures/declaration": 2, "factures/consultation": 2, "paiement_tipi/contrattipi": 2,
    "paiement_tipi/paiement": 3, "paiement_tipi/partpaiement": 2, "paiement_tipi/transitionpaiement": 2,
    "paiement_tipi/echangepayfip": 2, "paiement_tipi/notificationtipi": 2,
    "contact/demande": 3, "contact/reponsetype": 2,
}  # fmt: skip


@pytest.mark.sqlite
@pytest.mark.parametrize("nombre", [1, 30])
def test_une_liste_coute_autant_pour_une_ligne_que_pour_trente(monde, nombre):
    ici = monde.ici
    for n in range(nombre):
        redevable = factories.redevable(monde.boe, factories.usager())
        regie = factories.regie(monde.boe)
        facture = factories.facture(redevable, regie, lignes=[("ligne", Decimal(1))])
        encaisser(facture=facture, montant=Decimal(1), moyen="carte", origine=f"x:{n}", recu_le=timezone.now())
        factories.contrat(regie)
        factories.demande(factories.usager(), monde.boe, regie=regie)
        ici["paiement_tipi.paiement"].parts.create(
            facture=facture, collectivite=monde.boe, montant=Decimal(1), ouverte=False
        )
    couts = {nom: compter(monde.chez["administratrice"], f"/gestion/{nom}/") for nom in COUTS}
    assert couts == {nom: SOCLE + cout for nom, cout in COUTS.items()}


@pytest.mark.sqlite
@pytest.mark.parametrize("nombre", [1, 30])
def test_la_fiche_d_une_facture_coute_autant_avec_trente_lignes(monde, nombre):
    facture = monde.ici["factures.facture"]
    for n in range(nombre):
        LigneFacture.objects.create(facture=facture, collectivite=monde.boe, rang=n + 2, libelle="x", montant=1)
        encaisser(facture=facture, montant=Decimal(1), moyen="carte", origine=f"x:{n}", recu_le=timezone.now())
        noter("essai", sur=facture)
    # La facture et ses remplaçantes ; ses lignes, règlements, marques, lectures, tentatives et demandes.
    assert compter(monde.chez["agente"], adresse(facture)) == SOCLE + 9


@pytest.mark.sqlite
def test_la_fiche_dit_tout_de_la_facture_et_ce_qui_est_vide_n_y_est_pas(monde):
    facture = monde.ici["factures.facture"]
    page = lire(monde.chez["agente"], adresse(facture))
    attendus = (
        "2026-1", "REF0000001", "DUPONT", "243,11\N{NO-BREAK SPACE}€", "242,11\N{NO-BREAK SPACE}€", "carte bancaire",
        "Dite réglée par", "Lue par", "Paiements en ligne", "Annuler la facture",
    )  # fmt: skip
    for mot in attendus:
        assert mot in page
    assert 'data-etat="partiellement-payee"' in page
    autre = factories.facture(monde.ici["comptes.redevable"], monde.ici["portail.regie"])
    vide = lire(monde.chez["agente"], adresse(autre))
    assert [titre for titre in ("Règlements", "Lue par", "Paiements en ligne") if f"<h2>{titre}</h2>" in vide] == []


@pytest.mark.sqlite
def test_chaque_etat_filtre_les_factures_qui_le_portent(monde):
    redevable, regie = monde.ici["comptes.redevable"], monde.ici["portail.regie"]
    hier = timezone.now().date() - timedelta(days=1)
    Facture.objects.filter(collectivite=monde.boe).update(statut=Statut.ANNULEE, motif_annulation="essai")
    for champs in ({}, {"montant": Decimal(-5)}, {"reste_du": Decimal(0)}, {"date_prelevement": hier},
                   {"date_limite_en_ligne": hier}, {"date_echeance": hier}, {"reste_du": Decimal(9)}):  # fmt: skip
        factories.facture(redevable, regie, **champs)
    factories.facture(redevable, factories.regie(monde.boe, suspendue=True))
    en_cours = factories.facture(redevable, regie)
    monde.ici["paiement_tipi.paiement"].parts.create(facture=en_cours, collectivite=monde.boe, montant=1)
    for etat in set(EtatFacture.values) - {"declaree"}:
        page = lire(monde.chez["agente"], f"{FACTURES}?etat={etat}")
        assert re.findall(r'data-etat="([a-z-]+)"', page) == [etat]


@pytest.mark.sqlite
def test_au_dela_du_plafond_on_ne_compte_plus(monde, monkeypatch):
    monkeypatch.setattr(gestion_listes, "PLAFOND", 2)
    for _ in range(4):
        factories.facture(monde.ici["comptes.redevable"], monde.ici["portail.regie"])
    page = lire(monde.chez["agente"], FACTURES)
    assert "5 lignes" not in page
    assert page.count("/change/") >= 3


def test_les_grandes_listes_se_lisent_page_a_page(monde):
    for _ in range(51):
        factories.facture(monde.ici["comptes.redevable"], monde.ici["portail.regie"])
    pages = [lire(monde.chez["agente"], f"{FACTURES}?p={p}") for p in (1, 2)]
    assert [page.count("/change/") for page in pages] == [50, 2]
    assert "52 lignes" in pages[0]


@pytest.mark.sqlite
def test_chaque_page_a_un_seul_h1_un_titre_a_elle_et_aucun_script_de_plus(monde):
    client = monde.chez["exploitant_ouvert"]
    objets = {nom: objet for nom, objet in monde.ici.items() if nom != "factures.lignefacture"}
    chemins = ["/gestion/", *listes()]
    chemins += [adresse(o, page) for o in objets.values() for page in ("change", "history")]
    pages = {chemin: lire(client, chemin) for chemin in chemins}
    pages["/gestion/contenu/"] = lire(monde.chez["exploitant"], "/gestion/contenu/")
    assert {chemin for chemin, page in pages.items() if page.count("<h1") != 1} == set()
    titres = [" ".join(re.search(r"<title>(.*?)</title>", p, re.DOTALL)[1].split()) for p in pages.values()]
    assert [t for t in titres if "Gestion – Ville de Boé" not in t] == []
    scripts = {chemin: re.findall(r'<script src="/static/js/([\w.]+)"', page) for chemin, page in pages.items()}
    vivante = adresse(monde.ici["factures.lotimport"])  # un ouvrier travaille : sa page se remplace d'elle-même
    assert sorted(scripts.pop(vivante)) == ["formulaires.js", "vivante.js"]
    assert {tuple(noms) for noms in scripts.values()} == {("formulaires.js",)}


@pytest.mark.sqlite
def test_l_agente_annule_une_facture_avec_son_motif(monde, agente):
    facture = monde.ici["factures.facture"]
    reponse = monde.chez["agente"].post(adresse(facture, "annuler"), {"motif": "Erreur de relevé"}, follow=True)
    assert "La facture est annulée." in reponse.content.decode()
    facture.refresh_from_db()
    assert (facture.statut, facture.motif_annulation) == (Statut.ANNULEE, "Erreur de relevé")
    fait = Journal.objects.get(action="facture.annulee")
    assert (fait.acteur, fait.collectivite, fait.identifiant) == (agente.pk, monde.boe.pk, str(facture.uuid))
    assert "Annuler la facture" not in lire(monde.chez["agente"], adresse(facture))
    assert "Facture annulée" in lire(monde.chez["agente"], adresse(facture, "history"))
    assert monde.chez["agente"].post(adresse(facture, "annuler"), {"motif": "encore"}).status_code == 409
    assert not LogEntry.objects.exists()  # le journal de Django garderait des noms en clair


@pytest.mark.sqlite
def test_une_facture_en_cours_de_paiement_ne_s_annule_pas(monde):
    facture = monde.ici["factures.facture"]
    monde.ici["paiement_tipi.paiement"].parts.update(ouverte=True)
    reponse = monde.chez["agente"].post(adresse(facture, "annuler"), {"motif": "Erreur"})
    assert reponse.status_code == 409
    assert "Un paiement est en cours" in reponse.content.decode()
    assert Facture.objects.get(pk=facture.pk).statut == Statut.PUBLIEE


@pytest.mark.sqlite
def test_payer_plusieurs_factures_a_la_fois_se_permet_avec_un_motif_sauf_pour_un_titre(monde):
    client, contrat = monde.chez["administratrice"], monde.ici["paiement_tipi.contrattipi"]
    envoi = {"permis": "on", "motif": "Demandé par le régisseur"}
    assert client.post(adresse(contrat, "grouper"), envoi).status_code == 303
    fait = Journal.objects.get(action="contrat.groupes")
    assert (fait.avant, fait.apres) == ({"groupes": False}, {"groupes": True, "motif": "Demandé par le régisseur"})
    assert "Rien ne change" in client.post(adresse(contrat, "grouper"), envoi).content.decode()
    type(contrat.regie).objects.update(mode="titre")
    assert client.post(adresse(contrat, "grouper"), {"motif": "x"}).status_code == 409


@pytest.mark.sqlite
def test_interroger_payfip_applique_sa_reponse(monde, simulateur, settings):
    paiement = monde.ici["paiement_tipi.paiement"]
    reponse = monde.chez["agente"].post(adresse(paiement, "interroger"), follow=True)
    dit = unescape(reponse.content.decode())
    assert f"PayFiP a répondu : {sens('P1')} Cette tentative est « expiré »." in dit
    assert simulateur.serveur is not None
    assert 'name="csrfmiddlewaretoken"' in lire(monde.chez["agente"], adresse(paiement, "interroger"))


@pytest.mark.sqlite
def test_interroger_payfip_en_panne_dit_qu_il_ne_repond_pas(monde, monkeypatch):
    paiement = monde.ici["paiement_tipi.paiement"]
    monkeypatch.setattr(services, "guichet", lambda **_: GuichetDocile(temps="panne"))
    reponse = monde.chez["agente"].post(adresse(paiement, "interroger"))
    assert (reponse.status_code, "PayFiP ne répond pas en ce moment" in reponse.content.decode()) == (200, True)


@pytest.mark.sqlite
def test_la_liste_dit_qui_paie_meme_depuis_le_papier_et_ses_colonnes_sont_en_francais(monde):
    paiement, agente = monde.ici["paiement_tipi.paiement"], monde.chez["agente"]
    assert str(paiement.usager) in lire(agente, "/gestion/paiement_tipi/paiement/")
    type(paiement).objects.update(usager=None)
    pages = [lire(agente, "/gestion/paiement_tipi/paiement/"), lire(agente, adresse(paiement))]
    assert ["Depuis le papier" in page for page in pages] == [True, True]
    pages.append(lire(agente, adresse(monde.ici["paiement_tipi.contrattipi"])))
    assert re.findall(r"\b(Refdet|Numcli|Exer|Saisie|Mel|Idop|Uuid|Regie)\b", "".join(pages)) == []


@pytest.mark.sqlite
def test_un_paiement_inconnu_de_payfip_ne_s_interroge_pas(monde):
    paiement = monde.ici["paiement_tipi.paiement"]
    type(paiement).objects.update(idop=None, envoye_le=None, etat="echoue")
    assert monde.chez["agente"].post(adresse(paiement, "interroger")).status_code == 409


@pytest.mark.sqlite
def test_un_courriel_mort_repart_sauf_si_son_adresse_est_oubliee(monde):
    courriel = monde.ici["portail.courriel"]
    Courriel.objects.filter(pk=courriel.pk).update(destinataire="")
    assert monde.chez["agente"].post(adresse(courriel, "relancer")).status_code == 409
    Courriel.objects.filter(pk=courriel.pk).update(destinataire="h@exemple.fr")
    assert monde.chez["agente"].post(adresse(courriel, "relancer")).status_code == 303
    assert Courriel.objects.get(pk=courriel.pk).etat == "a-envoyer"
    assert Journal.objects.filter(action="courriel.relance").count() == 1


@pytest.mark.sqlite
def test_le_lien_vers_la_gestion_n_est_que_pour_les_agents(monde):
    vues = {nom: 'href="/gestion/"' in monde.chez[nom].get("/").content.decode() for nom in ("ada", "agente")}
    assert vues == {"ada": False, "agente": True}
