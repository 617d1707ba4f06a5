"""PayFiP ne répond plus : on le voit vite, personne n'attend, et tout reprend sans personne."""

from contextlib import ExitStack
from datetime import timedelta
from threading import Barrier, Thread
from time import sleep
from uuid import uuid4

import factories
import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from factures.etats import Empechement
from factures.etats.explications import EXPLICATIONS
from paiement_tipi import services
from paiement_tipi.client import GuichetIndisponible, GuichetRefuse
from paiement_tipi.models import CoupurePayfip, Paiement
from paiement_tipi.protocole import Faute
from paiement_tipi.services import disjoncteur
from paiement_tipi.services.disjoncteur import GuichetProtege, en_coupure
from portail.lanceur.__main__ import SERVEUR
from tests.paiement_tipi.outils_machine import GuichetDocile
from tests.paiement_tipi.outils_tentatives import demarrer, empechement, lectures, pilote

PANNE = EXPLICATIONS[Empechement.GUICHET_EN_PANNE]


@pytest.fixture
def payfip(simulateur):
    with pilote(simulateur) as pilotable:
        yield pilotable


class Muet:
    """Un guichet qui compte ce qu'on lui demande et ne répond pas, ou refuse."""

    def __init__(self, faute: Exception | None = None):
        self.demandes, self.faute = 0, faute or GuichetIndisponible("muet")

    def lire(self, _idop):
        self.demandes += 1
        raise self.faute


def demander(muet: Muet, *, fois: int = 1, insistant: bool = False) -> int:
    """Le nombre de demandes parvenues à PayFiP."""
    avant = muet.demandes
    for _ in range(fois):
        with pytest.raises((GuichetIndisponible, GuichetRefuse)):
            GuichetProtege(muet, insistant).lire(uuid4())
    return muet.demandes - avant


@pytest.mark.sqlite
def test_trois_pannes_de_suite_font_une_coupure_et_plus_personne_n_attend(db):
    muet = Muet()
    assert (demander(muet, fois=2), en_coupure()) == (2, False)
    assert (demander(muet), en_coupure()) == (1, True)
    assert demander(muet, fois=200) == 0
    assert CoupurePayfip.objects.count() == 1


def test_un_refus_est_une_reponse_et_remet_le_compte_a_zero(db):
    muet, present = Muet(), Muet(GuichetRefuse(Faute("P5", "", technique=False)))
    for _ in range(3):
        demander(muet, fois=2)
        demander(present)
    assert not en_coupure()


def test_le_travail_de_fond_insiste_et_la_premiere_reponse_finit_la_coupure(db):
    demander(Muet(), fois=3)
    assert demander(Muet(), fois=2, insistant=True) == 2
    demander(Muet(GuichetRefuse(Faute("P1", "", technique=False))), insistant=True)
    assert not en_coupure()
    assert CoupurePayfip.objects.get().finie_le is not None


def test_sans_travail_de_fond_une_personne_par_minute_sert_d_essai(db):
    muet = Muet()
    demander(muet, fois=3)
    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
        assert demander(muet, fois=5) == 1
    with time_machine.travel(timezone.now() + timedelta(seconds=130), tick=False):
        assert demander(Muet(GuichetRefuse(Faute("P1", "", technique=False)))) == 1
    assert not en_coupure()


@pytest.mark.sqlite
def test_sans_travail_de_fond_un_depart_finit_par_servir_d_essai(monkeypatch, facture, ada, boe, eau):
    docile, demandes = GuichetDocile(temps="panne"), []
    autre = factories.facture(facture.redevable, eau)
    creer = docile.creer
    monkeypatch.setattr(docile, "creer", lambda demande: demandes.append(demande) or creer(demande))
    maintenant = timezone.now()

    def partir(apres, chose):
        with time_machine.travel(maintenant + apres, tick=False):
            try:
                return demarrer(chose, ada, guichet=GuichetProtege(docile, insistant=False)).etat
            except services.PaiementImpossible as refus:
                return str(refus.empechement)
            except GuichetIndisponible:
                return "panne"

    seconde, tour = timedelta(seconds=1), timedelta(minutes=6)
    issues = [partir(timedelta(), facture) for _ in range(4)]
    assert (issues, len(demandes)) == (["panne"] * 3 + ["GUICHET_EN_PANNE"], 3)
    issues = [partir(tour - seconde, facture), *(partir(tour, f) for f in (facture, autre))]
    assert (issues, len(demandes)) == (["GUICHET_EN_PANNE", "panne", "GUICHET_EN_PANNE"], 4)
    with time_machine.travel(maintenant + 2 * tour - seconde, tick=False):  # un relevé éprouve la coupure
        services.relever(guichet=GuichetProtege(docile, insistant=True), maintenant=timezone.now())
    assert partir(2 * tour, facture) == "GUICHET_EN_PANNE"
    docile.temps = "beau"
    assert [partir(3 * tour, f) for f in (facture, autre)] == ["envoye"] * 2
    assert not en_coupure()


