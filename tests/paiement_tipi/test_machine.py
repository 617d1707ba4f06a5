"""N'importe quelle suite d'événements : un paiement ne se perd pas, ne compte pas deux fois, et tout pas est permis."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from types import SimpleNamespace
from uuid import UUID

import argent
import factories
import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from epreuves import AMPLEUR, consigner
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from factures.etats import Moyen, Sens
from factures.models import Facture, Reglement
from factures.services import annuler, encaisser, rejeter
from paiement_tipi import services
from paiement_tipi.client import GuichetIndisponible
from paiement_tipi.etats import DE_RESULTAT, DEFINITIFS, ENCAISSES, OUVERTS, RETOURS, TRANSITIONS, EtatPaiement
from paiement_tipi.models import ContratTipi, Paiement, PartPaiement
from paiement_tipi.services.disjoncteur import GuichetProtege, en_coupure
from paiement_tipi.services.transitions import passer
from paiement_tipi.tasks import constater_paiement
from portail import limites
from tests.paiement_tipi.outils_machine import INCONNU, GuichetDocile, Tue
from tests.paiement_tipi.outils_tentatives import formulaire

DEPART = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
# L'horloge recule aussi : un serveur remis à l'heure.
DUREES = [timedelta(minutes=minutes) for minutes in (0, 2, 15, 120, 2 * 24 * 60, -60)]
TEMPS_DU_DEPART = ["beau", "beau", "beau", "panne", "réponse perdue", "processus tué"]
TEMPS_DU_CONSTAT = ["beau", "beau", "beau", "panne", "menteur"]
RESULTATS = ["P", "V", "R", "Z", "A", "A", INCONNU]
EVENEMENTS = [
    *["repartir", "partir_ensemble", "finir_au_guichet", "constater", "relever"] * 3,
    *["notifier", "liberer", "rejeter_apres_coup", "tomber"],
    "payer_au_comptoir",
    "annuler_une_facture",
]
EN_COURS = ["PAIEMENT_EN_COURS", "PAIEMENT_ABANDONNE"]
CODES = {EtatPaiement.PAYE: {"P"}, EtatPaiement.PRELEVE: {"V"}, EtatPaiement.REJETE: {"P", "V"}}


class DeuxFactures(RuleBasedStateMachine):
    """Deux factures, deux personnes qui les paient, seules ou ensemble, PayFiP, l'agent, et le temps qui passe."""

    monde: SimpleNamespace

    def __init__(self):
        super().__init__()
        self.horloge = time_machine.travel(DEPART, tick=False)
        self.temps = self.horloge.start()
        self.essai = transaction.atomic()
        self.essai.__enter__()
        self.guichet, self.rangs, self.dernier = GuichetDocile(), count(1), formulaire()
        self.monde.guichet = self.guichet
        dates = {"date_echeance": None, "date_limite_en_ligne": None}
        self.factures = [factories.facture(self.monde.redevable, self.monde.eau, **dates) for _ in range(2)]

    def teardown(self):
        try:
            self.tout_finit_par_se_savoir()
        finally:
            transaction.set_rollback(True)
            self.essai.__exit__(None, None, None)
            self.horloge.stop()

    def tentatives(self):
        return list(Paiement.objects.filter(parts__facture__in=self.factures).distinct().order_by("pk"))

    def envoyees(self):
        return [p for p in self.tentatives() if p.idop]

    @initialize()
    def premier_depart(self):
        self.partir("ada", self.factures[0], "beau")

    # Une seule règle : hypothesis en écarte au hasard la moitié, et il en faut plusieurs pour un paiement entier.
    @rule(evenement=st.sampled_from(EVENEMENTS), data=st.data())
    def arrive(self, evenement, data):
        getattr(self, evenement)(lambda valeurs: data.draw(st.sampled_from(valeurs)))

    def repartir(self, tirer):
        self.dernier = tirer([self.dernier, formulaire()])
        self.partir(tirer(["ada", "bob"]), tirer(self.factures), tirer(TEMPS_DU_DEPART))

    def partir(self, qui, facture, temps):
        self.guichet.temps = temps
        libre, coupe = not PartPaiement.objects.filter(facture=facture, ouverte=True).exists(), en_coupure()
        issue = self.demarrer(
            lambda: services.demarrer_paiement(
                facture=facture, usager=getattr(self.monde, qui), formulaire=self.dernier,
                guichet=services.guichet(personne=True),
            )
        )  # fmt: skip
        issues = {"parti" if temps == "beau" else "guichet"} if libre else {"parti", *EN_COURS}
        if coupe:
            issues = {"parti", *EN_COURS, "GUICHET_EN_PANNE"}
        assert issue in {"DEJA_PAYEE", "ANNULEE", *issues}

    def partir_ensemble(self, tirer):
        """Toutes les deux pour leur reste dû, ou rien."""
        self.guichet.temps = tirer(TEMPS_DU_DEPART)
        self.dernier = tirer([self.dernier, formulaire()])
        lues = Facture.objects.filter(pk__in=[f.pk for f in self.factures])
        avant = len(self.tentatives())
        self.demarrer(
            lambda: services.demarrer_groupe(
                factures=list(lues), usager=self.monde.ada, formulaire=self.dernier,
                vu=sum(f.reste_du for f in lues), guichet=services.guichet(personne=True),
            )
        )  # fmt: skip
        for paiement in self.tentatives()[avant:]:
            parts = paiement.parts.values_list("facture", "montant")
            assert set(parts) == {(f.pk, f.reste_du) for f in lues}
            self.vus["groupes"] += 1

    def demarrer(self, depart):
        try:
            depart()
        except services.PaiementImpossible as refus:
            return refus.empechement
        except services.GroupeChange:
            return "changé"
        except (GuichetIndisponible, Tue):
            return "guichet"
        return "parti"

    def finir_au_guichet(self, tirer):
        self.guichet.conclure(tirer([p.idop for p in self.envoyees()]), tirer(RESULTATS))

    def constater(self, tirer):
        """Le retour de la personne."""
        self.laisser_passer(tirer)
        paiement = tirer(self.envoyees())
        avant = paiement.etat
        gagne = services.constater(paiement=paiement, guichet=services.guichet(personne=True), cause="retour")
        change = Paiement.objects.get(pk=paiement.pk).etat != avant
        menti = self.guichet.temps == "menteur" and self.guichet.operations[paiement.idop].resultat != ""
        assert (gagne, gagne and (menti or self.guichet.temps == "panne")) == (change, False)

    def notifier(self, tirer):
        """La sonnette, une ou plusieurs fois, puis l'ouvrier autant de fois."""
        self.laisser_passer(tirer)
        paiement = tirer(self.envoyees())
        for _fois in range(tirer([1, 1, 3])):
            with suppress(limites.TropDeDemandes):
                assert services.recevoir_notification(idop=paiement.idop, corps="")
            constater_paiement.func(paiement.pk)

    def liberer(self, tirer):
        self.laisser_passer(tirer)
        paiement, maintenant = tirer(self.tentatives()), timezone.now()
        guichet = services.guichet(personne=True)
        services.interroger(paiement=paiement, guichet=guichet, cause="demandé", maintenant=maintenant)

    def relever(self, tirer):
        self.laisser_passer(tirer)
        guichet = services.guichet(personne=False)
        tirer([services.rapprocher, services.relever])(guichet=guichet, maintenant=timezone.now())

    def tomber(self, _tirer):
        """PayFiP se tait assez pour une coupure ; elle finit à la première réponse."""
        self.guichet.temps = "panne"
        for _fois in range(3):
            with suppress(GuichetIndisponible):
                services.guichet(personne=False).lire(UUID(int=1))
        assert en_coupure()
        self.vus["coupures"] += 1

    def laisser_passer(self, tirer):
        duree = tirer(DUREES)
        self.temps.shift(duree)
        self.guichet.temps = tirer(TEMPS_DU_CONSTAT)
        if duree > timedelta(days=1):
            self.guichet.purger()

    def rejeter_apres_coup(self, tirer):
        encaisses = Reglement.objects.filter(facture__in=self.factures, sens=Sens.ENCAISSEMENT, reprise__isnull=True)
        encaisses = list(encaisses.order_by("pk"))
        if encaisses:
            rejeter(reglement=tirer(encaisses), motif="Impayé")
            self.vus["rejets"] += 1

    def annuler_une_facture(self, tirer):
        if len(self.tentatives()) > tirer([2, 3]):
            annuler(factures=[tirer(self.factures)], motif="Erreur")

    def payer_au_comptoir(self, tirer):
        encaisser(
            facture=tirer(self.factures),
            montant=Decimal(tirer(["0.11", "0.50", "100.00", "300.00"])),
            moyen=Moyen.ESPECES,
            origine=f"guichet:{next(self.rangs)}",
            recu_le=timezone.now(),
        )

    @invariant()
    def l_argent_est_juste(self):
        assert argent.fausses() == []

    @invariant()
    def chaque_tentative_compte_une_fois_si_payfip_l_a_dit(self):
        for paiement in self.tentatives():
            recus = Reglement.objects.filter(origine=f"payfip:{paiement.uuid}")
            parts = paiement.parts.values_list("facture", "montant") if paiement.etat in CODES else []
            assert sorted(recus.values_list("facture", "montant")) == sorted(parts)
            rejete = paiement.etat == EtatPaiement.REJETE
            assert {hasattr(recu, "reprise") for recu in recus} == ({rejete} if parts else set())
            if paiement.etat in CODES:
                assert self.guichet.operations[paiement.idop].resultat in CODES[paiement.etat]

    @invariant()
    def une_seule_part_est_ouverte_et_c_est_celle_d_une_tentative_ouverte(self):
        for facture in self.factures:
            parts = PartPaiement.objects.filter(facture=facture).select_related("paiement")
            assert [part.ouverte for part in parts] == [part.paiement.est_ouvert for part in parts]
            assert sum(part.ouverte for part in parts) <= 1

    @invariant()
    def tout_pas_est_permis(self):
        for paiement in self.tentatives():
            etat = EtatPaiement.DEMARRE
            for de, vers in paiement.transitions.order_by("pk").values_list("de", "vers"):
                assert (de, vers in TRANSITIONS[etat]) == (etat, True)
                etat = EtatPaiement(vers)
            assert paiement.etat == etat

    def tout_finit_par_se_savoir(self):
        """Le relevé seul, PayFiP revenu : tout paiement fait est encaissé, et rien ne retient plus une facture."""
        self.guichet.temps = "beau"
        self.guichet.preciser()
        for _semaine in range(3):
            self.temps.shift(timedelta(days=8))
            services.relever(guichet=services.guichet(personne=False), maintenant=timezone.now())
        for paiement in self.envoyees():
            resultat = self.guichet.operations[paiement.idop].resultat
            attendu = DE_RESULTAT.get(resultat, EtatPaiement.EXPIRE)
            rejete = paiement.etat == EtatPaiement.REJETE and resultat in CODES[paiement.etat]
            assert paiement.etat == attendu or rejete
            self.vus["payes"] += attendu in ENCAISSES
        assert not PartPaiement.objects.filter(facture__in=self.factures, ouverte=True).exists()
        assert not en_coupure()
        self.l_argent_est_juste()
        self.chaque_tentative_compte_une_fois_si_payfip_l_a_dit()


