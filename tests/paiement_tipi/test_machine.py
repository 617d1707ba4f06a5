"""N'importe quelle suite d'événements : un paiement ne se perd pas, ne compte pas deux fois, et tout pas est permis."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from types import SimpleNamespace

import factories
import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from factures.etats import Moyen, Sens
from factures.models import Facture
from factures.services import annuler, encaisser
from paiement_tipi import services
from paiement_tipi.client import GuichetIndisponible
from paiement_tipi.etats import DE_RESULTAT, DEFINITIFS, ENCAISSES, OUVERTS, RETOURS, TRANSITIONS, EtatPaiement
from paiement_tipi.models import Paiement, PartPaiement
from paiement_tipi.services.transitions import passer
from tests.paiement_tipi.outils_machine import GuichetDocile, Tue
from tests.paiement_tipi.outils_tentatives import formulaire

DEPART = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
DUREES = [timedelta(), timedelta(minutes=2), timedelta(minutes=15), timedelta(hours=2), timedelta(days=2)]
TEMPS_DU_DEPART = ["beau", "beau", "beau", "panne", "réponse perdue", "processus tué"]
TEMPS_DU_CONSTAT = ["beau", "beau", "beau", "panne", "menteur"]
RESULTATS = ["P", "V", "R", "Z", "A", "A"]
EVENEMENTS = [
    *["repartir", "finir_au_guichet", "constater", "relever"] * 3,
    "payer_au_comptoir",
    "annuler_la_facture",
]
EN_COURS = ["PAIEMENT_EN_COURS", "PAIEMENT_ABANDONNE"]
CODES = {EtatPaiement.PAYE: "P", EtatPaiement.PRELEVE: "V"}


class UneFacture(RuleBasedStateMachine):
    """Une facture, deux personnes qui la paient, le guichet, l'agent, et le temps qui passe."""

    monde: SimpleNamespace

    def __init__(self):
        super().__init__()
        self.horloge = time_machine.travel(DEPART, tick=False)
        self.temps = self.horloge.start()
        self.essai = transaction.atomic()
        self.essai.__enter__()
        self.guichet, self.rangs, self.dernier = GuichetDocile(), count(1), formulaire()
        self.facture = factories.facture(
            self.monde.redevable, self.monde.eau, date_echeance=None, date_limite_en_ligne=None
        )

    def teardown(self):
        try:
            self.tout_finit_par_se_savoir()
        finally:
            transaction.set_rollback(True)
            self.essai.__exit__(None, None, None)
            self.horloge.stop()

    def tentatives(self):
        return list(Paiement.objects.filter(parts__facture=self.facture).order_by("pk"))

    def envoyees(self):
        return [p for p in self.tentatives() if p.idop]

    @initialize()
    def premier_depart(self):
        self.partir("ada", "beau")

    # Une seule règle : hypothesis en écarte au hasard la moitié, et il en faut plusieurs pour un paiement entier.
    @rule(evenement=st.sampled_from(EVENEMENTS), data=st.data())
    def arrive(self, evenement, data):
        getattr(self, evenement)(lambda valeurs: data.draw(st.sampled_from(valeurs)))

    def repartir(self, tirer):
        self.dernier = tirer([self.dernier, formulaire()])
        self.partir(tirer(["ada", "bob"]), tirer(TEMPS_DU_DEPART))

    def partir(self, qui, temps):
        self.guichet.temps = temps
        libre = not PartPaiement.objects.filter(facture=self.facture, ouverte=True).exists()
        qui = getattr(self.monde, qui)
        try:
            services.demarrer_paiement(facture=self.facture, usager=qui, formulaire=self.dernier, guichet=self.guichet)
            issue = "parti"
        except services.PaiementImpossible as refus:
            issue = refus.empechement
        except (GuichetIndisponible, Tue):
            issue = "guichet"
        issues = {"parti" if temps == "beau" else "guichet"} if libre else {"parti", *EN_COURS}
        assert issue in {"DEJA_PAYEE", "ANNULEE", *issues}

    def finir_au_guichet(self, tirer):
        self.guichet.conclure(tirer([p.idop for p in self.envoyees()]), tirer(RESULTATS))

    def constater(self, tirer):
        self.laisser_passer(tirer)
        paiement = tirer(self.envoyees())
        avant = paiement.etat
        gagne = services.constater(paiement=paiement, guichet=self.guichet, cause="retour")
        change = Paiement.objects.get(pk=paiement.pk).etat != avant
        menti = self.guichet.temps == "menteur" and self.guichet.operations[paiement.idop].resultat != ""
        assert (gagne, gagne and (menti or self.guichet.temps == "panne")) == (change, False)

    def relever(self, tirer):
        self.laisser_passer(tirer)
        tirer([services.rapprocher, services.relever])(guichet=self.guichet, maintenant=timezone.now())

    def laisser_passer(self, tirer):
        duree = tirer(DUREES)
        self.temps.shift(duree)
        self.guichet.temps = tirer(TEMPS_DU_CONSTAT)
        if duree > timedelta(days=1):
            self.guichet.purger()

    def annuler_la_facture(self, tirer):
        if len(self.tentatives()) > tirer([2, 3]):
            annuler(factures=[self.facture], motif="Erreur")

    def payer_au_comptoir(self, tirer):
        encaisser(
            facture=self.facture,
            montant=Decimal(tirer(["0.11", "0.50", "100.00", "300.00"])),
            moyen=Moyen.ESPECES,
            origine=f"guichet:{next(self.rangs)}",
            recu_le=timezone.now(),
        )

    @invariant()
    def l_argent_est_juste(self):
        facture = Facture.objects.get(pk=self.facture.pk)
        recu = sum(r.montant if r.sens == Sens.ENCAISSEMENT else -r.montant for r in facture.reglements.all())
        assert facture.montant - recu == facture.reste_du - facture.trop_percu
        assert 0 in {facture.reste_du, facture.trop_percu}

    @invariant()
    def chaque_tentative_compte_une_fois_si_payfip_l_a_dit(self):
        for paiement in self.tentatives():
            encaisse = [r.montant for r in self.facture.reglements.filter(origine=f"payfip:{paiement.uuid}")]
            assert encaisse == ([paiement.montant] if paiement.etat in CODES else [])
            if paiement.etat in CODES:
                assert self.guichet.operations[paiement.idop].resultat == CODES[paiement.etat]

    @invariant()
    def une_seule_part_est_ouverte_et_c_est_celle_d_une_tentative_ouverte(self):
        parts = PartPaiement.objects.filter(facture=self.facture).select_related("paiement")
        assert [part.ouverte for part in parts] == [part.paiement.est_ouvert for part in parts]
        assert sum(part.ouverte for part in parts) <= 1

    @invariant()
    def tout_pas_est_permis(self):
        for paiement in self.tentatives():
            etat = EtatPaiement.DEMARRE
            for de, vers in paiement.transitions.values_list("de", "vers"):
                assert (de, vers in TRANSITIONS[etat]) == (etat, True)
                etat = EtatPaiement(vers)
            assert paiement.etat == etat

    def tout_finit_par_se_savoir(self):
        """Le relevé seul, PayFiP revenu : tout paiement fait est encaissé, et rien ne retient plus la facture."""
        self.guichet.temps = "beau"
        for _semaine in range(3):
            self.temps.shift(timedelta(days=8))
            services.relever(guichet=self.guichet, maintenant=timezone.now())
        for paiement in self.envoyees():
            resultat = self.guichet.operations[paiement.idop].resultat
            attendu = DE_RESULTAT.get(resultat, EtatPaiement.EXPIRE)
            assert paiement.etat == attendu
        assert not PartPaiement.objects.filter(facture=self.facture, ouverte=True).exists()
        self.l_argent_est_juste()
        self.chaque_tentative_compte_une_fois_si_payfip_l_a_dit()


