"""La vérification de chaque nuit : ce que PayFiP dit de nos contrats."""

from datetime import timedelta
from types import SimpleNamespace

import factories
import pytest
from django.utils import timezone

from paiement_tipi import services
from paiement_tipi.client import GuichetRefuse
from paiement_tipi.models import ContratTipi, Paiement
from paiement_tipi.protocole import Faute
from paiement_tipi.services import alertes
from paiement_tipi.services.sonde import sonder
from paiement_tipi.tasks import sonder_les_contrats
from tests.paiement_tipi.outils_tentatives import appels, demarrer, pilote


@pytest.fixture
def payfip(simulateur):
    with pilote(simulateur) as pilotable:
        yield pilotable


def test_chaque_nuit_ce_que_payfip_dit_des_contrats_est_relu_et_ce_qui_change_alerte(payfip, boe, eau, caplog):
    guichet = services.guichet(personne=False)
    factories.contrat(
        factories.regie(boe), transport="url-regie", saisie="A", numcli="999999"
    )  # PayFiP ne dit rien ici
    services.verifier_contrat(contrat=eau.contrat_tipi, guichet=guichet)
    sonder_les_contrats.func()
    assert (len(appels(payfip, "recupererDetailClient")), caplog.messages) == (2, [])
    for champs, phrase in [({"libelles": "Autre"}, "ne nomme plus"), ({"numcli": "999999"}, "refuse ce numéro")]:
        ContratTipi.objects.filter(pk=eau.contrat_tipi.pk).update(**champs)
        assert sonder(guichet=guichet) == 1
        assert phrase in caplog.messages[-1]
        assert phrase in ContratTipi.objects.get(pk=eau.contrat_tipi.pk).alerte
    assert alertes.contrats_en_alerte() == 1
    payfip.regler(panne="html")
    assert sonder(guichet=guichet) == 0
    assert "savons lire" in caplog.messages[-1]
    assert alertes.contrats_en_alerte() == 1  # une panne n'apprend rien


def test_l_alerte_cesse_quand_payfip_ou_un_agent_remet_le_contrat_d_accord(payfip, eau):
    contrat, guichet = eau.contrat_tipi, services.guichet(personne=False)
    ContratTipi.objects.update(alerte="PayFiP refuse ce numéro de client (T1).")
    assert (sonder(guichet=guichet), alertes.contrats_en_alerte()) == (0, 0)
    ContratTipi.objects.update(alerte="PayFiP refuse ce numéro de client (T1).", libelles="Autre")
    services.verifier_contrat(contrat=contrat, guichet=guichet)
    assert alertes.contrats_en_alerte() == 0
    ContratTipi.objects.update(alerte="PayFiP refuse ce numéro de client (T1).")
    raccordement = services.Raccordement(numcli="111111")
    services.regler_contrat(regie=eau, raccordement=raccordement, motif="Nouvelle adhésion")
    assert alertes.contrats_en_alerte() == 0


def test_ce_qu_un_agent_change_pendant_la_question_ne_recoit_pas_la_reponse_d_avant(eau):
    def change_puis_refuse(_numcli):
        ContratTipi.objects.update(numcli="111111")
        raise GuichetRefuse(Faute(code="T1", libelle="", technique=False))

    guichet = SimpleNamespace(detail_client=change_puis_refuse)
    assert (sonder(guichet=guichet), alertes.contrats_en_alerte()) == (1, 0)


@pytest.mark.sqlite
def test_un_paiement_declare_que_le_tresor_ne_confirme_pas_finit_par_alerter(boe, ada, eau, facture, settings):
    ContratTipi.objects.update(transport="url-regie", saisie="A")
    paiement = demarrer(facture, ada)
    Paiement.objects.update(etat="declare", resultat="P")
    for jours, nombre in ((settings.PRELEVEMENT_CONFIRME_JOURS - 1, 0), (settings.PRELEVEMENT_CONFIRME_JOURS, 1)):
        Paiement.objects.update(envoye_le=timezone.now() - timedelta(days=jours))
        assert alertes.paiements_declares_oublies() == nombre
    services.infirmer_declare(paiement=paiement, source="infirmé par un agent")
    assert alertes.paiements_declares_oublies() == 0
