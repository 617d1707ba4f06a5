"""Qui voit quoi : chaque adresse du site, pour chaque personne, avec le statut attendu écrit à la main."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import factories
import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from sans_suite import sans_suite

from comptes.models import Copie, Rattachement
from comptes.services import detacher, suspendre_rattachement
from contact.models import Demande, PieceJointe
from factures.etats import Statut
from factures.models import Facture
from paiement_tipi.models import Paiement
from paiement_tipi.services import adresse_du_papier
from portail.charte import empreinte
from portail.models import Affectation, Role

# Les seules adresses qui répondent sans connexion ; toutes les autres y renvoient (302) ou refusent la méthode.
PUBLIQUES = {
    "account_login", "account_logout", "accessibilite", "activation", "activation_envoyee", "activation_finir",
    "activation_lien", "aide", "changer_de_mot_de_passe", "charte", "composants", "donnees_personnelles", "favicon",
    "logo", "mentions_legales", "paiement_tipi:notification", "paiement_tipi:papier", "paiement_tipi:resultat",
    "paiement_tipi:retour", "paiement_tipi:justificatif_du_papier", "paiement_tipi:justificatif_du_papier_pdf",
    "plan_du_site", "pret", "securite", "vivant",
    "adresse_annuler", "adresse_valider", "agent_accepter", "lien",
    "mot_de_passe_envoye", "mot_de_passe_nouveau", "mot_de_passe_oublie",
}  # fmt: skip

# Les personnes, dans l'ordre des colonnes. « deux » est rattachée dans les deux communes.
PERSONNES = (
    "anonyme", "ada", "bob", "usager_d_ailleurs", "deux_a_boe", "deux_ailleurs", "agente", "agent_d_ailleurs",
    "exploitant",
)  # fmt: skip

MATRICE = {
    # nom                              ano  ada  bob  ail  2boé 2ail agt  aga  exp
    ("GET", "account_login"):         (200, 302, 302, 302, 302, 302, 302, 302, 302),
    ("POST", "account_login"):        (200, 302, 302, 302, 302, 302, 302, 302, 302),
    ("GET", "account_logout"):        (405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("POST", "account_logout"):       (302, 302, 302, 302, 302, 302, 302, 302, 302),
    ("GET", "activation"):            (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "activation"):           (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("GET", "activation_envoyee"):    (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "activation_envoyee"):   (405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "activation_finir"):      (404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("POST", "activation_finir"):     (404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("GET", "activation_lien"):       (404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("POST", "activation_lien"):      (405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "rattacher"):             (302, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "rattacher"):            (302, 200, 200, 200, 200, 200, 200, 200, 200),
    ("GET", "rattachements"):         (302, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "rattachements"):        (302, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "rattachement_nommer"):   (302, 405, 405, 405, 405, 405, 405, 405, 405),
    ("POST", "rattachement_nommer"):  (302, 303, 404, 404, 303, 404, 404, 404, 404),
    ("GET", "rattachement_detacher"): (302, 200, 404, 404, 200, 404, 404, 404, 404),
    ("POST", "rattachement_detacher"): (302, 303, 404, 404, 303, 404, 404, 404, 404),
    ("GET", "lien"):                  (410, 410, 410, 410, 410, 410, 410, 410, 410),
    ("POST", "lien"):                 (405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "mot_de_passe_oublie"):   (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "mot_de_passe_oublie"):  (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("GET", "mot_de_passe_envoye"):   (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "mot_de_passe_envoye"):  (405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "mot_de_passe_nouveau"):  (410, 410, 410, 410, 410, 410, 410, 410, 410),
    ("POST", "mot_de_passe_nouveau"): (410, 410, 410, 410, 410, 410, 410, 410, 410),
    ("GET", "adresse_valider"):       (410, 410, 410, 410, 410, 410, 410, 410, 410),
    ("POST", "adresse_valider"):      (410, 410, 410, 410, 410, 410, 410, 410, 410),
    ("GET", "adresse_annuler"):       (410, 410, 410, 410, 410, 410, 410, 410, 410),
    ("POST", "adresse_annuler"):      (410, 410, 410, 410, 410, 410, 410, 410, 410),
    ("GET", "visite_quitter"):        (302, 405, 405, 405, 405, 405, 405, 405, 405),
    ("POST", "visite_quitter"):       (302, 303, 303, 303, 303, 303, 303, 303, 303),
    ("GET", "agent_accepter"):        (410, 410, 410, 410, 410, 410, 410, 410, 410),
    ("POST", "agent_accepter"):       (410, 410, 410, 410, 410, 410, 410, 410, 410),
    ("GET", "mes_informations"):      (302, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "mes_informations"):     (302, 200, 200, 200, 200, 200, 200, 200, 200),
    ("GET", "adresse_changer"):       (302, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "adresse_changer"):      (302, 200, 200, 200, 200, 200, 200, 200, 200),
    ("GET", "appareils"):             (302, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "appareils"):            (302, 200, 200, 200, 200, 200, 200, 200, 200),
    ("GET", "copie"):                 (302, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "copie"):                (302, 200, 200, 200, 200, 200, 200, 200, 200),
    ("GET", "copie_emporter"):        (302, 405, 405, 405, 405, 405, 405, 405, 405),
    ("POST", "copie_emporter"):       (302, 200, 404, 404, 404, 404, 404, 404, 404),
    ("GET", "adresse_confirmer"):     (302, 405, 405, 405, 405, 405, 405, 405, 405),
    ("POST", "adresse_confirmer"):    (302, 302, 302, 302, 302, 302, 302, 302, 302),
    ("GET", "compte_fermer"):         (302, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "compte_fermer"):        (302, 200, 200, 200, 200, 200, 200, 200, 200),
    ("GET", "envoi"):                 (302, 200, 404, 404, 200, 404, 404, 404, 404),
    ("POST", "envoi"):                (302, 400, 404, 404, 400, 404, 404, 404, 404),
    ("GET", "charte"):                (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "charte"):               (405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "logo"):                  (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "logo"):                 (405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "vivant"):                (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "vivant"):               (405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "pret"):                  (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "pret"):                 (405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "securite"):              (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "securite"):             (405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "changer_de_mot_de_passe"):  (302, 302, 302, 302, 302, 302, 302, 302, 302),
    ("POST", "changer_de_mot_de_passe"): (405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "favicon"):               (302, 302, 302, 302, 302, 302, 302, 302, 302),
    ("POST", "favicon"):              (405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "mentions_legales"):      (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "mentions_legales"):     (405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "donnees_personnelles"):  (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "donnees_personnelles"): (405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "accessibilite"):         (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "accessibilite"):        (405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "plan_du_site"):          (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "plan_du_site"):         (405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "aide"):                  (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "aide"):                 (405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "composants"):            (404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("POST", "composants"):           (405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "factures:accueil"):      (302, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "factures:accueil"):     (302, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "factures:annonces_lues"):  (302, 405, 405, 405, 405, 405, 405, 405, 405),
    ("POST", "factures:annonces_lues"): (302, 303, 303, 303, 303, 303, 303, 303, 303),
    ("GET", "factures:liste"):        (302, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "factures:liste"):       (302, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "factures:detail"):       (302, 200, 404, 404, 200, 404, 404, 404, 404),
    ("POST", "factures:detail"):      (302, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "factures:pdf"):          (302, 200, 404, 404, 200, 404, 404, 404, 404),
    ("POST", "factures:pdf"):         (302, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "factures:reglee"):       (302, 405, 405, 405, 405, 405, 405, 405, 405),
    ("POST", "factures:reglee"):      (302, 303, 404, 404, 303, 404, 404, 404, 404),
    ("GET", "contact:accueil"):       (302, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "contact:accueil"):      (302, 200, 200, 200, 200, 200, 200, 200, 200),
    ("GET", "contact:demande"):       (302, 200, 404, 404, 404, 404, 404, 404, 404),
    ("POST", "contact:demande"):      (302, 200, 404, 404, 404, 404, 404, 404, 404),
    ("GET", "contact:enregistree"):   (302, 200, 404, 404, 404, 404, 404, 404, 404),
    ("POST", "contact:enregistree"):  (302, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "contact:piece"):         (302, 200, 404, 404, 404, 404, 404, 404, 404),
    ("POST", "contact:piece"):        (302, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "paiement_tipi:payer"):   (302, 200, 404, 404, 200, 404, 404, 404, 404),
    ("POST", "paiement_tipi:payer"):  (302, 409, 404, 404, 409, 404, 404, 404, 404),
    ("GET", "paiement_tipi:payer_ensemble"):  (302, 200, 404, 404, 200, 404, 404, 404, 404),
    ("POST", "paiement_tipi:payer_ensemble"): (302, 409, 404, 404, 409, 404, 404, 404, 404),
    ("GET", "paiement_tipi:tout_payer"):  (302, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "paiement_tipi:tout_payer"): (302, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "paiement_tipi:en_cours"):  (302, 405, 405, 405, 405, 405, 405, 405, 405),
    ("POST", "paiement_tipi:en_cours"): (302, 303, 404, 404, 303, 404, 404, 404, 404),
    ("GET", "paiement_tipi:justificatif"):  (302, 200, 404, 404, 404, 404, 404, 404, 404),
    ("POST", "paiement_tipi:justificatif"): (302, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "paiement_tipi:justificatif_pdf"):  (302, 200, 404, 404, 404, 404, 404, 404, 404),
    ("POST", "paiement_tipi:justificatif_pdf"): (302, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "paiement_tipi:notification"):  (405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("POST", "paiement_tipi:notification"): (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("GET", "paiement_tipi:papier"):  (200, 200, 200, 404, 200, 404, 200, 404, 200),
    ("POST", "paiement_tipi:papier"): (200, 200, 200, 404, 200, 404, 200, 404, 200),
    ("GET", "paiement_tipi:resultat"):  (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "paiement_tipi:resultat"): (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("GET", "paiement_tipi:justificatif_de_facture"):  (302, 200, 404, 404, 404, 404, 404, 404, 404),
    ("POST", "paiement_tipi:justificatif_de_facture"): (302, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "paiement_tipi:justificatif_de_facture_pdf"):  (302, 200, 404, 404, 404, 404, 404, 404, 404),
    ("POST", "paiement_tipi:justificatif_de_facture_pdf"): (302, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "paiement_tipi:justificatif_du_papier"):  (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "paiement_tipi:justificatif_du_papier"): (405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "paiement_tipi:justificatif_du_papier_pdf"):  (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "paiement_tipi:justificatif_du_papier_pdf"): (405, 405, 405, 405, 405, 405, 405, 405, 405),
    ("GET", "paiement_tipi:retour"):  (200, 200, 200, 200, 200, 200, 200, 200, 200),
    ("POST", "paiement_tipi:retour"): (200, 200, 200, 200, 200, 200, 200, 200, 200),
}  # fmt: skip


def adresses(resolveur: URLResolver | None = None, espace: str = "") -> dict[str, Callable[..., object]]:
    """La vue de chaque adresse du site, par nom complet."""
    vues = {}
    for motif in (resolveur or get_resolver()).url_patterns:
        if isinstance(motif, URLResolver):
            vues |= adresses(motif, f"{espace}{motif.namespace}:" if motif.namespace else espace)
        else:
            assert isinstance(motif, URLPattern)
            assert motif.name, f"{motif.pattern} n'a pas de nom"
            vues[f"{espace}{motif.name}"] = motif.callback
    return vues


def test_chaque_adresse_est_dans_la_matrice_et_n_y_est_que_si_elle_existe():
    # Celles de la gestion ont leur propre table : tests/gestion/test_acces_gestion.py.
    noms = {nom for nom in adresses() if not nom.startswith("gestion:")}
    assert {(methode, nom) for nom in noms for methode in ("GET", "POST")} == set(MATRICE)


def test_les_adresses_sans_connexion_sont_les_publiques_et_elles_seules():
    assert {nom for nom, vue in adresses().items() if not getattr(vue, "login_required", True)} == PUBLIQUES


@pytest.fixture
def chez(boe, ailleurs) -> dict[str, Client]:
    """Un navigateur par personne, anonyme jusqu'ici, sur l'hôte de la commune d'où elle regarde."""
    d_ailleurs = {"usager_d_ailleurs", "deux_ailleurs", "agent_d_ailleurs"}
    return {nom: Client(HTTP_HOST=(ailleurs if nom in d_ailleurs else boe).hotes.get().nom) for nom in PERSONNES}