@pytest.mark.sqlite
def test_aucune_suite_d_evenements_ne_perd_ni_ne_double_un_paiement(boe, ada, bob, eau, monkeypatch):
    monkeypatch.setattr("paiement_tipi.services.demarrage.PAUSE_SECONDES", 0)
    monde = SimpleNamespace(ada=ada, bob=bob, eau=eau, redevable=factories.redevable(boe, ada, bob))
    machine = type("UneFactureIci", (UneFacture,), {"monde": monde})
    # Un échec se lit tel quel : le réduire prendrait plusieurs minutes à faire et défaire la base.
    phases = [Phase.explicit, Phase.reuse, Phase.generate]
    essais = settings(max_examples=80, stateful_step_count=10, deadline=None, derandomize=True, phases=phases)
    run_state_machine_as_test(machine, settings=essais)


def test_chaque_etat_a_ses_suites_et_son_texte():
    assert set(TRANSITIONS) == set(RETOURS) == set(EtatPaiement)
    assert frozenset().union(*TRANSITIONS.values()) == set(EtatPaiement) - {EtatPaiement.DEMARRE}


def test_un_succes_est_definitif_et_l_emporte_sur_toute_fin_decidee_ici():
    # Seul un rejet, qu'un agent enregistre, suit un encaissement.
    assert [TRANSITIONS[etat] for etat in ENCAISSES] == [{EtatPaiement.REJETE}] * 2
    sans_suite = {etat for etat, suites in TRANSITIONS.items() if not suites}
    assert sans_suite == DEFINITIFS - ENCAISSES | {EtatPaiement.ECHOUE}
    sans_succes = {etat for etat, suites in TRANSITIONS.items() if not suites >= ENCAISSES}
    assert sans_succes == DEFINITIFS | {EtatPaiement.ECHOUE, EtatPaiement.DEMARRE}
    sans_declaration = {etat for etat, suites in TRANSITIONS.items() if EtatPaiement.DECLARE not in suites}
    par_le_guichet = {EtatPaiement.ABANDON_SIGNALE, EtatPaiement.DECLARE}
    assert sans_declaration == sans_succes | par_le_guichet


def test_aucun_pas_ne_rouvre_une_tentative_close():
    assert [etat for etat, suites in TRANSITIONS.items() if etat not in OUVERTS and suites & OUVERTS] == []


@pytest.mark.sqlite
@pytest.mark.parametrize("de", EtatPaiement)
def test_seuls_les_pas_permis_passent_et_laissent_une_trace(facture, ada, de):
    permis = set()
    for vers in EtatPaiement:
        with transaction.atomic():
            services.demarrer_paiement(facture=facture, usager=ada, formulaire=formulaire(), guichet=GuichetDocile())
            paiement = Paiement.objects.get()
            Paiement.objects.update(etat=de)
            paiement.refresh_from_db()
            gagne = passer(paiement, vers=vers, cause="essai", maintenant=DEPART)
            assert Paiement.objects.get().etat == paiement.etat == (vers if gagne else de)
            traces = list(paiement.transitions.values_list("de", "vers"))
            assert traces == [("demarre", "envoye"), *([(de, vers)] if gagne else [])]
            assert PartPaiement.objects.get().ouverte is not (gagne and vers not in OUVERTS)
            permis |= {vers} if gagne else set()
            transaction.set_rollback(True)
    assert permis == TRANSITIONS[de]
