"""N'importe quelle suite d'événements : aucun courriel perdu, aucun en double sans raison, jamais deux textes."""

from contextlib import suppress
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from epreuves import AMPLEUR, consigner
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from portail import courriels
from portail.etats import EtatCourriel
from portail.models import Courriel
from tests.portail.outils_courriels import HUMEURS, LUNDI, Bureau, Tue, deposer

DOUBLONS_PERMIS = {"accepte puis coupe", "tué après"}
DUREES = [timedelta(hours=-1), *(timedelta(seconds=s) for s in (1, 31, 61, 301, 3601)), timedelta(days=1)]
comptes = {"suites": 0, "envois": 0, "doublons": 0}


class UneFile(RuleBasedStateMachine):
    """Une commune, un bureau de poste capricieux, un ouvrier qu'on tue, et une horloge qui saute."""

    boe = None
    bureau: Bureau

    def __init__(self):
        super().__init__()
        self.horloge = time_machine.travel(LUNDI, tick=False)
        self.temps = self.horloge.start()
        Courriel.objects.all().delete()
        DBTaskResult.objects.all().delete()
        cache.clear()
        self.bureau.ouvert, self.bureau.humeurs, self.bureau.recus = True, [], []
        self.deposes, self.doublables = set(), 0

    def teardown(self):
        try:
            self.tout_finit_par_partir()
        finally:
            self.horloge.stop()

    @rule(cle=st.sampled_from("abcdef"), sans_objet=st.sampled_from([False, False, False, True]))
    def deposer(self, cle, sans_objet):
        deposer(self.boe, cle, sans_objet=sans_objet)
        self.deposes.add(cle)

    @rule(humeurs=st.lists(st.sampled_from(sorted(HUMEURS)), max_size=4), ouvert=st.sampled_from([True, True, False]))
    def envoyer(self, humeurs, ouvert):
        self.bureau.humeurs, self.bureau.ouvert = list(humeurs), ouvert
        with suppress(Tue):
            courriels.envoyer()
        consommees = humeurs[: len(humeurs) - len(self.bureau.humeurs)]
        self.doublables += sum(humeur in DOUBLONS_PERMIS for humeur in consommees)

    @rule(duree=st.sampled_from(DUREES))
    def laisser_passer(self, duree):
        self.temps.shift(duree)

    @rule()
    def relancer(self):
        for mort in Courriel.objects.morts():
            assert courriels.relancer(mort)

    @invariant()
    def un_courriel_par_cle(self):
        assert set(Courriel.objects.values_list("cle", flat=True)) == self.deposes
        assert Courriel.objects.count() == len(self.deposes)

    @invariant()
    def jamais_deux_textes_sous_un_message_id(self):
        assert [m for m, textes in self.bureau.par_message_id().items() if len(set(textes)) > 1] == []

    @invariant()
    def ce_qui_est_dit_envoye_a_ete_recu(self):
        recus = set(self.bureau.par_message_id())
        assert set(Courriel.objects.filter(etat="envoye").values_list("message_id", flat=True)) <= recus

    @invariant()
    def un_doublon_a_toujours_une_raison(self):
        doublons = len(self.bureau.recus) - len(self.bureau.par_message_id())
        assert doublons <= self.doublables

    def tout_finit_par_partir(self):
        self.bureau.ouvert, self.bureau.humeurs = True, []
        while dernier := Courriel.objects.filter(etat=EtatCourriel.A_ENVOYER).order_by("-prochain_essai").first():
            self.temps.move_to(max(dernier.prochain_essai, timezone.now() + timedelta(seconds=31)))
            courriels.envoyer()
        self.ce_qui_est_dit_envoye_a_ete_recu()
        self.jamais_deux_textes_sous_un_message_id()
        comptes["suites"] += 1
        comptes["envois"] += len(self.bureau.recus)
        comptes["doublons"] += len(self.bureau.recus) - len(self.bureau.par_message_id())


@pytest.mark.epreuve
@pytest.mark.sqlite
@pytest.mark.django_db
def test_n_importe_quelle_suite_d_evenements(boe, bureau, caplog):
    UneFile.boe, UneFile.bureau = boe, bureau
    reglages = settings(
        max_examples=25 * AMPLEUR,
        stateful_step_count=20,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
    )
    run_state_machine_as_test(UneFile, settings=reglages)
    consigner(
        "courriels-suites",
        "La file des courriels sous n'importe quelle suite d'événements",
        "Dépôts, envois, refus, coupures avant et après l'acceptation, ouvrier tué, horloge qui saute, relances :\n"
        "aucun courriel perdu, un par clé, jamais deux textes sous un Message-ID, et un doublon seulement quand le\n"
        "serveur a accepté sans que nous l'apprenions.",
        **comptes,
    )
