"""La vérification de chaque nuit : ce que PayFiP dit de nos contrats."""

import factories
import pytest

from paiement_tipi import services
from paiement_tipi.models import ContratTipi
from paiement_tipi.services.sonde import sonder
from paiement_tipi.tasks import sonder_les_contrats
from tests.paiement_tipi.outils_tentatives import appels, pilote


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
    payfip.regler(panne="html")
    assert sonder(guichet=guichet) == 0
    assert "savons lire" in caplog.messages[-1]
