"""N'importe quelle suite de gestes sur deux lots : toutes leurs factures ou aucune, rien d'annoncé trop tôt."""

import io
from contextlib import contextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from itertools import count, pairwise
from types import SimpleNamespace

import factories
import pytest
from django.db import connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks_db.models import DBTaskResult
from epreuves import AMPLEUR, consigner
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from factures.etats import TRANSITIONS_LOT, Avis, EtatLot, Statut
from factures.models import Facture, LotImport
from factures.services import consulter, encaisser, lots
from portail.models import Courriel, Journal
from tests.factures.outils_imports import ecrire_csv, rangee

FAUTIVE, RANG = "B", 3
# Le premier a une ligne à corriger ; le second redit une des siennes, et en ajoute une d'un autre redevable.
FICHIERS = (
    ecrire_csv(rangee("A"), rangee(FAUTIVE, montant="?"), rangee("C")),
    ecrire_csv(rangee("A"), rangee("D", code_redevable="C2")),
)
REFUS = (lots.LotIndisponible, lots.PublicationImpossible, lots.AnnulationImpossible, lots.DejaDepose)
MORTS = [0, 0, 0, 0, 3, 7, 12, 18, 25, 33, 42]
GESTES = [
    *["travailler"] * 5, *["demander"] * 3, "deposer", "corriger", "corriger", "deprogrammer", "laisser_passer",
    "laisser_passer", "relancer", "defaire", "defaire", "renoncer", "lire", "payer", "lacher",
]  # fmt: skip
FINIS = {EtatLot.A_VERIFIER, EtatLot.PROGRAMME, EtatLot.PUBLIE, EtatLot.ANNULE, EtatLot.REFUSE, EtatLot.ABANDONNE}


class Tue(BaseException):
    """Le processus meurt là : ce qu'il n'avait pas validé n'a pas eu lieu."""


@contextmanager
def mort_subite(ordre):
    """Avant le n-ième ordre SQL ; les points de reprise, qui tiennent lieu de transactions, ne comptent pas."""
    faits = 0

    def compter(execute, sql, params, many, context):
        nonlocal faits
        faits += not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK"))
        if faits == ordre and ordre:
            faits += 1
            context["cursor"].close()  # le serveur ferme ceux d'un mort ; Django, devant une BaseException, non
            raise Tue
        return execute(sql, params, many, context)

    with suppress(Tue), connection.execute_wrapper(compter):
        yield


