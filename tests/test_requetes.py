"""Le nombre de requêtes SQL de chaque page, le même pour une ligne et pour trente."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import uuid4

import factories
import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from test_acces import MATRICE

from comptes.models import Copie, Redevable
from contact.models import Demande, PieceJointe
from factures.models import Facture
from factures.services import encaisser
from paiement_tipi.models import ContratTipi, Paiement
from paiement_tipi.services import adresse_du_papier
from portail.services import lire_les_annonces

# Chaque page d'une personne connectée commence par : la commune (hôte), sa session, son compte.
SOCLE = 3


def des_services(monde: SimpleNamespace, nombre: int) -> None:
    """Dans la commune."""
    for _ in range(nombre):
        factories.regie(monde.boe)


def des_factures(monde: SimpleNamespace, nombre: int) -> None:
    """Chacune avec un règlement."""
    for n in range(nombre):
        _encaisser(factories.facture(monde.redevable, monde.eau, montant=Decimal(10 + n)), n)


def une_facture(monde: SimpleNamespace, nombre: int) -> Facture:
    """Avec ``nombre`` lignes et règlements."""
    lignes = [(f"ligne {n}", Decimal("1.00")) for n in range(nombre)]
    facture = factories.facture(monde.redevable, monde.eau, lignes=lignes)
    for n in range(nombre):
        _encaisser(facture, n)
    return facture


def une_facture_de_papier(monde: SimpleNamespace, nombre: int) -> str:
    """Son code."""
    return adresse_du_papier(une_facture(monde, nombre)).rpartition("/")[2]


def un_paiement(monde: SimpleNamespace, nombre: int) -> Paiement:
    """De ``nombre`` factures, fini."""
    contrat = monde.eau.contrat_tipi
    paiement = Paiement.objects.create(
        collectivite=monde.boe, contrat=contrat, usager=monde.ada, formulaire=uuid4(), numcli=contrat.numcli,
        saisie="W", exer="2026", refdet="X", montant=Decimal(nombre), mel=monde.ada.email, etat="paye", idop=uuid4(),
        envoye_le=timezone.now() - timedelta(minutes=5), date_payfip=timezone.now(),
    )  # fmt: skip
    for _ in range(nombre):
        facture = factories.facture(monde.redevable, monde.eau)
        paiement.parts.create(facture=facture, collectivite=monde.boe, montant=Decimal(1), ouverte=False)
    return paiement


def une_part(monde: SimpleNamespace, nombre: int) -> str:
    """Une des factures du même."""
    paiement = un_paiement(monde, nombre)
    return f"{paiement.uuid}/{paiement.parts.latest('pk').facture.uuid}"


def un_paiement_du_papier(monde: SimpleNamespace, nombre: int) -> Paiement:
    """Le même, que personne n'a fait avec son compte."""
    paiement = un_paiement(monde, nombre)
    paiement.usager = None
    paiement.save()
    return paiement


def des_paiements_commences(monde: SimpleNamespace, nombre: int) -> Facture:
    """Chacun sur sa facture, encore chez PayFiP."""
    for _ in range(nombre):
        paiement = un_paiement(monde, 1)
        Paiement.objects.filter(pk=paiement.pk).update(etat="envoye")
        paiement.parts.update(ouverte=True)
    return paiement.parts.get().facture


def des_factures_a_payer_ensemble(monde: SimpleNamespace, nombre: int) -> str:
    """Toutes cochées."""
    ContratTipi.objects.update(groupes=True)
    factures = [factories.facture(monde.redevable, monde.eau) for _ in range(nombre)]
    return "&".join(f"facture={facture.uuid}" for facture in factures)


def des_comptes_client(monde: SimpleNamespace, nombre: int) -> Redevable:
    """Chacun avec une facture."""
    comptes = [factories.redevable(monde.boe, monde.ada) for _ in range(nombre)]
    for compte in comptes:
        factories.facture(compte, monde.eau)
    return comptes[0]


def une_copie_prete(monde: SimpleNamespace, nombre: int) -> None:
    """De ``nombre`` comptes clients."""
    comptes = [factories.redevable(monde.boe, monde.ada).pk for _ in range(nombre)]
    Copie.objects.create(
        collectivite=monde.boe, usager=monde.ada, redevables=comptes, fichier="copies/a.zip", prete_le=timezone.now()
    )


def des_demandes(monde: SimpleNamespace, nombre: int) -> Demande:
    """Chacune d'une facture, avec ``nombre`` messages et autant de pièces à la dernière."""
    facture = factories.facture(monde.redevable, monde.eau)
    demandes = [factories.demande(monde.ada, monde.boe, facture=facture, regie=monde.eau) for _ in range(nombre)]
    for _ in range(nombre):
        message = demandes[-1].messages.create(collectivite=monde.boe, genre="service", par=monde.ada, texte="Oui.")
        message.pieces.create(
            collectivite=monde.boe, nom="a.pdf", genre="application/pdf", taille=1, fichier=ContentFile(b"x", name="a")
        )
    return demandes[-1]