def test_la_facture_dit_la_coupure_et_se_paie_de_nouveau_apres(payfip, facture, ada):
    demander(Muet(), fois=3)
    assert empechement(facture) == "GUICHET_EN_PANNE"
    with pytest.raises(services.PaiementImpossible):
        demarrer(facture, ada)
    relever()
    assert empechement(facture) == ""
    assert demarrer(facture, ada).etat == "envoye"


def test_la_liste_et_la_facture_l_annoncent_d_elles_memes_puis_se_taisent(connecter, ada, boe, facture):
    navigateur = connecter(ada, chez=boe)
    for annoncee in (False, True, False):
        for adresse in ("/factures/", facture.get_absolute_url(), f"{facture.get_absolute_url()}payer/"):
            page = navigateur.get(adresse).content.decode()
            assert (str(PANNE.phrase) in page) is annoncee, adresse
        if annoncee:
            CoupurePayfip.objects.update(finie_le=timezone.now())
        else:
            demander(Muet(), fois=3)


def relever() -> None:
    services.relever(guichet=services.guichet(personne=False), maintenant=timezone.now())


def test_pendant_une_coupure_le_releve_ne_demande_qu_une_fois(payfip, boe, ada, eau, facture):
    factures = [facture, *(factories.facture(factories.redevable(boe, ada), eau) for _ in range(5))]
    for une in factures:
        demarrer(une, ada)
    payfip.regler(panne="502")
    avant = len(lectures(payfip))
    relever()
    assert (len(lectures(payfip)) - avant, en_coupure()) == (3, True)
    relever()
    assert len(lectures(payfip)) - avant == 4
    payfip.regler(panne="aucune")
    assert Paiement.objects.filter(pannes__gt=0).update(relire_le=timezone.now() + timedelta(hours=1)) == 3
    relever()
    # Une pour voir, et aussitôt les six, celles que la panne avait espacées comprises.
    assert (len(lectures(payfip)) - avant, en_coupure()) == (11, False)


@pytest.mark.django_db(transaction=True)
def test_deux_cents_clics_devant_un_payfip_muet_ne_prennent_jamais_tous_les_fils():
    a_la_fois, pire, tous = [], [], Barrier(20)

    class Lent(Muet):
        def lire(self, idop):
            a_la_fois.append(idop)
            pire.append(len(a_la_fois))
            sleep(0.2)
            a_la_fois.remove(idop)
            return super().lire(idop)

    lent = Lent()

    def cliquer():
        tous.wait()
        try:
            for _ in range(10):
                with pytest.raises(GuichetIndisponible):
                    GuichetProtege(lent, insistant=False).lire(uuid4())
        finally:
            connection.close()

    fils = [Thread(target=cliquer) for _ in range(20)]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join()
    assert max(pire) <= disjoncteur.EN_VOL
    assert lent.demandes <= 3 * disjoncteur.EN_VOL
    assert CoupurePayfip.objects.count() == 1


def test_deux_fils_restent_aux_autres_pages_et_la_file_pleine_ne_fait_attendre_personne(db):
    fils = int(SERVEUR[SERVEUR.index("--threads") + 1])
    assert fils - 2 == disjoncteur.EN_VOL + disjoncteur.EN_ATTENTE
    muet = Muet()
    with ExitStack() as pris:
        for _ in range(fils - 2):
            pris.enter_context(disjoncteur._tenir(disjoncteur._entrees, attente=0))
        assert demander(muet, fois=200) == 0
    assert demander(muet) == 1