@pytest.fixture
def comptes(boe, ailleurs, ada, bob, agente, facture):
    """Le compte de chacune des PERSONNES."""
    deux = factories.usager(email="deux@exemple.fr")
    Rattachement.objects.create(collectivite=boe, usager=deux, redevable=facture.redevable)
    factories.redevable(ailleurs, deux)
    d_ailleurs = factories.usager(email="usager-d-ailleurs@exemple.fr")
    factories.redevable(ailleurs, d_ailleurs)
    agent = factories.usager(email="agent-d-ailleurs@exemple.fr", is_staff=True)
    Affectation.objects.create(usager=agent, collectivite=ailleurs, role=Role.FACTURATION)
    exploitant = factories.usager(email="exploitant@exemple.fr", is_staff=True, is_superuser=True)
    return (None, ada, bob, d_ailleurs, deux, deux, agente, agent, exploitant)


@pytest.fixture
def navigateurs(chez, comptes) -> dict[str, Client]:
    """Chaque personne, connectée par la vraie page."""
    for nom, compte in zip(PERSONNES, comptes, strict=True):
        if compte is not None:
            envoi = {"login": compte.email, "password": factories.MOT_DE_PASSE}
            assert chez[nom].post("/connexion/", envoi).status_code == 302
    return chez


@pytest.fixture
def tentative(facture, ada, boe) -> Paiement:
    """Un paiement d'Ada, en cours depuis toujours, que PayFiP n'a pas encore vu (sans idop)."""
    contrat = facture.regie.contrat_tipi
    paiement = Paiement.objects.create(
        collectivite=boe, contrat=contrat, usager=ada, formulaire=uuid4(), numcli=contrat.numcli, saisie="W",
        exer="2026", refdet=facture.reference, montant=facture.montant, mel=ada.email,
    )  # fmt: skip
    paiement.parts.create(facture=facture, collectivite=boe, montant=facture.montant)
    return paiement


