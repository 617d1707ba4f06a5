"""Par URL, n'importe quelle suite de départs, de POST vrais, faux, doubles ou tardifs, et de décisions du Trésor."""

from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from urllib.parse import urlencode

import argent
import factories
import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from epreuves import AMPLEUR
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from factures.argent import en_centimes
from factures.etats import Moyen, Sens
from factures.models import Facture
from factures.services import annuler, encaisser, rejeter
from paiement_tipi import services
from paiement_tipi.etats import ENCAISSES, SANS_RETOUR, TRANSITIONS, EtatPaiement
from paiement_tipi.models import ContratTipi, Paiement, PartPaiement
from tests.paiement_tipi.outils_tentatives import demarrer, empechement
from tests.paiement_tipi.test_machine import DEPART

DUREES = [timedelta(), timedelta(minutes=20), SANS_RETOUR, timedelta(days=3), -timedelta(hours=1)]
RESULTATS = ["P", "P", "V", "R", "Z", "A", "K"]
EVENEMENTS = [*["partir", "poster", "relever", "confirmer"] * 2, "mentir", "infirmer", "payer_au_comptoir",
              "rejeter_apres_coup", "annuler_la_facture"]  # fmt: skip
EN_COURS = {"PAIEMENT_EN_COURS", "PAIEMENT_DECLARE"}


class UneFactureParUrl(RuleBasedStateMachine):
    """Une facture, sa personne, ce que PayFiP poste quand il veut, le relevé, et le Trésor."""

    monde: SimpleNamespace

    def __init__(self):
        super().__init__()
        self.horloge = time_machine.travel(DEPART, tick=False)
        self.temps = self.horloge.start()
        self.essai = transaction.atomic()
        self.essai.__enter__()
        self.rangs, self.confirmes, self.postes = count(1), set(), []
        dates = {"date_echeance": None, "date_limite_en_ligne": None}
        self.facture = factories.facture(self.monde.redevable, self.monde.eau, **dates)

    def teardown(self):
        transaction.set_rollback(True)
        self.essai.__exit__(None, None, None)
        self.horloge.stop()

    def tentatives(self):
        return list(Paiement.objects.filter(parts__facture=self.facture).order_by("pk"))

    @initialize()
    def premier_depart(self):
        self.partir(None)

    @rule(evenement=st.sampled_from(EVENEMENTS), data=st.data())
    def arrive(self, evenement, data):
        self.temps.shift(data.draw(st.sampled_from(DUREES)))
        getattr(self, evenement)(lambda valeurs: data.draw(st.sampled_from(valeurs)))

    def partir(self, _tirer):
        libre = empechement(self.facture) == ""
        try:
            demarrer(Facture.objects.get(pk=self.facture.pk), self.monde.ada)
            issue = "parti"
        except services.PaiementImpossible as refus:
            issue = refus.empechement
        assert issue in ({"parti"} if libre else EN_COURS | {"DEJA_PAYEE", "ANNULEE"})

    def poster(self, tirer):
        """Un résultat neuf, ou le même encore une fois."""
        paiement = tirer(self.tentatives())
        neuf = {
            "numcli": paiement.numcli,
            "refdet": paiement.refdet,
            "saisie": paiement.saisie,
            "montant": en_centimes(paiement.montant),
            "RESULTRANS": tirer(RESULTATS),
            "numauto": next(self.rangs),
        }
        envoi = tirer([(paiement, neuf), *self.postes])
        self.postes.append(envoi)
        self.envoyer(*envoi)

    def mentir(self, tirer):
        """Un POST forgé ne change l'état de rien."""
        paiement = tirer(self.tentatives())
        bon = {"numcli": paiement.numcli, "refdet": paiement.refdet, "saisie": "A", "resultrans": "P"}
        faux = tirer([{"montant": 100}, {"montant": en_centimes(paiement.montant), "numcli": "000001"}, {}])
        avant = paiement.etat
        self.envoyer(paiement, bon | faux)
        assert Paiement.objects.get(pk=paiement.pk).etat == avant

    def envoyer(self, paiement, champs):
        assert services.recevoir_resultat(jeton=paiement.jeton, requete="", corps=urlencode(champs).encode())

    def relever(self, _tirer):
        services.relever(guichet=None, maintenant=timezone.now())  # rien n'est demandé à PayFiP

    def confirmer(self, tirer):
        paiement = tirer(self.tentatives())
        if services.confirmer_declare(paiement=paiement, source="fichier du Trésor"):
            self.confirmes.add(paiement.pk)

    def infirmer(self, tirer):
        services.infirmer_declare(paiement=tirer(self.tentatives()), source="infirmé par un agent")

    def payer_au_comptoir(self, tirer):
        encaisser(
            facture=self.facture, montant=tirer([self.facture.montant]), moyen=Moyen.ESPECES,
            origine=f"guichet:{next(self.rangs)}", recu_le=timezone.now(),
        )  # fmt: skip

    def rejeter_apres_coup(self, _tirer):
        for recu in self.facture.reglements.filter(sens=Sens.ENCAISSEMENT, reprise__isnull=True)[:1]:
            rejeter(reglement=recu, motif="Impayé")

    def annuler_la_facture(self, tirer):
        if len(self.tentatives()) > tirer([1, 2]):
            annuler(factures=[self.facture], motif="Erreur")

    @invariant()
    def seul_le_tresor_regle_et_chaque_paiement_une_fois(self):
        for paiement in self.tentatives():
            regle = [r.montant for r in self.facture.reglements.filter(origine=f"payfip:{paiement.uuid}")]
            confirme = paiement.pk in self.confirmes
            encaisse = paiement.etat in ENCAISSES | {EtatPaiement.REJETE}
            assert (regle, encaisse) == ([paiement.montant] if confirme else [], confirme)

    @invariant()
    def l_argent_est_juste(self):
        assert argent.fausses() == []

    @invariant()
    def un_paiement_declare_retient_la_facture(self):
        etats = [p.etat for p in self.tentatives()]
        if EtatPaiement.DECLARE in etats:
            assert empechement(self.facture) in {"PAIEMENT_DECLARE", "DEJA_PAYEE", "ANNULEE"}
        assert PartPaiement.objects.filter(facture=self.facture, ouverte=True).count() <= 1

    @invariant()
    def tout_pas_est_permis(self):
        for paiement in self.tentatives():
            etat = EtatPaiement.DEMARRE
            for de, vers in paiement.transitions.values_list("de", "vers"):
                assert (de, vers in TRANSITIONS[etat]) == (etat, True)
                etat = EtatPaiement(vers)
            assert paiement.etat == etat


@pytest.mark.epreuve
def test_par_url_aucune_suite_d_evenements_ne_regle_sans_le_tresor_ni_ne_perd_un_paiement(boe, ada, eau, monkeypatch):
    monkeypatch.setattr("portail.limites.compter", lambda *_: None)
    ContratTipi.objects.update(transport="url-regie", saisie="A")
    monde = SimpleNamespace(ada=ada, eau=eau, redevable=factories.redevable(boe, ada))
    machine = type("UneFactureIci", (UneFactureParUrl,), {"monde": monde})
    phases = [Phase.explicit, Phase.reuse, Phase.generate]
    suites = 15 if AMPLEUR == 1 else 40 * AMPLEUR
    essais = settings(
        max_examples=suites, stateful_step_count=14, deadline=None, derandomize=AMPLEUR == 1, phases=phases
    )
    run_state_machine_as_test(machine, settings=essais)
