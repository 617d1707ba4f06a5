"""Un paiement de plusieurs factures que la banque rejette : tout redevient dû, sauf ce qui a déjà été rendu."""

from datetime import date
from decimal import Decimal

import factories
import pytest
from django.db import OperationalError, connection

from factures import registre
from factures.models import Reglement
from factures.services import rejeter, rembourser
from factures.services.reglements import Recu
from paiement_tipi.models import Paiement
from portail.models import Journal
from tests.gestion.conftest import adresse
from tests.paiement_tipi.outils_courses import RendezVous, avant, ensemble
from tests.paiement_tipi.outils_machine import GuichetDocile
from tests.paiement_tipi.outils_pages import texte
from tests.paiement_tipi.outils_tentatives import bilan, constater, demarrer


@pytest.fixture
def seconde(facture, eau):
    return factories.facture(facture.redevable, eau)


@pytest.fixture
def paiement(facture, seconde, ada):
    """Un prélèvement a réglé les deux."""
    guichet = GuichetDocile()
    paiement = demarrer(facture, ada, guichet=guichet)
    paiement.parts.create(facture=seconde, collectivite=facture.collectivite, montant=seconde.montant)
    guichet.conclure(paiement.idop, "V")
    constater(paiement, paiement.envoye_le, guichet)
    return paiement


def recu_de(facture):
    return Reglement.objects.get(facture=facture, sens="encaissement")


@pytest.mark.sqlite
@pytest.mark.parametrize("rendu", ["243.11", "43.11"])
def test_une_part_deja_rendue_n_empeche_pas_de_rejeter_l_autre_et_l_agent_le_lit(
    facture, seconde, paiement, boe, agente, connecter, rendu
):
    rembourser(facture=seconde, recu=Recu("virement", Decimal(rendu), date.today()), motif="Payée deux fois")
    reponse = connecter(agente, chez=boe).post(
        adresse(recu_de(facture), "rejeter"), {"motif": "Compte clos"}, follow=True
    )
    dit = texte(reponse)
    assert "la facture est de nouveau à payer d'autant" in dit
    somme = rendu.replace(".", ",")
    assert f"De la facture {seconde.numero}, payée avec elle, {somme} € avaient déjà été rendus" in dit
    assert (bilan(facture)[0], bilan(seconde)[0]) == ("243.11", "243.11")
    assert Journal.objects.filter(action="reglement.deja_rendu").count() == (rendu == "243.11")
    assert Paiement.objects.get(pk=paiement.pk).etat == "rejete"


@pytest.mark.sqlite
def test_sans_rien_de_rendu_l_agent_ne_lit_rien_de_plus(facture, seconde, paiement, boe, agente, connecter):
    reponse = connecter(agente, chez=boe).post(
        adresse(recu_de(facture), "rejeter"), {"motif": "Compte clos"}, follow=True
    )
    assert "avaient déjà été rendus" not in texte(reponse)
    assert (bilan(facture)[0], bilan(seconde)[0]) == ("243.11", "243.11")


# Deux agents rejettent chacun une part.

avec_des_verrous = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite n'a qu'un écrivain à la fois : rien à courir."
)


def rejeter_a_deux(monkeypatch, *factures, verrou):
    """Chacun tient déjà sa facture quand il passe à celle de l'autre."""
    recus = [recu_de(facture) for facture in factures]
    avant(monkeypatch, registre, "suivre_le_rejet", RendezVous(2, verrou=verrou).attendre)
    return ensemble(*[lambda r=recu: rejeter(reglement=r, motif="Compte clos") for recu in recus])


@pytest.mark.postgresql
@avec_des_verrous
@pytest.mark.django_db(transaction=True)
def test_deux_agents_rejettent_les_deux_parts_sans_se_bloquer(facture, seconde, paiement, monkeypatch):
    assert sorted(rejeter_a_deux(monkeypatch, facture, seconde, verrou=True)) == [False, True]
    assert (bilan(facture)[0], bilan(seconde)[0]) == ("243.11", "243.11")
    assert Paiement.objects.get(pk=paiement.pk).etat == "rejete"


@pytest.mark.postgresql
@avec_des_verrous
@pytest.mark.django_db(transaction=True)
def test_temoin_chacun_tenant_la_sienne_ils_se_bloquent(facture, seconde, paiement, monkeypatch):
    monkeypatch.setattr(registre, "factures_liees", lambda _origine: set())
    issues = rejeter_a_deux(monkeypatch, facture, seconde, verrou=False)
    [bloque] = [issue for issue in issues if issue is not True]
    assert isinstance(bloque, OperationalError)
    assert "deadlock" in str(bloque)
