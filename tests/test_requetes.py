"""Le nombre de requêtes SQL de chaque page, le même pour une ligne et pour trente."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import factories
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from factures.services import encaisser
from paiement_tipi.models import Paiement

# Chaque page d'une personne connectée commence par : la commune (hôte), sa session, son compte.
SOCLE = 3


@pytest.fixture
def compter(ada, boe, connecter) -> Callable[[str], int]:
    """Le nombre de requêtes d'une page d'Ada, déjà ouverte une fois."""
    client = connecter(ada, chez=boe)

    def _compter(adresse: str) -> int:
        client.get(adresse).getvalue()
        with CaptureQueriesContext(connection) as requetes:
            reponse = client.get(adresse)
            reponse.getvalue()
        assert reponse.status_code == 200
        return len(requetes)

    return _compter


@pytest.fixture
def redevable(boe, ada):
    return factories.redevable(boe, ada)


@pytest.mark.sqlite
@pytest.mark.parametrize("nombre", [1, 30])
@pytest.mark.parametrize(
    ("adresse", "attendu"),
    [("/", SOCLE + 1), ("/factures/", SOCLE + 2), ("/factures/?etat=partiellement-payee&service=EAU", SOCLE + 3)],
)
def test_l_accueil_et_la_liste(compter, redevable, eau, adresse, attendu, nombre):
    for n in range(nombre):
        facture = factories.facture(redevable, eau, montant=Decimal(10 + n))
        encaisser(facture=facture, montant=Decimal(1), moyen="carte", origine=f"x:{n}", recu_le=timezone.now())
    assert compter(adresse) == attendu


@pytest.mark.sqlite
@pytest.mark.parametrize("nombre", [1, 30])
@pytest.mark.parametrize(
    ("suite", "attendu"),
    # La facture et son état ; la lecture déjà retenue, les lignes, les règlements ; ou rien de plus pour payer.
    [("", SOCLE + 4), ("payer/", SOCLE + 1)],
)
def test_la_facture_et_sa_confirmation(compter, redevable, eau, suite, attendu, nombre):
    lignes = [(f"ligne {n}", Decimal("1.00")) for n in range(nombre)]
    facture = factories.facture(redevable, eau, lignes=lignes)
    for n in range(nombre):
        encaisser(facture=facture, montant=Decimal(1), moyen="carte", origine=f"x:{n}", recu_le=timezone.now())
    assert compter(f"{facture.get_absolute_url()}{suite}") == attendu


@pytest.mark.parametrize("nombre", [1, 30])
def test_le_document_depose_et_le_document_compose(compter, redevable, eau, nombre):
    lignes = [(f"ligne {n}", Decimal("1.00")) for n in range(nombre)]
    facture = factories.facture(redevable, eau, lignes=lignes)
    assert compter(f"{facture.get_absolute_url()}pdf/") == SOCLE + 4


@pytest.mark.parametrize("nombre", [1, 30])
def test_le_retour_d_un_paiement(compter, boe, ada, redevable, eau, nombre):
    contrat = eau.contrat_tipi
    paiement = Paiement.objects.create(
        collectivite=boe, contrat=contrat, usager=ada, formulaire=uuid4(), numcli=contrat.numcli, saisie="W",
        exer="2026", refdet="X", montant=Decimal(nombre), mel=ada.email, etat="paye", idop=uuid4(),
        envoye_le=timezone.now() - timedelta(minutes=5),
    )  # fmt: skip
    for _ in range(nombre):
        facture = factories.facture(redevable, eau)
        paiement.parts.create(facture=facture, collectivite=boe, montant=Decimal(1), ouverte=False)
    # La tentative avec sa commune, son usager, et ses factures.
    assert compter(f"/paiement/retour/{paiement.jeton}/") == SOCLE + 3


@pytest.mark.sqlite
def test_la_page_de_connexion_ne_demande_que_la_commune(boe, client):
    client.defaults["HTTP_HOST"] = boe.hotes.get().nom
    with CaptureQueriesContext(connection) as requetes:
        assert client.get("/connexion/").status_code == 200
    assert len(requetes) == 1


def test_la_liste_ne_depasse_pas_six_requetes_avec_tout_ce_qu_elle_peut_montrer(compter, boe, redevable, ada):
    for n in range(5):
        regie = factories.regie(boe)
        for annee in (2024, 2025):
            factories.facture(redevable, regie, date_emission=f"{annee}-01-0{n + 1}")
    assert compter("/factures/?annee=2025&page=1") <= 6