@pytest.fixture
def aboutie(tentative, facture) -> Paiement:
    """La même, déjà payée une autre fois : de quoi la justifier."""
    paiement = Paiement.objects.create(
        collectivite=tentative.collectivite, contrat=tentative.contrat, usager=tentative.usager, formulaire=uuid4(),
        numcli=tentative.numcli, saisie="W", exer="2026", refdet=tentative.refdet, montant=tentative.montant,
        mel=tentative.mel, etat="paye", idop=uuid4(), envoye_le=timezone.now(), date_payfip=timezone.now(),
    )  # fmt: skip
    _part(paiement, facture)
    return paiement


@pytest.fixture
def du_papier(aboutie, facture) -> Paiement:
    """Une autre, que personne n'a faite avec son compte."""
    aboutie.pk, aboutie.usager, aboutie.uuid, aboutie.jeton, aboutie.idop = None, None, uuid4(), "p" * 43, uuid4()
    aboutie.save()
    _part(aboutie, facture)
    return aboutie


def _part(paiement: Paiement, facture) -> None:
    paiement.parts.create(facture=facture, collectivite=facture.collectivite, montant=paiement.montant, ouverte=False)


@pytest.fixture
def piece(facture, ada, boe):
    """La pièce jointe d'une demande d'Ada, dans un message de celle-ci."""
    message = factories.demande(ada, boe, facture=facture).messages.get()
    fichier = ContentFile(b"%PDF-", name="a.pdf")
    return message.pieces.create(collectivite=boe, nom="a.pdf", genre="application/pdf", taille=5, fichier=fichier)