class DesLots(RuleBasedStateMachine):
    """Une agente, un ouvrier qui peut mourir, une habitante."""

    monde: SimpleNamespace
    publies = defaits = morts = 0

    def __init__(self):
        super().__init__()
        self.essai = transaction.atomic()
        self.essai.__enter__()
        self.rangs, self.touchees = count(1), set()

    def teardown(self):
        try:
            self.tout_finit()
        finally:
            transaction.set_rollback(True)
            self.essai.__exit__(None, None, None)

    @initialize()
    def premiers_depots(self):
        for octets in FICHIERS:
            self._deposer(octets)

    # Une seule règle : hypothesis en écarte au hasard la moitié, et il en faut plusieurs pour une vie entière.
    @rule(geste=st.sampled_from(GESTES), data=st.data())
    def arrive(self, geste, data):
        def tirer(valeurs):
            return data.draw(st.sampled_from(list(valeurs)))

        with suppress(*REFUS):
            getattr(self, geste)(tirer(LotImport.objects.order_by("pk")), tirer)

    def _deposer(self, octets):
        lots.deposer(regie=self.monde.eau, fichier=io.BytesIO(octets), libelle="eau.csv", en_fond=True)

    def deposer(self, _lot, tirer):
        self._deposer(tirer(FICHIERS))

    def travailler(self, _lot, tirer):
        self._travailler(tirer(MORTS))

    def _travailler(self, mort=0):
        """L'ouvrier ; tué, il laisse sa tâche à qui le remplace."""
        fini = False
        with mort_subite(mort):
            while (
                tache := DBTaskResult.objects.filter(task_path__startswith="factures.").order_by("enqueued_at").first()
            ):
                import_string(tache.task_path).func(**tache.args_kwargs["kwargs"])
                tache.delete()
            fini = True
        DesLots.morts += not fini

    def corriger(self, lot, _tirer):
        lots.corriger(lot=lot, corrections={RANG: rangee(FAUTIVE)})

    def demander(self, lot, tirer):
        lot = LotImport.objects.filter(etat=EtatLot.A_VERIFIER).first() or lot
        le = tirer([None, None, timezone.now() + timedelta(hours=1)])
        lots.demander_la_publication(lot=lot, avis=tirer(Avis), malgre_les_rejets=tirer([True, True, False]), le=le)

    def deprogrammer(self, lot, _tirer):
        lots.deprogrammer(lot=lot)

    def laisser_passer(self, _lot, _tirer):
        lots.publier_les_dus(timezone.now() + timedelta(hours=2))

    def relancer(self, lot, _tirer):
        lots.relancer(lot=lot)

    def defaire(self, lot, _tirer):
        lot = LotImport.objects.filter(etat=EtatLot.PUBLIE).last() or lot
        siennes = set(Facture.objects.filter(lot=lot).values_list("uuid", flat=True))
        defait = lots.annuler_publication(lot=lot)
        assert not (defait and siennes & self.touchees)
        DesLots.defaits += defait

    def renoncer(self, lot, _tirer):
        lots.renoncer(lot=lot)

    def lacher(self, lot, _tirer):
        lots.lacher_les_avis(lot=lot)

    def lire(self, _lot, tirer):
        for facture in list(Facture.objects.de(self.monde.ada, chez=self.monde.boe))[: tirer([1, 2])]:
            consulter(facture=facture, usager=self.monde.ada)
            self.touchees.add(facture.uuid)

    def payer(self, _lot, tirer):
        for facture in Facture.objects.filter(statut=Statut.PUBLIEE)[: tirer([0, 1])]:
            origine = f"guichet:{next(self.rangs)}"
            encaisser(facture=facture, montant=Decimal(1), moyen="carte", origine=origine, recu_le=timezone.now())
            self.touchees.add(facture.uuid)

    @invariant()
    def toutes_ou_aucune(self):
        for lot in LotImport.objects.all():
            visibles = Facture.objects.filter(lot=lot, publiee_le__isnull=False).count()
            assert visibles == (lot.bilan["nouvelle"]["nombre"] if lot.etat == EtatLot.PUBLIE else 0)
            brouillons = Facture.objects.filter(lot=lot, publiee_le=None).count()
            assert not brouillons or lot.etat == EtatLot.EN_PUBLICATION

    @invariant()
    def personne_n_est_prevenu_trop_tot_ni_deux_fois(self):
        for lot in LotImport.objects.all():
            avis = Courriel.objects.filter(cle__startswith=f"avis:{lot.pk}:").count()
            assert avis == lot.prevenus <= 1
            assert not avis or (lot.etat in {EtatLot.PUBLIE, EtatLot.ANNULE} and lot.avis == Avis.ENVOYES)

    @invariant()
    def ce_qui_a_ete_vu_ou_paye_reste(self):
        assert Facture.objects.filter(uuid__in=self.touchees, statut=Statut.PUBLIEE).count() == len(self.touchees)

    def tout_pas_est_permis(self):
        etats = set(EtatLot.values)
        for lot in LotImport.objects.all():
            faits = Journal.objects.filter(objet="factures.lotimport", identifiant=str(lot.pk)).order_by("pk")
            pas = [a[4:] for a in faits.values_list("action", flat=True) if a[4:] in etats]
            assert all(EtatLot(vers) in TRANSITIONS_LOT[EtatLot(de)] for de, vers in pairwise(pas))
            assert pas[-1] == lot.etat

    def tout_finit(self):
        """L'ouvrier, vivant : aucun lot ne reste en route, et chaque avis dû est parti."""
        self._travailler()
        for lot in LotImport.objects.all():
            assert lot.etat in FINIS
            DesLots.publies += lot.etat == EtatLot.PUBLIE
            if lot.etat == EtatLot.PUBLIE and lot.avis == Avis.ENVOYES:
                assert lot.prevenus == lots.a_prevenir(lot).count()
        self.toutes_ou_aucune()
        self.personne_n_est_prevenu_trop_tot_ni_deux_fois()
        self.ce_qui_a_ete_vu_ou_paye_reste()
        self.tout_pas_est_permis()


@pytest.mark.epreuve
def test_aucune_suite_de_gestes_ne_publie_a_moitie_n_annonce_trop_tot_ni_ne_defait_le_vu(boe, ada, eau):
    type(ada).objects.filter(pk=ada.pk).update(courriel_confirme_le=timezone.now())
    factories.redevable(boe, ada, source="EAU-SOFT", code="C1", nom="LŒUVRE", prenom="Élodie")
    machine = type("DesLotsIci", (DesLots,), {"monde": SimpleNamespace(boe=boe, ada=ada, eau=eau)})
    DesLots.publies = DesLots.defaits = DesLots.morts = 0
    # Un échec se lit tel quel : le réduire prendrait plusieurs minutes à faire et défaire la base.
    phases = [Phase.explicit, Phase.reuse, Phase.generate]
    suites = 15 * AMPLEUR
    essais = settings(
        max_examples=suites, stateful_step_count=16, deadline=None, derandomize=AMPLEUR == 1, phases=phases
    )
    run_state_machine_as_test(machine, settings=essais)
    assert 0 not in {DesLots.publies, DesLots.defaits, DesLots.morts}  # la machine a bien tout vu
    consigner(
        "lots_machine",
        "N'importe quelle suite de gestes sur deux lots",
        "Toutes les factures d'un lot ou aucune, rien d'annoncé avant la publication, rien de vu ou de payé défait.",
        suites=suites,
        lots_publies=DesLots.publies,
        publications_defaites=DesLots.defaits,
        morts_subites_de_l_ouvrier=DesLots.morts,
    )
