"""Le départ interrompu : double clic au même instant, processus tué, réponse trop tardive."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from paiement_tipi import services
from paiement_tipi.client import GuichetIndisponible
from paiement_tipi.models import Paiement
from paiement_tipi.services import PaiementImpossible, demarrage
from paiement_tipi.services.rapprochement import clore_sans_idop
from tests.paiement_tipi.outils_tentatives import creations, demarrer, empechement, formulaire, histoire, pilote


@pytest.fixture
def payfip(simulateur):
    with pilote(simulateur) as pilotable:
        yield pilotable


@pytest.fixture(autouse=True)
def pause(monkeypatch):
    """Ce qui se passe pendant que le second clic attend la réponse du premier : rien, sauf avis contraire."""
    avis = {"pendant": lambda: None}
    monkeypatch.setattr(demarrage, "time", type("Horloge", (), {"sleep": staticmethod(lambda _s: avis["pendant"]())}))
    return avis


class Tue(BaseException):
    """Le processus s'arrête là : rien de ce qui suit n'a lieu."""


class GuichetPuis:
    """Un vrai guichet, suivi de ``ensuite`` juste après la réponse."""

    def __init__(self, ensuite):
        self.vrai, self.ensuite = services.guichet(personne=True), ensuite

    def creer(self, demande):
        idop = self.vrai.creer(demande)
        self.ensuite()
        return idop


def mourir():
    raise Tue


def depart(facture, usager, par):
    return services.demarrer_paiement(
        facture=facture, usager=usager, formulaire=par, guichet=services.guichet(personne=True)
    )


def test_un_processus_tue_avant_d_enregistrer_l_idop_ne_bloque_que_cinq_minutes(facture, ada, payfip):
    with pytest.raises(Tue):
        demarrer(facture, ada, guichet=GuichetPuis(mourir))
    paiement = Paiement.objects.get()
    assert (paiement.etat, paiement.idop, empechement(facture)) == ("demarre", None, "PAIEMENT_EN_COURS")
    clore_sans_idop(paiement.cree_le + timedelta(minutes=5) - timedelta(microseconds=1))
    assert histoire(paiement) == []
    clore_sans_idop(paiement.cree_le + timedelta(minutes=5))
    assert (histoire(paiement), empechement(facture)) == (["echoue"], "")
    assert (demarrer(facture, ada).etat, len(creations(payfip))) == ("envoye", 2)


def test_un_processus_tue_apres_l_enregistrement_se_reprend_par_un_second_clic(facture, ada, payfip, monkeypatch):
    envoi, envoyer = formulaire(), demarrage._envoyer
    with monkeypatch.context() as coupure:
        coupure.setattr(demarrage, "_envoyer", lambda *valeurs: (envoyer(*valeurs), mourir()))
        with pytest.raises(Tue):
            depart(facture, ada, envoi)
    adresse = depart(facture, ada, envoi)
    assert adresse == f"{payfip.url}/tpa/paiementws.web?idop={Paiement.objects.get().idop}"
    assert len(creations(payfip)) == 1


def test_une_reponse_arrivee_apres_la_cloture_n_est_montree_a_personne(facture, ada, payfip):
    tard = timezone.now() + timedelta(minutes=6)
    with pytest.raises(GuichetIndisponible, match="tardive"):
        demarrer(facture, ada, guichet=GuichetPuis(lambda: clore_sans_idop(tard)))
    paiement = Paiement.objects.get()
    assert (histoire(paiement), paiement.idop, paiement.envoye_le) == (["echoue"], None, None)
    assert (len(creations(payfip)), empechement(facture)) == (1, "")


def test_deux_clics_au_meme_instant_rendent_la_meme_adresse(facture, ada, payfip, monkeypatch):
    envoi, ouvrir, adresses = formulaire(), demarrage._ouvrir, []

    def apres_l_autre(*arguments):
        """L'autre clic passe en entier entre notre vérification et notre ouverture."""
        monkeypatch.setattr(demarrage, "_ouvrir", ouvrir)
        adresses.append(depart(facture, ada, envoi))
        return ouvrir(*arguments)

    monkeypatch.setattr(demarrage, "_ouvrir", apres_l_autre)
    adresses.append(depart(facture, ada, envoi))
    assert (len(set(adresses)), Paiement.objects.count(), len(creations(payfip))) == (1, 1, 1)


def test_le_second_clic_attend_la_reponse_du_premier(facture, ada, payfip, pause):
    envoi = formulaire()
    with pytest.raises(Tue):
        demarrer(facture, ada, par=envoi, guichet=GuichetPuis(mourir))
    premier, idop = Paiement.objects.get(), UUID(int=1317)
    pause["pendant"] = lambda: demarrage._envoyer(premier, idop) if premier.idop is None else None
    assert depart(facture, ada, envoi) == f"{payfip.url}/tpa/paiementws.web?idop={idop}"


def test_le_second_clic_n_attend_pas_toujours(facture, ada, payfip, pause):
    envoi, pauses = formulaire(), []
    with pytest.raises(Tue):
        demarrer(facture, ada, par=envoi, guichet=GuichetPuis(mourir))
    pause["pendant"] = lambda: pauses.append(1)
    with pytest.raises(PaiementImpossible) as refus:
        depart(facture, ada, envoi)
    assert (refus.value.empechement, len(creations(payfip))) == ("PAIEMENT_EN_COURS", 1)
    assert len(pauses) * demarrage.PAUSE_SECONDES <= 8