@pytest.fixture
def copie(ada, boe) -> Copie:
    """Celle des données d'Ada à Boé, prête."""
    sienne = Copie(collectivite=boe, usager=ada, prete_le=timezone.now())
    sienne.fichier.save("copie.zip", ContentFile(b"PK"))
    return sienne


def chemins(facture, jeton: str = "") -> dict[str, str]:
    commune = facture.collectivite
    demande = Demande.objects.filter(facture=facture).first()
    piece = PieceJointe.objects.filter(message__demande=demande).first()
    abouti = Paiement.objects.justifiables().exclude(usager=None).first()
    sans_compte = f"/paiement/retour/{'p' * 43}/justificatif/"
    justificatif = f"/paiement/justificatif/{abouti.uuid if abouti else uuid4()}/"
    return {
        "account_login": "/connexion/",
        "account_logout": "/deconnexion/",
        "activation": "/activation/",
        "activation_envoyee": "/activation/envoyee/",
        "activation_finir": "/activation/finir/",
        "activation_lien": f"/activation/{uuid4()}/{'0' * 64}/",
        "rattacher": "/mes-informations/rattacher/",
        "rattachements": "/mes-informations/comptes-client/",
        "rattachement_nommer": f"/mes-informations/comptes-client/{facture.redevable.uuid}/nommer/",
        "rattachement_detacher": f"/mes-informations/comptes-client/{facture.redevable.uuid}/detacher/",
        "lien": "/lien/mot-de-passe/abc/",
        "mot_de_passe_oublie": "/mot-de-passe/oublie/",
        "mot_de_passe_envoye": "/mot-de-passe/oublie/envoye/",
        "mot_de_passe_nouveau": "/mot-de-passe/nouveau/",
        "adresse_valider": "/adresse-mail/valider/",
        "adresse_annuler": "/adresse-mail/annuler/",
        "agent_accepter": "/agent/accepter/",
        "visite_quitter": "/visite/quitter/",
        "mes_informations": "/mes-informations/",
        "adresse_changer": "/mes-informations/adresse-mail/",
        "adresse_confirmer": "/mes-informations/adresse-mail/confirmer/",
        "appareils": "/mes-informations/appareils/",
        "copie": "/mes-informations/copie/",
        "copie_emporter": "/mes-informations/copie/emporter/",
        "compte_fermer": "/mes-informations/fermer/",
        "envoi": f"/mes-informations/envoi/{facture.redevable.uuid}/",
        "charte": f"/charte/{commune.lien}-{empreinte(commune)}.css",
        "logo": f"/charte/{commune.lien}/logo",
        "favicon": "/favicon.ico",
        "mentions_legales": "/mentions-legales/",
        "donnees_personnelles": "/donnees-personnelles/",
        "accessibilite": "/accessibilite/",
        "plan_du_site": "/plan-du-site/",
        "aide": "/aide/",
        "composants": "/composants/",
        "securite": "/.well-known/security.txt",
        "changer_de_mot_de_passe": "/.well-known/change-password",
        "vivant": "/sante/vivant",
        "pret": "/sante/pret",
        "factures:accueil": "/",
        "factures:annonces_lues": "/annonces/lues/",
        "factures:liste": "/factures/",
        "factures:detail": f"/factures/{facture.uuid}/",
        "factures:pdf": f"/factures/{facture.uuid}/pdf/",
        "factures:reglee": f"/factures/{facture.uuid}/reglee/",
        "contact:accueil": "/contact/",
        "contact:demande": f"/contact/{demande.uuid if demande else uuid4()}/",
        "contact:enregistree": f"/contact/{demande.uuid if demande else uuid4()}/enregistree/",
        "contact:piece": f"/contact/pieces/{piece.uuid if piece else uuid4()}/",
        "paiement_tipi:payer": f"/factures/{facture.uuid}/payer/",
        "paiement_tipi:payer_ensemble": f"/factures/payer-ensemble/?facture={facture.uuid}",
        "paiement_tipi:tout_payer": "/factures/tout-payer/",
        "paiement_tipi:en_cours": f"/factures/{facture.uuid}/paiement/",
        "paiement_tipi:papier": adresse_du_papier(facture).removeprefix(commune.adresse),
        "paiement_tipi:justificatif": justificatif,
        "paiement_tipi:justificatif_pdf": f"{justificatif}pdf/",
        "paiement_tipi:justificatif_de_facture": f"{justificatif}{facture.uuid}/",
        "paiement_tipi:justificatif_de_facture_pdf": f"{justificatif}{facture.uuid}/pdf/",
        "paiement_tipi:justificatif_du_papier": sans_compte,
        "paiement_tipi:justificatif_du_papier_pdf": f"{sans_compte}pdf/",
        "paiement_tipi:notification": "/paiement/notification/",
        "paiement_tipi:resultat": f"/paiement/notification/{jeton}/",
        "paiement_tipi:retour": f"/paiement/retour/{jeton}/",
    }


