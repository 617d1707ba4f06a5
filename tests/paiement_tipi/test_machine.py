"""N'importe quelle suite d'événements : un paiement ne se perd pas, ne compte pas deux fois, et tout pas est permis."""

from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

import factories
import pytest
from django.db import transaction
from django.utils import timezone
from epreuves import consigner
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from paiement_tipi import services
from paiement_tipi.client import GuichetIndisponible
from paiement_tipi.etats import (
    ABANDON_CONFIRME,
    DE_RESULTAT,
    DEFINITIFS,
    ENCAISSES,
    OUVERTS,
    PAGE_OUVERTE,
    RETOURS,
    SANS_RESULTAT,
    TRANSITIONS,
    EtatPaiement,
)
from paiement_tipi.models import ContratTipi, CoupurePayfip, Paiement, PartPaiement
from paiement_tipi.services.disjoncteur import GuichetProtege, en_coupure
from paiement_tipi.services.transitions import passer
from paiement_tipi.tasks import constater_paiement
from portail import limites
from tests.paiement_tipi.outils_machine import DEPART, DU_PAPIER, INCONNU, PREMIERS, DeuxFactures, GuichetDocile, mener
from tests.paiement_tipi.outils_tentatives import formulaire

# L'horloge recule aussi : un serveur remis à l'heure.
DUREES = [timedelta(minutes=minutes) for minutes in (0, 2, 15, 120, 2 * 24 * 60, -60)]
TEMPS_DU_DEPART = ["beau", "beau", "beau", "panne", "réponse perdue", "processus tué"]
TEMPS_DU_CONSTAT = ["beau", "beau", "beau", "panne", "menteur"]
RESULTATS = ["P", "P", "P", "V", "V", "R", "Z", "A", "A", INCONNU]
EVENEMENTS = [
    *["repartir", "partir_ensemble", "finir_au_guichet", "constater", "relever"] * 3,
    *["notifier", "liberer", "revoquer", "revoquer", "rejeter_apres_coup", "tomber"],
    *["payer_au_comptoir", "trancher"],
    "annuler_une_facture",
]
CODES = {EtatPaiement.PAYE: {"P"}, EtatPaiement.PRELEVE: {"V"}, EtatPaiement.REJETE: {"P", "V"}}


