"""Au milieu de vingt mille factures, les pages d'une personne ne lisent que les siennes : par un index, jamais tout."""

import re

import factories
import pytest
from django.db import connection
from django.db.models import Count
from django.test.utils import CaptureQueriesContext

from comptes.models import Rattachement, Redevable
from factures.models import Facture
from factures.models import liste as module_liste
from factures.services.peuplement import peupler

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]

PAGES = ("/", "/factures/", "/factures/?annee=2026", "/factures/?etat=payee&service=EAU", "/factures/?page=2")
PAGES_D_UNE_FACTURE = ("", "pdf/", "payer/")
# Les tables qui grandissent avec les factures.
GRANDES = {"factures_facture", "factures_lignefacture", "factures_reglement"}


@pytest.fixture
def ada_a_quarante_factures(boe, ada, eau):
    peupler(collectivite=boe, factures=20_000)
    factories.annonce(boe, regie=eau)  # l'accueil cherche si Ada a une facture de ce service
    redevable = Redevable.objects.annotate(n=Count("factures")).filter(n=40).latest("pk")
    Rattachement.objects.create(collectivite=boe, usager=ada, redevable=redevable)
    return ada


@pytest.fixture
def client_d_ada(connecter, ada_a_quarante_factures, boe):
    return connecter(ada_a_quarante_factures, chez=boe)


def lues_en_entier(client, adresse: str) -> set[str]:
    """Les grandes tables que les requêtes de cette page parcourent ligne à ligne."""
    with CaptureQueriesContext(connection) as capture:
        reponse = client.get(adresse)
        reponse.getvalue()
    assert reponse.status_code == 200
    requetes = [requete["sql"] for requete in capture if re.search("|".join(GRANDES), requete["sql"])]
    assert requetes
    return {table for sql in requetes if sql.startswith("SELECT") for table in _parcourues(sql)} & GRANDES


def _parcourues(sql: str) -> list[str]:
    return re.findall(r"Seq Scan on (\w+)", plan(sql))


def plan(sql: str) -> str:
    with connection.cursor() as curseur:
        curseur.execute(f"EXPLAIN {sql}")
        return "\n".join(ligne for (ligne,) in curseur.fetchall())


def adresses(ada) -> list[str]:
    facture = Facture.objects.filter(redevable__rattachements__usager=ada, statut="publiee").latest("pk")
    return [*PAGES, *(f"{facture.get_absolute_url()}{suite}" for suite in PAGES_D_UNE_FACTURE)]


def test_aucune_page_ne_lit_les_factures_de_tous(monkeypatch, client_d_ada, ada):
    assert {a: lues for a in adresses(ada) if (lues := lues_en_entier(client_d_ada, a))} == {}
    monkeypatch.setattr(module_liste, "GRAND_COMPTE", 0)  # la liste trie alors d'abord les seules clés
    assert lues_en_entier(client_d_ada, "/factures/") == set()
    with CaptureQueriesContext(connection) as capture:
        client_d_ada.get("/factures/")
    plans = [plan(requete["sql"]) for requete in capture if "factures_facture" in requete["sql"]]
    assert [bool(re.search("facture_par_redevable|facture_redevable_id", p)) for p in plans] == [True, True]


def test_sans_ces_index_tout_serait_lu(client_d_ada, ada):
    """Le témoin : la même mesure voit bien un parcours complet."""
    with connection.cursor() as curseur:
        curseur.execute(
            "SELECT indexname FROM pg_indexes WHERE tablename = 'factures_facture' AND indexdef ~ 'redevable_id'"
        )
        for (nom,) in curseur.fetchall():
            curseur.execute(f'DROP INDEX "{nom}"')
    assert lues_en_entier(client_d_ada, "/factures/") == {"factures_facture"}