@pytest.fixture(autouse=True)
def fichiers_jetables(settings, tmp_path):
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    }


ECRITURES = {
    # La première lecture d'une facture, et le retour de PayFiP : les seuls GET qui écrivent.
    "factures:detail": {"factures_consultation"},
    "contact:piece": {"portail_compteur"},
    "factures:pdf": {"portail_compteur"},  # la limite des documents, que la garde laisse compter
    "paiement_tipi:justificatif_pdf": {"portail_compteur"},
    "paiement_tipi:justificatif_de_facture_pdf": {"portail_compteur"},
    "paiement_tipi:justificatif_du_papier_pdf": {"portail_compteur"},
    "paiement_tipi:papier": {"portail_compteur"},
    "paiement_tipi:resultat": {"portail_compteur"},  # celle d'un service web n'en reçoit pas ici
    "paiement_tipi:retour": {
        "portail_compteur"
    },  # sans idop il n'y a rien à constater ; tests/paiement_tipi le montre avec
}


@pytest.mark.sqlite
@pytest.mark.parametrize("methode", ["GET", "POST"])
def test_chaque_personne_recoit_le_statut_ecrit_et_un_get_n_ecrit_rien(
    navigateurs, facture, tentative, du_papier, piece, copie, methode
):
    facture.pdf.save("facture.pdf", ContentFile(b"%PDF-"))
    facture.collectivite.logo.save("logo.png", ContentFile(b"png"))
    ecarts, ecritures = {}, {}
    for nom in [nom for m, nom in MATRICE if m == methode]:
        adresse = chemins(facture, tentative.jeton)[nom]
        with sans_suite(navigateurs.values()), CaptureQueriesContext(connection) as requetes:
            recus = [_statut(client, methode, adresse) for client in navigateurs.values()]
        triplets = zip(PERSONNES, MATRICE[methode, nom], recus, strict=True)
        ecarts[nom] = {qui: (attendu, recu) for qui, attendu, recu in triplets if attendu != recu}
        ecritures[nom] = tables_ecrites(requetes)
    assert {nom: faux for nom, faux in ecarts.items() if faux} == {}
    if methode == "GET":
        assert {nom: tables for nom, tables in ecritures.items() if tables} == ECRITURES