class ParLeServiceWeb(DeuxFactures):
    """Deux factures, ceux qui les paient, et un PayFiP qu'on interroge : en panne, menteur, lent à savoir."""

    def __init__(self):
        super().__init__()
        self.guichet = self.monde.guichet = GuichetDocile()
        self.confirmes: set[UUID] = set()

    def guichet_de_depart(self):
        return services.guichet(personne=True)

    def issue_d_un_depart(self):
        return "parti" if self.guichet.temps == "beau" else "guichet"

    def obstacles(self, _facture):
        """Une coupure, tant qu'un relevé n'a pas manqué son tour."""
        essais = CoupurePayfip.objects.filter(finie_le=None).values_list("essayee_le", flat=True)
        return {"GUICHET_EN_PANNE": any(timezone.now() - essai < timedelta(minutes=6) for essai in essais)}

    def envoyees(self):
        return [p for p in self.tentatives() if p.idop]

    @initialize(premier=st.sampled_from(PREMIERS))
    def premier_depart(self, premier):
        self.commencer(premier)

    # Une seule règle : hypothesis en écarte au hasard la moitié, et il en faut plusieurs pour un paiement entier.
    @rule(evenement=st.sampled_from(EVENEMENTS), data=st.data())
    def arrive(self, evenement, data):
        self.vus["evenements"] += 1
        getattr(self, evenement)(lambda valeurs: data.draw(st.sampled_from(valeurs)))

    def repartir(self, tirer):
        self.guichet.temps = tirer(TEMPS_DU_DEPART)
        super().repartir(tirer)

    def partir_ensemble(self, tirer):
        self.guichet.temps = tirer(TEMPS_DU_DEPART)
        super().partir_ensemble(tirer)

    def finir_au_guichet(self, tirer):
        """Ce que le Trésor a confirmé est payé : PayFiP n'en dira que cela."""
        idop = tirer([p.idop for p in self.envoyees()])
        self.guichet.conclure(idop, "P" if idop in self.confirmes else tirer(RESULTATS))

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
        super().liberer(tirer)

    def relever(self, tirer):
        self.laisser_passer(tirer)
        guichet = services.guichet(personne=False)
        tirer([services.rapprocher, services.relever])(guichet=guichet, maintenant=timezone.now())

    def trancher(self, tirer):
        """PayFiP répond un code que nous ne connaissons pas ; un agent, le relevé sous les yeux, décide plus tard."""
        idop = tirer([p.idop for p in self.envoyees()])
        self.guichet.temps = "beau"
        self.guichet.conclure(idop, "P" if idop in self.confirmes else INCONNU)
        services.relever(guichet=services.guichet(personne=False), maintenant=timezone.now())
        self.temps.shift(tirer([timedelta(hours=23), timedelta(days=2)]))
        self.guichet.purger()
        paiement = Paiement.objects.get(idop=idop)
        recu = self.guichet.operations[idop].resultat in {INCONNU, "P"}
        decider = services.confirmer_declare if recu and tirer([True, False]) else services.infirmer_declare
        douteux = paiement.anomalie != ""
        if decider(paiement=paiement, source="décidé par un agent"):
            assert (douteux, timezone.now() - paiement.envoye_le >= timedelta(days=1)) == (True, True)
            self.confirmes |= {idop} if paiement.etat in ENCAISSES else set()
            self.vus["anomalies_tranchees"] += 1

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

    def a_sa_raison(self, paiement, etat, le):
        operation = self.guichet.operations.get(paiement.idop)
        if etat == EtatPaiement.EXPIRE:
            return le - paiement.envoye_le >= (PAGE_OUVERTE if operation.purgee else SANS_RESULTAT)
        if etat == EtatPaiement.ABANDONNE:  # un P peut suivre un A de près
            signales = [pas.le for pas in paiement.transitions.all() if pas.vers == EtatPaiement.ABANDON_SIGNALE]
            return le - min([operation.dits["A"], *signales]) >= ABANDON_CONFIRME
        return etat != EtatPaiement.REFUSE or not {"R", "Z"}.isdisjoint(operation.dits)

    def doit_etre_encaisse(self, paiement):
        """Vrai dès que nous l'avons lu : jamais sans que PayFiP l'ait dit."""
        if paiement.etat not in CODES:
            return False
        if paiement.idop in self.confirmes:
            return True
        return self.guichet.operations[paiement.idop].resultat in CODES[paiement.etat]

    def tout_finit_par_se_savoir(self):
        """Le relevé seul, PayFiP revenu : tout paiement fait est encaissé, et rien ne retient plus une facture."""
        self.guichet.temps = "beau"
        self.guichet.preciser()
        for _semaine in range(3):
            self.temps.shift(timedelta(days=8))
            services.relever(guichet=services.guichet(personne=False), maintenant=timezone.now())
            services.comparer(guichet=services.guichet(personne=False), maintenant=timezone.now())
        for paiement in self.envoyees():
            resultat = self.guichet.operations[paiement.idop].resultat
            attendu = DE_RESULTAT.get(resultat, EtatPaiement.EXPIRE)
            if paiement.etat == EtatPaiement.INFIRME:  # un agent a vu juste
                attendu = EtatPaiement.INFIRME if attendu not in ENCAISSES else attendu
            rejete = paiement.etat == EtatPaiement.REJETE and resultat in CODES[paiement.etat]
            assert paiement.etat == attendu or rejete
            self.vus["paiements_faits"] += attendu in ENCAISSES
        assert not PartPaiement.objects.filter(facture__in=self.factures, ouverte=True).exists()
        assert not en_coupure()
        self.l_argent_est_juste()
        self.chaque_tentative_est_en_regle()


@pytest.mark.sqlite
@pytest.mark.epreuve
def test_aucune_suite_d_evenements_ne_perd_ni_ne_double_un_paiement(boe, ada, bob, eau, monkeypatch):
    monkeypatch.setattr("paiement_tipi.services.demarrage.PAUSE_SECONDES", 0)
    ContratTipi.objects.update(groupes=True)
    monde = SimpleNamespace(ada=ada, bob=bob, eau=eau, redevable=factories.redevable(boe, ada, bob))
    protege = lambda *, personne: GuichetProtege(monde.guichet, insistant=not personne)  # noqa: E731
    monkeypatch.setattr(services, "guichet", protege)
    mesures = ["paiements_faits", "departs_groupes", *DU_PAPIER, "rejets_apres_coup", "coupures", "anomalies_tranchees"]
    vus = mener(ParLeServiceWeb, monde, pas=12, mesures=mesures)
    consigner(
        "paiement",
        "Le paiement sous n'importe quelle suite d'événements",
        "Deux comptes et le papier, dont le code se révoque ; départs seuls ou groupés, double clics, retours,\n"
        "notifications en double, relevés, abandons, codes inconnus, expirations, succès tardifs, rejets,\n"
        "annulations, argent au guichet, horloge qui saute, PayFiP en panne, menteur ou coupé, processus tué : chaque\n"
        "paiement fait chez PayFiP est réglé ici une fois, à la somme exacte, et accusé une fois à la bonne adresse.",
        suites=vus["suites"],
        evenements=vus["evenements"],
        paiements_faits=vus["paiements_faits"],
        perdus=0,
        comptes_deux_fois=0,
        **{mesure: vus[mesure] for mesure in mesures[1:]},
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
