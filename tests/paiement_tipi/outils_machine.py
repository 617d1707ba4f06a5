"""Un PayFiP en mémoire, docile, et ce que les deux machines ont en commun : des milliers de suites sans réseau."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from types import SimpleNamespace
from uuid import UUID

import argent
import factories
import time_machine
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from epreuves import AMPLEUR
from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test

from factures.etats import Empechement, Moyen, Sens, Statut
from factures.etats.explications import EXPLICATIONS
from factures.models import Facture, Reglement
from factures.services import annuler, encaisser, rejeter
from paiement_tipi import services
from paiement_tipi.client import GuichetIndisponible, GuichetRefuse
from paiement_tipi.etats import JUSTIFIABLES, TRANSITIONS, EtatPaiement
from paiement_tipi.models import Paiement, PartPaiement
from paiement_tipi.protocole import Demande, Faute, Lecture
from paiement_tipi.services.groupes import SEULE
from paiement_tipi.valeurs import nettoyer_objet
from portail.models import Courriel
from tests.paiement_tipi.outils_tentatives import formulaire

DEPART = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
INCONNU = "K"
PAYEURS = ["ada", "bob", "papier"]
PREMIERS = ["ada", "ada", "papier", "ensemble"]
DU_PAPIER = ["departs_du_papier", "codes_revoques_refuses", "codes_revoques_pendant_un_paiement"]
MEL = "payeur@exemple.fr"


class Tue(BaseException):
    """Le processus meurt là."""


@dataclass
class Operation:
    demande: Demande
    resultat: str = ""
    date: datetime | None = None
    purgee: bool = False
    dits: dict[str, datetime] = field(default_factory=dict)  # quand chaque résultat l'a été, la première fois


@dataclass
class GuichetDocile:
    """``temps`` : « beau », « panne », « réponse perdue », « processus tué » ou « menteur » (un centime de trop)."""

    temps: str = "beau"
    operations: dict[UUID, Operation] = field(default_factory=dict)

    def creer(self, demande: Demande) -> UUID:
        if self.temps == "panne":
            raise GuichetIndisponible("panne")
        idop = UUID(int=len(self.operations) + 1)
        self.operations[idop] = Operation(demande)
        if self.temps == "réponse perdue":
            raise GuichetIndisponible("réponse perdue")
        if self.temps == "processus tué":
            raise Tue
        return idop

    def lire(self, idop: UUID) -> tuple[Lecture, bytes]:
        if self.temps == "panne":
            raise GuichetIndisponible("panne")
        operation = self.operations.get(idop)
        if operation is None or not operation.resultat:
            code = "P1" if operation is None or operation.purgee else "P5"
            raise GuichetRefuse(Faute(code=code, libelle="", technique=False))
        return self._lecture(idop, operation), b"<reponse/>"

    def _lecture(self, idop: UUID, operation: Operation) -> Lecture:
        demande = operation.demande
        return Lecture(
            idop=str(idop),
            resultat=operation.resultat,
            numcli=demande.numcli,
            refdet=demande.refdet,
            saisie=demande.saisie,
            montant=demande.montant + (self.temps == "menteur"),
            numauto="A55A",
            date=operation.date,
        )

    def conclure(self, idop: UUID, resultat: str) -> None:
        """La personne finit sa page ; seuls un abandon et un code inconnu peuvent devenir autre chose."""
        operation = self.operations[idop]
        if operation.resultat in {"", "A", INCONNU} and not operation.purgee:
            operation.resultat = resultat
            maintenant = timezone.now()
            operation.dits[resultat] = min(maintenant, operation.dits.get(resultat, maintenant))
            operation.date = maintenant.replace(second=0, microsecond=0)

    def preciser(self) -> None:
        """Les codes inconnus se révèlent des paiements."""
        for idop, operation in self.operations.items():
            if operation.resultat == INCONNU:
                self.conclure(idop, "P")

    def purger(self) -> None:
        for operation in self.operations.values():
            operation.purgee = operation.purgee or not operation.resultat


class DeuxFactures(RuleBasedStateMachine):
    """Deux factures d'un foyer : deux comptes et le papier les paient, l'agent, le comptoir, et le temps qui passe."""

    monde: SimpleNamespace
    vus: Counter[str]

    def __init__(self):
        super().__init__()
        self.horloge = time_machine.travel(DEPART, tick=False)
        self.temps = self.horloge.start()
        self.essai = transaction.atomic()
        self.essai.__enter__()
        self.rangs, self.dernier = count(1), formulaire()
        dates = {"date_echeance": None, "date_limite_en_ligne": None}
        self.factures = [factories.facture(self.monde.redevable, self.monde.eau, **dates) for _ in range(2)]
        self.imprimes = {facture.pk: [code_imprime(facture)] for facture in self.factures}

    def teardown(self):
        self.vus["suites"] += 1
        try:
            self.tout_finit_par_se_savoir()
            self.chaque_paiement_a_son_accuse()
        finally:
            transaction.set_rollback(True)
            self.essai.__exit__(None, None, None)
            self.horloge.stop()

    def tentatives(self):
        return list(Paiement.objects.order_by("pk").prefetch_related("parts", "transitions"))

    # Ce qui diffère d'une machine à l'autre.

    groupes = True

    def guichet_de_depart(self):
        raise NotImplementedError

    def issue_d_un_depart(self):
        return "parti"

    def obstacles(self, facture):
        """Ce qui, en plus de son état, doit empêcher de la payer."""
        raise NotImplementedError

    def a_sa_raison(self, paiement, etat, le):
        """Vrai si ce pas, qui peut libérer la facture, répond à ce qui a été dit ou à un délai passé."""
        raise NotImplementedError

    def doit_etre_encaisse(self, paiement):
        raise NotImplementedError

    def tout_finit_par_se_savoir(self):
        raise NotImplementedError

    # Les départs.

    def commencer(self, premier):
        """Par le beau temps ; si les deux ne partent pas ensemble, la première part seule."""
        if premier == "ensemble":
            self.partir_ensemble(premiere)
        if not self.tentatives():
            self.partir("papier" if premier == "papier" else "ada", self.factures[0], premiere)

    def repartir(self, tirer):
        """Quelqu'un part payer une facture, ou renvoie le formulaire d'avant."""
        self.dernier = tirer([self.dernier, formulaire()])
        self.partir(tirer(PAYEURS), tirer(self.factures), tirer)

    def partir(self, qui, facture, tirer):
        """Par son compte, ou par un papier imprimé un jour : révoqué, il ne mène plus nulle part."""
        lue, usager = facture, getattr(self.monde, qui, None)
        if qui == "papier":
            code = tirer(self.imprimes[facture.pk])
            lue = services.facture_du_papier(code)
            assert lue == (facture if code == self.imprimes[facture.pk][-1] else None)
            self.vus["codes_revoques_refuses"] += lue is None
        if lue is not None:
            self.tenter(lue, usager)

    def tenter(self, facture, usager):
        """Elle part si rien ne doit l'empêcher ; sinon le refus dit ce qui l'empêche, et rien ne commence."""
        cause, reste = self.cause(facture), Facture.objects.get(pk=facture.pk).reste_du
        mel = usager.email if usager else MEL
        issue, neuves = self.demarrer(
            lambda: services.demarrer_paiement(
                facture=facture, usager=usager, mel=mel, formulaire=self.dernier, guichet=self.guichet_de_depart()
            )
        )
        if cause:
            assert neuves == []
            assert issue == cause or (issue == "parti" and self.meme_clic(facture, usager))
            return
        [neuve] = neuves
        objet = nettoyer_objet(facture.objet if usager else facture.regie.libelle)
        assert (issue, neuve.usager, neuve.mel, neuve.objet) == (self.issue_d_un_depart(), usager, mel, objet)
        assert [(part.facture_id, part.montant) for part in neuve.parts.all()] == [(facture.pk, reste)]
        self.vus["departs_du_papier"] += usager is None

    def meme_clic(self, facture, usager):
        """Vrai si ce formulaire, de la même personne, vient de mener chez PayFiP."""
        siennes = Paiement.objects.filter(formulaire=self.dernier, usager=usager, parts__facture=facture)
        return siennes.filter(parts__ouverte=True).exists()

    def partir_ensemble(self, tirer):
        """Toutes les deux pour leur reste dû, ou rien, et une phrase dit pourquoi."""
        self.dernier = tirer([self.dernier, formulaire()])
        lues, usager = list(Facture.objects.filter(pk__in=self.imprimes)), getattr(self.monde, tirer(["ada", "bob"]))
        causes = {self.cause(facture) for facture in lues}
        issue, neuves = self.demarrer(
            lambda: services.demarrer_groupe(
                factures=lues, usager=usager, formulaire=self.dernier, vu=sum(f.reste_du for f in lues),
                guichet=self.guichet_de_depart(),
            )
        )  # fmt: skip
        if causes == {""} and self.groupes:
            [neuve] = neuves
            assert (issue, neuve.usager) == (self.issue_d_un_depart(), usager)
            assert {(part.facture_id, part.montant) for part in neuve.parts.all()} == {(f.pk, f.reste_du) for f in lues}
            self.vus["departs_groupes"] += 1
            return
        assert neuves == []
        seules = {str(SEULE)} if "" in causes and not self.groupes else set()
        phrases = {str(EXPLICATIONS[Empechement(cause)].phrase) for cause in causes - {""}} | seules
        assert issue == phrases or (issue == "parti" and any(self.meme_clic(f, usager) for f in lues))
        self.vus["groupes_refuses"] += len(seules)

    def demarrer(self, depart):
        """Parti, ou pourquoi pas ; et la tentative que cela commence."""
        connues = list(Paiement.objects.values_list("pk", flat=True))
        return self.essayer(depart), list(Paiement.objects.exclude(pk__in=connues))

    def essayer(self, depart):
        try:
            depart()
        except services.PaiementImpossible as refus:
            return refus.empechement
        except services.GroupeChange as change:
            return {str(ecartee.raison) for ecartee in change.groupe.ecartees}
        except (GuichetIndisponible, Tue):
            return "guichet"
        return "parti"

    def liberer(self, tirer):
        """N'importe qui peut demander où elle en est ; seul qui l'a ouverte retrouve sa page, et jamais le papier."""
        paiement, qui, maintenant = tirer(self.tentatives()), getattr(self.monde, tirer(["ada", "bob"])), timezone.now()
        guichet = self.guichet_de_depart()
        issue = services.interroger(paiement=paiement, guichet=guichet, cause="demandé", maintenant=maintenant)
        page = services.rouvrir(paiement=paiement, usager=qui, issue=issue, maintenant=maintenant)
        assert page is None or (paiement.usager, paiement.etat) == (qui, EtatPaiement.ENVOYE)

    def cause(self, facture):
        """Ce qui doit empêcher de la payer, sans le SQL qui en décide ; rien si elle se paie."""
        lue = Facture.objects.get(pk=facture.pk)
        retenues = Q(ouverte=True) | Q(paiement__etat=EtatPaiement.DECLARE)
        etats = set(lue.parts.filter(retenues).values_list("paiement__etat", flat=True))
        causes = {
            "ANNULEE": lue.statut == Statut.ANNULEE,
            "DEJA_PAYEE": lue.reste_du == 0,
            "PAIEMENT_DECLARE": EtatPaiement.DECLARE in etats,
            "PAIEMENT_ABANDONNE": EtatPaiement.ABANDON_SIGNALE in etats,
            "PAIEMENT_EN_COURS": etats != set(),
            **self.obstacles(lue),
        }
        return next((cause for cause, vraie in causes.items() if vraie), "")

    # L'agent et le comptoir.

    def revoquer(self, tirer):
        """Le papier s'est perdu, peut-être pendant qu'il sert à payer ; le suivant porte un autre code."""
        facture = tirer(self.factures)
        services.revoquer_le_papier(facture=facture, motif="Perdu")
        assert services.facture_du_papier(self.imprimes[facture.pk][-1]) is None
        self.imprimes[facture.pk].append(code_imprime(Facture.objects.get(pk=facture.pk)))
        pendant = PartPaiement.objects.filter(facture=facture, ouverte=True, paiement__usager=None)
        self.vus["codes_revoques_pendant_un_paiement"] += pendant.exists()

    def rejeter_apres_coup(self, tirer):
        encaisses = Reglement.objects.filter(facture__in=self.factures, sens=Sens.ENCAISSEMENT, reprise__isnull=True)
        encaisses = list(encaisses.order_by("pk"))
        if encaisses:
            rejeter(reglement=tirer(encaisses), motif="Impayé")
            self.vus["rejets_apres_coup"] += 1

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

    # Ce qui est toujours vrai.

    @invariant()
    def l_argent_est_juste(self):
        assert argent.fausses() == []

    @invariant()
    def chaque_tentative_est_en_regle(self):
        """Lues une fois pour tout vérifier : c'est là que passe le temps."""
        toutes, recus = self.tentatives(), defaultdict(list)
        for recu in Reglement.objects.filter(origine__startswith="payfip:").select_related("reprise"):
            recus[recu.origine].append(recu)
        for paiement in toutes:
            self.tout_pas_est_permis(paiement)
            self.chaque_part_est_reglee_une_fois(paiement, recus[f"payfip:{paiement.uuid}"])
        ouvertes = [part.facture_id for paiement in toutes for part in paiement.parts.all() if part.ouverte]
        assert len(ouvertes) == len(set(ouvertes))

    def tout_pas_est_permis(self, paiement):
        """Et rien n'est libéré sans raison : une page ouverte peut encore servir à payer."""
        etat = EtatPaiement.DEMARRE
        for pas in paiement.transitions.all():
            assert (pas.de, pas.vers in TRANSITIONS[etat]) == (etat, True)
            etat = EtatPaiement(pas.vers)
            assert self.a_sa_raison(paiement, etat, pas.le)
        assert paiement.etat == etat
        assert {part.ouverte for part in paiement.parts.all()} == {paiement.est_ouvert}

    def chaque_part_est_reglee_une_fois(self, paiement, recus):
        """À la somme exacte, ou pas du tout ; reprise si la banque est revenue dessus."""
        encaisse = paiement.etat in JUSTIFIABLES
        assert encaisse is self.doit_etre_encaisse(paiement)
        parts = [(part.facture_id, part.montant) for part in paiement.parts.all()] if encaisse else []
        assert sorted((recu.facture_id, recu.montant) for recu in recus) == sorted(parts)
        rejete = paiement.etat == EtatPaiement.REJETE
        assert {hasattr(recu, "reprise") for recu in recus} == ({rejete} if parts else set())

    def chaque_paiement_a_son_accuse(self):
        """Un seul, à l'adresse donnée à PayFiP : celle du compte, ou celle écrite sur la page du papier."""
        for paiement in self.tentatives():
            accuses = Courriel.objects.filter(cle=services.cle_de_l_accuse(paiement))
            attendus = [paiement.mel] if paiement.etat in JUSTIFIABLES else []
            assert list(accuses.values_list("destinataire", flat=True)) == attendus


def code_imprime(facture):
    """Ce que porte le document d'aujourd'hui."""
    return services.adresse_du_papier(facture).rpartition("/")[2]


def premiere(valeurs):
    """Ce que tire un premier départ : le temps est beau, le formulaire neuf."""
    return valeurs[0]


def mener(machine, monde, *, pas, mesures):
    """Joue les suites de cette machine, et rend ce qu'elle a vu : tout, sauf peut-être dans un échantillon."""
    vus = Counter()
    # Un échec se lit tel quel : le réduire prendrait plusieurs minutes à faire et défaire la base.
    phases = [Phase.explicit, Phase.reuse, Phase.generate]
    suites = 15 if AMPLEUR == 1 else 40 * AMPLEUR
    essais = settings(
        max_examples=suites, stateful_step_count=pas, deadline=None, derandomize=AMPLEUR == 1, phases=phases
    )
    run_state_machine_as_test(type(f"{machine.__name__}Ici", (machine,), {"monde": monde, "vus": vus}), settings=essais)
    assert vus["suites"] >= suites
    manquent = [mesure for mesure in mesures[: 1 if AMPLEUR == 1 else None] if not vus[mesure]]
    assert manquent == [], manquent
    return vus