def tables_ecrites(requetes) -> set[str]:
    """Hors l'heure de la dernière visite, retenue une fois par minute : un essai lent en passe une."""
    ecritures = (q["sql"] for q in requetes if q["sql"].startswith(("INSERT", "UPDATE", "DELETE")))
    visites = ('UPDATE "comptes_session"', 'UPDATE "portail_affectation" SET "vue_le"')
    return {sql.split('"')[1] for sql in ecritures if not sql.startswith(visites)}


@pytest.mark.parametrize("suite", ["", "pdf/", "payer/"])
def test_un_uuid_inconnu_est_introuvable_comme_celui_d_un_autre(navigateurs, facture, suite):
    for personne, client in navigateurs.items():
        assert client.get(f"/factures/{uuid4()}/{suite}").status_code == (302 if personne == "anonyme" else 404)


def test_la_liste_de_chacun_ne_contient_que_les_siennes(navigateurs, facture):
    vues = {nom: str(facture.uuid) in c.get("/factures/").content.decode() for nom, c in navigateurs.items()}
    assert {nom for nom, vue in vues.items() if vue} == {"ada", "deux_a_boe"}


@pytest.mark.parametrize("jeton", ["x" * 43, "x", "-", "00000000-0000-4000-8000-000000000000"])
def test_un_faux_jeton_de_retour_est_introuvable(navigateurs, tentative, jeton):
    assert {c.get(f"/paiement/retour/{jeton}/").status_code for c in navigateurs.values()} == {404}