@pytest.mark.sqlite
@pytest.mark.epreuve
def test_aucune_suite_d_evenements_ne_perd_ni_ne_double_un_paiement(boe, ada, bob, eau, monkeypatch):
    monkeypatch.setattr("paiement_tipi.services.demarrage.PAUSE_SECONDES", 0)
    ContratTipi.objects.update(groupes=True)
    monde = SimpleNamespace(ada=ada, bob=bob, eau=eau, redevable=factories.redevable(boe, ada, bob))
    protege = lambda *, personne: GuichetProtege(monde.guichet, insistant=not personne)  # noqa: E731
    monkeypatch.setattr(services, "guichet", protege)
    vus = dict.fromkeys(["payes", "groupes", "rejets", "coupures"], 0)
    machine = type("DeuxFacturesIci", (DeuxFactures,), {"monde": monde, "vus": vus})
    # Un échec se lit tel quel : le réduire prendrait plusieurs minutes à faire et défaire la base.
    phases = [Phase.explicit, Phase.reuse, Phase.generate]
    suites = 15 if AMPLEUR == 1 else 40 * AMPLEUR
    essais = settings(
        max_examples=suites, stateful_step_count=12, deadline=None, derandomize=AMPLEUR == 1, phases=phases
    )
    run_state_machine_as_test(machine, settings=essais)
    assert 0 not in vus.values()  # la machine a bien tout vu
    consigner(
        "paiement",
        "Le paiement sous n'importe quelle suite d'événements",
        "Départs seuls ou groupés, double clics, retours, notifications en double, relevés, abandons, codes\n"
        "inconnus, expirations, succès tardifs, rejets, annulations, argent au guichet, horloge qui saute, PayFiP en\n"
        "panne, menteur ou coupé, processus tué : chaque paiement fait chez PayFiP est réglé ici une fois, à la somme\n"
        "exacte.",
        suites=suites,
        paiements_faits=vus["payes"],
        perdus=0,
        comptes_deux_fois=0,
        departs_groupes=vus["groupes"],
        rejets_apres_coup=vus["rejets"],
        coupures=vus["coupures"],
    )


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
