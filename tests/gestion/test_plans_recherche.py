"""Chaque façon de chercher a son index : aucune ne lit une grande table en entier."""

import re
from uuid import uuid4

import factories
import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from comptes.models import Redevable
from factures.models import Facture
from factures.services.peuplement import peupler
from paiement_tipi.models import Paiement
from portail.ajout_seul import levee
from portail.gestion.recherche import chercheur_de, cles
from portail.gestion.termes import Terme
from portail.models import Courriel

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]

# Ce qu'on tape, dans quel modèle, et l'index que doit prendre l'une des requêtes.
INDEX = {
    ("martin", "comptes.redevable"): "redevable_par_noms",
    ("cam mart", "comptes.redevable"): "redevable_par_noms",
    ("p 12", "comptes.redevable"): "redevable_par_code_compact",
    ("x@exemple.fr", "comptes.redevable"): "redevable_par_courriel",
    ("martin", "comptes.usager"): "usager_par_noms",
    ("x@exemple.fr", "comptes.usager"): "comptes_usager_email_",
    ("P000000777", "factures.facture"): "facture_par_numero",
    ("P00000 000000-0000000777", "factures.facture"): "facture_par_reference",
    ("243,11", "factures.facture"): "facture_par_montant",
    ("camille bernard", "factures.facture"): "facture_par_redevable|factures_facture_redevable_id",
    (str(uuid4()), "factures.facture"): "factures_facture_uuid_key",
    (str(uuid4()), "paiement_tipi.paiement"): "paiement_tipi_paiement_idop_key",
    ("REF 3", "paiement_tipi.paiement"): "paiement_par_refdet",
    ("AUTO-3", "paiement_tipi.paiement"): "paiement_par_numauto",
    ("3,00", "paiement_tipi.paiement"): "paiement_par_montant",
    ("x@exemple.fr", "portail.courriel"): "courriel_par_destinataire",
}


@pytest.fixture
def tables_neuves(db):
    """Sans les lignes mortes qu'ont laissées d'autres essais, et qui changent l'avis du planificateur."""
    with levee(), connection.cursor() as curseur:
        curseur.execute(
            "TRUNCATE comptes_usager, comptes_redevable, factures_facture, paiement_tipi_paiement, "
            "portail_courriel CASCADE"
        )


@pytest.fixture
def peuplee(tables_neuves, boe, eau):
    peupler(collectivite=boe, factures=6000)
    Redevable.objects.bulk_create(
        Redevable(collectivite=boe, source="FOULE", code=str(n), nom=f"FOULE{n}", prenom="Ada") for n in range(4000)
    )
    habitants = [factories.usager(password=None) for _ in range(3)]
    Paiement.objects.bulk_create(
        Paiement(
            collectivite=boe, contrat=eau.contrat_tipi, usager=habitants[n % 3], formulaire=uuid4(), refdet=f"REF{n}",
            numauto=f"AUTO{n}", montant=n, etat="echoue",
        )
        for n in range(1, 400)
    )  # fmt: skip
    Courriel.objects.bulk_create(
        Courriel(collectivite=boe, sorte="essai", cle=str(n), destinataire=f"{n}@exemple.fr", message_id=f"<{n}>")
        for n in range(400)
    )
    with connection.cursor() as curseur:
        curseur.execute("ANALYZE")
        # Les petites tables se liraient d'un bloc : ce qui le reste ainsi n'a vraiment aucun index.
        curseur.execute("SET LOCAL enable_seqscan = off")
    return boe


def plans(modele: str, terme: str, commune) -> list[str]:
    """Ceux de toutes les requêtes de cette recherche."""
    chercheur, objets = chercheur_de(modele), apps.get_model(modele).objects
    objets = objets.all() if modele == "comptes.usager" else objets.filter(collectivite=commune)
    with CaptureQueriesContext(connection) as capture:
        cles(objets.order_by("-pk"), chercheur.chercher(commune, Terme.lire(terme)), 21)
    return [plan(requete["sql"]) for requete in capture]


def plan(sql: str) -> str:
    with connection.cursor() as curseur:
        curseur.execute(f"EXPLAIN {sql}")
        return "\n".join(ligne for (ligne,) in curseur.fetchall())


def test_chaque_facon_de_chercher_prend_son_index(peuplee):
    sans = {}
    for (terme, modele), index in INDEX.items():
        lus = plans(modele, terme, peuplee)
        if not any(re.search(index, lu) for lu in lus) or any("Seq Scan" in lu for lu in lus):
            sans[terme, modele] = lus
    assert sans == {}


def test_le_temoin_sans_son_index_la_commune_entiere_serait_lue(peuplee):
    with connection.cursor() as curseur:
        curseur.execute("DROP INDEX facture_par_montant")
    lus = "\n".join(plans("factures.facture", "243,11", peuplee))
    assert "facture_par_montant" not in lus
    assert re.search(r"Filter: .*montant = ", lus)


def test_les_filtres_d_une_liste_partent_de_ce_qui_reste_du_ou_se_suit_par_date(peuplee):
    ici = Facture.objects.filter(collectivite=peuplee)
    for objets, index in (
        (ici, "facture_par_date"),
        (ici.filter(date_emission__year=2025), "facture_par_date"),
        (ici.filter(reste_du__gt=0), "facture_due"),
        (ici.filter(nature="avoir"), "facture_a_part"),
        (ici.filter(trop_percu__gt=0), "facture_a_part"),
    ):
        sql = objets.order_by("-date_emission", "-pk").values("pk")[:50]
        with CaptureQueriesContext(connection) as capture:
            list(sql)
        assert index in plan(capture[0]["sql"]), capture[0]["sql"]