def test_le_retour_ne_montre_la_facture_qu_a_sa_propre_personne(navigateurs, facture, tentative):
    pages = {nom: c.get(f"/paiement/retour/{tentative.jeton}/").content.decode() for nom, c in navigateurs.items()}
    assert {nom for nom, page in pages.items() if str(facture.uuid) in page or facture.numero in page} == {"ada"}
    assert {nom for nom, page in pages.items() if "LOVELACE" in page} == {"ada"}


@pytest.mark.parametrize("suite", ["", "pdf/", "payer/"])
def test_un_brouillon_est_introuvable_meme_pour_son_redevable(navigateurs, facture, suite):
    Facture.objects.update(statut=Statut.BROUILLON, publiee_le=None)
    assert navigateurs["ada"].get(f"/factures/{facture.uuid}/{suite}").status_code == 404


FERMETURES = {
    "retiré": lambda rattachement: rattachement.delete(),
    "suspendu": lambda rattachement: suspendre_rattachement(rattachement=rattachement, motif="Séparation"),
    "détaché": lambda rattachement: detacher(rattachement=rattachement),
}


@pytest.mark.sqlite
@pytest.mark.parametrize("fermeture", FERMETURES)
def test_un_rattachement_ferme_ne_donne_plus_rien_des_la_requete_suivante(
    navigateurs, facture, ada, tentative, fermeture
):
    client, deux = navigateurs["ada"], navigateurs["deux_a_boe"]
    factures = [("GET", f"/factures/{facture.uuid}/{suite}") for suite in ("", "pdf/", "payer/")]
    factures += [("POST", f"/factures/{facture.uuid}/{suite}") for suite in ("payer/", "reglee/")]
    compte = f"/mes-informations/comptes-client/{facture.redevable.uuid}/"
    siens = [("GET", f"{compte}detacher/"), ("POST", f"{compte}nommer/"), ("POST", f"{compte}detacher/")]
    pages = ["/factures/", "/mes-informations/comptes-client/", f"/paiement/retour/{tentative.jeton}/"]
    # Le témoin : avant, tout cela répond et tout cela nomme la facture ou son redevable.
    assert 404 not in {_statut(client, methode, adresse) for methode, adresse in factures + siens[:2]}
    assert [p for p in pages if _parle_de(client, p, facture)] == pages

    FERMETURES[fermeture](Rattachement.objects.get(usager=ada))

    assert {_statut(client, methode, adresse) for methode, adresse in factures + siens} == {404}
    assert [p for p in pages if _parle_de(client, p, facture)] == []
    assert "243,11" not in client.get("/").content.decode()
    assert deux.get(f"/factures/{facture.uuid}/").status_code == 200


def _statut(client, methode, adresse) -> int:
    envoi = {"etat": "reglee", "facture": parse_qs(urlsplit(adresse).query).get("facture", [])}
    reponse = client.post(adresse, envoi) if methode == "POST" else client.get(adresse)
    return (reponse.status_code, reponse.getvalue())[0]


def _parle_de(client, adresse, facture) -> bool:
    page = client.get(adresse).content.decode()
    return facture.numero in page or facture.redevable.code in page


@pytest.mark.sqlite
@pytest.mark.parametrize("suite", ["", "pdf/", "payer/"])
def test_un_compte_desactive_ne_voit_plus_rien_des_la_requete_suivante(navigateurs, facture, ada, suite):
    adresse = f"/factures/{facture.uuid}/{suite}"
    deux = navigateurs["deux_a_boe"]
    assert deux.get(adresse).status_code == 200
    type(ada).objects.filter(email="deux@exemple.fr").update(is_active=False)
    assert deux.get(adresse).status_code == 302


def test_une_session_d_une_commune_ne_vaut_rien_sur_l_hote_d_une_autre(navigateurs, facture, ailleurs):
    reponse = navigateurs["ada"].get(f"/factures/{facture.uuid}/", HTTP_HOST=ailleurs.hotes.get().nom)
    assert (reponse.status_code, reponse["Location"]) == (302, f"/connexion/?next=/factures/{facture.uuid}/")