def une_piece(monde: SimpleNamespace, nombre: int) -> PieceJointe:
    """Parmi celles de ``nombre`` messages."""
    return des_demandes(monde, nombre).messages.last().pieces.get()


def des_annonces(monde: SimpleNamespace, nombre: int) -> None:
    """À la commune."""
    for _ in range(nombre):
        factories.annonce(monde.boe)


def des_annonces_lues(monde: SimpleNamespace, nombre: int) -> None:
    """Importantes, et d'un service d'où vient une facture."""
    factories.facture(monde.redevable, monde.eau)
    annonces = [factories.annonce(monde.boe, importante=True, regie=monde.eau) for _ in range(nombre)]
    lire_les_annonces(annonces=annonces, usager=monde.ada)


def _encaisser(facture: Facture, n: int) -> None:
    encaisser(facture=facture, montant=Decimal(1), moyen="carte", origine=f"x:{n}", recu_le=timezone.now())


class Page(NamedTuple):
    """Une page d'une personne connectée, ce qu'elle montre une ou trente fois, et son nombre de requêtes."""

    nom: str
    scene: Callable[[SimpleNamespace, int], Any]
    adresse: str  # {0} : ce que rend la scène
    requetes: int


# Une page nouvelle : une ligne ici.
PAGES = (
    Page("mentions_legales", des_services, "/mentions-legales/", SOCLE),
    Page("donnees_personnelles", des_services, "/donnees-personnelles/", SOCLE),
    Page("accessibilite", des_services, "/accessibilite/", SOCLE),
    Page("plan_du_site", des_services, "/plan-du-site/", SOCLE),
    Page("aide", des_services, "/aide/", SOCLE + 1),
    Page("activation", des_services, "/activation/", SOCLE),
    Page("activation_envoyee", des_services, "/activation/envoyee/", SOCLE),
    Page("rattachements", des_comptes_client, "/mes-informations/comptes-client/", SOCLE + 1),
    Page("rattacher", des_comptes_client, "/mes-informations/rattacher/", SOCLE),
    Page(
        "rattachement_detacher",
        des_comptes_client,
        "/mes-informations/comptes-client/{0.uuid}/detacher/",
        SOCLE + 1,
    ),
    # Les comptes clients ; les sessions ouvertes.
    Page("mes_informations", des_comptes_client, "/mes-informations/", SOCLE + 1),
    Page("adresse_changer", des_comptes_client, "/mes-informations/adresse-mail/", SOCLE),
    Page("copie", des_factures, "/mes-informations/copie/", SOCLE + 1),
    Page("copie", une_copie_prete, "/mes-informations/copie/", SOCLE + 2),
    Page("appareils", des_comptes_client, "/mes-informations/appareils/", SOCLE + 1),
    # Ce qui empêche (accès d'agent, paiements), ce qui continue (factures, paiements, demandes), les comptes clients.
    Page("compte_fermer", des_comptes_client, "/mes-informations/fermer/", SOCLE + 8),
    Page("envoi", des_comptes_client, "/mes-informations/envoi/{0.uuid}/", SOCLE + 1),
    Page("mot_de_passe_oublie", des_services, "/mot-de-passe/oublie/", SOCLE),
    Page("mot_de_passe_envoye", des_services, "/mot-de-passe/oublie/envoye/", SOCLE),
    Page("factures:accueil", des_factures, "/", SOCLE + 1),
    Page("factures:accueil", des_annonces, "/", SOCLE + 1),
    Page("factures:accueil", des_annonces_lues, "/", SOCLE + 2),
    Page("factures:liste", des_annonces_lues, "/factures/", SOCLE + 2),
    Page("factures:liste", des_factures, "/factures/", SOCLE + 2),
    Page("factures:liste", des_factures, "/factures/?etat=partiellement-payee&service=EAU", SOCLE + 3),
    Page("factures:liste", des_paiements_commences, "/factures/", SOCLE + 2),
    Page("factures:liste", des_comptes_client, "/factures/", SOCLE + 2),
    Page("factures:liste", des_comptes_client, "/factures/?compte={0.uuid}&etat=a-payer", SOCLE + 3),
    # La facture et son état ; la lecture déjà retenue, les lignes, les règlements.
    Page("factures:detail", une_facture, "/factures/{0.uuid}/", SOCLE + 5),
    Page("factures:detail", des_paiements_commences, "/factures/{0.uuid}/", SOCLE + 6),
    # Le compteur de documents ; la facture, puis son état du jour, les lignes, les règlements.
    Page("factures:pdf", une_facture, "/factures/{0.uuid}/pdf/", SOCLE + 5),
    # Les services, les factures et les comptes clients proposés, les demandes.
    Page("contact:accueil", des_demandes, "/contact/", SOCLE + 4),
    # La demande ; ses messages, leurs pièces, la facture si elle se lit encore.
    Page("contact:demande", des_demandes, "/contact/{0.uuid}/", SOCLE + 4),
    Page("contact:enregistree", des_demandes, "/contact/{0.uuid}/enregistree/", SOCLE + 2),
    # Le compteur de documents.
    Page("contact:piece", une_piece, "/contact/pieces/{0.uuid}/", SOCLE + 2),
    Page("paiement_tipi:payer", une_facture, "/factures/{0.uuid}/payer/", SOCLE + 1),
    Page("factures:liste", des_factures_a_payer_ensemble, "/factures/?{0}", SOCLE + 2),
    Page("paiement_tipi:payer_ensemble", des_factures_a_payer_ensemble, "/factures/payer-ensemble/?{0}", SOCLE + 1),
    # Les factures à payer, les paiements qui viennent d'être faits.
    Page("paiement_tipi:tout_payer", des_factures_a_payer_ensemble, "/factures/tout-payer/?{0}", SOCLE + 2),
    # Les deux compteurs ; la facture du code, puis son état du jour.
    Page("paiement_tipi:papier", une_facture_de_papier, "/p/{0}", SOCLE + 4),
    # Le paiement, ses parts, ce qui lui est arrivé ; le compteur de documents.
    Page("paiement_tipi:justificatif", un_paiement, "/paiement/justificatif/{0.uuid}/", SOCLE + 3),
    Page("paiement_tipi:justificatif_pdf", un_paiement, "/paiement/justificatif/{0.uuid}/pdf/", SOCLE + 4),
    Page("paiement_tipi:justificatif_de_facture", une_part, "/paiement/justificatif/{0}/", SOCLE + 3),
    Page("paiement_tipi:justificatif_de_facture_pdf", une_part, "/paiement/justificatif/{0}/pdf/", SOCLE + 4),
    Page(
        "paiement_tipi:justificatif_du_papier",
        un_paiement_du_papier,
        "/paiement/retour/{0.jeton}/justificatif/",
        SOCLE + 3,
    ),
    Page(
        "paiement_tipi:justificatif_du_papier_pdf",
        un_paiement_du_papier,
        "/paiement/retour/{0.jeton}/justificatif/pdf/",
        SOCLE + 4,
    ),
    # La tentative avec sa commune, son usager, ses factures, et la suite (deux).
    Page("paiement_tipi:retour", un_paiement, "/paiement/retour/{0.jeton}/", SOCLE + 7),
)
# Ce qu'une personne connectée obtient aussi (200) sans que ce soit une page.
AUTRES = {"charte", "logo", "paiement_tipi:resultat", "pret", "securite", "vivant"}


@pytest.fixture
def monde(boe, ada, eau) -> SimpleNamespace:
    return SimpleNamespace(boe=boe, ada=ada, eau=eau, redevable=factories.redevable(boe, ada))


@pytest.fixture
def requetes(monde, connecter) -> Callable[[str], int]:
    """Le nombre de requêtes d'une page d'Ada, déjà ouverte une fois."""
    client = connecter(monde.ada, chez=monde.boe)

    def _compter(adresse: str) -> int:
        client.get(adresse).getvalue()
        with CaptureQueriesContext(connection) as capture:
            reponse = client.get(adresse)
            reponse.getvalue()
        assert reponse.status_code == 200
        return len(capture)

    return _compter


@pytest.mark.parametrize("nombre", [1, 30])
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.adresse)
def test_autant_de_requetes_pour_une_ligne_que_pour_trente(requetes, monde, page, nombre):
    objet = page.scene(monde, nombre)
    assert requetes(page.adresse.format(objet)) == page.requetes


def test_chaque_page_d_une_personne_connectee_dit_son_nombre_de_requetes():
    ada = 1  # sa colonne
    assert {nom for (methode, nom), statuts in MATRICE.items() if (methode, statuts[ada]) == ("GET", 200)} == {
        page.nom for page in PAGES
    } | AUTRES


def test_la_page_de_connexion_ne_demande_que_la_commune(boe, client):
    client.defaults["HTTP_HOST"] = boe.hotes.get().nom
    factories.annonce(boe)
    client.get("/connexion/")
    with CaptureQueriesContext(connection) as capture:
        assert client.get("/connexion/").status_code == 200
    assert len(capture) == 1


def test_la_liste_ne_depasse_pas_six_requetes_avec_tout_ce_qu_elle_peut_montrer(requetes, monde):
    for n in range(5):
        regie = factories.regie(monde.boe)
        for annee in (2024, 2025):
            factories.facture(monde.redevable, regie, date_emission=f"{annee}-01-0{n + 1}")
    assert requetes("/factures/?annee=2025&page=1") <= 6
