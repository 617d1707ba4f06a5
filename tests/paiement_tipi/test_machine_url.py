"""Par URL, n'importe quelle suite de départs, de POST vrais, faux, doubles ou tardifs, et de décisions du Trésor."""

from collections import defaultdict
from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import urlencode

import factories
import pytest
from django.utils import timezone
from epreuves import consigner
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from factures.argent import en_centimes
from paiement_tipi import services
from paiement_tipi.etats import DE_RESULTAT, ECHECS, JUSTIFIABLES, SANS_RETOUR, SUCCES, EtatPaiement
from paiement_tipi.models import ContratTipi, Paiement, PartPaiement, Transport
from portail.limites import TropDeDemandes
from tests.paiement_tipi.outils_machine import DU_PAPIER, PREMIERS, DeuxFactures, mener

DUREES = [timedelta(), timedelta(minutes=20), SANS_RETOUR, timedelta(days=3), -timedelta(hours=1)]
TRANSPORTS = [Transport.URL_REGIE, Transport.URL_REGIE, Transport.URL_TITRE]
RESULTATS = ["P", "P", "V", "R", "Z", "A", "K"]
EVENEMENTS = [
    *["repartir", "partir_ensemble", "poster", "poster", "confirmer"] * 2,
    *["mentir", "relever", "liberer", "infirmer", "revoquer", "rejeter_apres_coup"],
    "payer_au_comptoir",
    "annuler_une_facture",
]
SUS = {EtatPaiement.DECLARE, EtatPaiement.INFIRME, *JUSTIFIABLES}


class ParUrl(DeuxFactures):
    """Deux factures, ceux qui les paient, ce que PayFiP poste quand il veut, le relevé, et le Trésor."""

    def __init__(self):
        super().__init__()
        self.postes, self.dits, self.vrais, self.confirmes = [], defaultdict(set), set(), set()

    def guichet_de_depart(self):
        return None  # rien n'est demandé à PayFiP

    def obstacles(self, facture):
        return {"REGLEE_EN_PARTIE": not self.groupes and facture.reste_du < facture.montant}

    @initialize(premier=st.sampled_from(PREMIERS), transport=st.sampled_from(TRANSPORTS))
    def premier_depart(self, premier, transport):
        """Une régie groupe ses factures ; un titre part seul, sous sa référence."""
        ContratTipi.objects.update(transport=transport, saisie="A", groupes=True)
        self.groupes = transport == Transport.URL_REGIE
        self.commencer(premier)

    @rule(evenement=st.sampled_from(EVENEMENTS), data=st.data())
    def arrive(self, evenement, data):
        self.vus["evenements"] += 1
        self.temps.shift(data.draw(st.sampled_from(DUREES)))
        getattr(self, evenement)(lambda valeurs: data.draw(st.sampled_from(valeurs)))

    def poster(self, tirer):
        """Un résultat neuf, ou le même encore ; un succès est toujours su, même quand d'autres POST insistent."""
        envoi = (tirer(self.tentatives()).pk, {"RESULTRANS": tirer(RESULTATS), "numauto": str(next(self.rangs))})
        cle, dit = tirer([envoi, *self.postes])
        self.postes.append((cle, dit))
        self.envoyer(cle, dit)
        if DE_RESULTAT.get(dit["RESULTRANS"]) in SUCCES:
            self.vrais.add(cle)
            relu = Paiement.objects.get(pk=cle)
            assert relu.etat in SUS
            assert relu.numauto == dit["numauto"] or relu.anomalie

    def mentir(self, tirer):
        """Un POST forgé ne change l'état de rien ; qui connaît le jeton et tout le reste ne peut que déclarer."""
        paiement = tirer(self.tentatives())
        faux = tirer([{"montant": 100}, {"montant": ""}, {"numcli": "000001"}, {"refdet": "X1"}, {}])
        self.envoyer(
            paiement.pk, {"RESULTRANS": tirer(["P", "P", "V", "A"]), "numauto": f"faux{next(self.rangs)}", **faux}
        )
        relu = Paiement.objects.get(pk=paiement.pk)
        assert relu.etat == paiement.etat or (faux == {} and relu.etat in ECHECS | {EtatPaiement.DECLARE})
        self.vus["faux_posts"] += 1

    def envoyer(self, cle, dit):
        paiement = Paiement.objects.get(pk=cle)
        bon = {"numcli": paiement.numcli, "refdet": paiement.refdet, "saisie": "A"}
        corps = urlencode(bon | {"montant": en_centimes(paiement.montant)} | dit).encode()
        with suppress(TropDeDemandes):
            assert services.recevoir_resultat(jeton=paiement.jeton, requete="", corps=corps)
            self.dits[cle].add(DE_RESULTAT.get(dit["RESULTRANS"]))

    def relever(self, _tirer):
        services.relever(guichet=None, maintenant=timezone.now())

    def confirmer(self, tirer):
        self.decider(tirer(self.tentatives()), recu=True)

    def infirmer(self, tirer):
        """À raison, ou à tort : le fichier du Trésor peut encore le contredire."""
        self.decider(tirer(self.tentatives()), recu=False)

    def decider(self, paiement, *, recu):
        if recu and services.confirmer_declare(paiement=paiement, source="fichier du Trésor"):
            self.confirmes.add(paiement.pk)
        elif not recu and services.infirmer_declare(paiement=paiement, source="infirmé par un agent"):
            self.dits[paiement.pk].add(EtatPaiement.INFIRME)
            self.vus["infirmes"] += 1

    def a_sa_raison(self, paiement, etat, le):
        if etat == EtatPaiement.EXPIRE:
            return le - paiement.envoye_le >= SANS_RETOUR
        return etat not in ECHECS | {EtatPaiement.INFIRME} or etat in self.dits[paiement.pk]

    def doit_etre_encaisse(self, paiement):
        """Par le Trésor seul."""
        return paiement.pk in self.confirmes

    def tout_finit_par_se_savoir(self):
        """Le relevé passe, puis le Trésor dit vrai : tout paiement annoncé est encaissé, et rien d'autre ne retient."""
        self.temps.shift(timedelta(days=8))
        self.relever(None)
        for paiement in self.tentatives():
            self.decider(paiement, recu=paiement.pk in self.vrais)
        assert self.vrais <= self.confirmes
        assert not PartPaiement.objects.filter(facture__in=self.factures, ouverte=True).exists()
        assert not [p for p in self.tentatives() if p.etat == EtatPaiement.DECLARE]
        self.l_argent_est_juste()
        self.chaque_tentative_est_en_regle()
        self.vus["paiements_annonces_vrais"] += len(self.vrais)
        self.vus["confirmes"] += len(self.confirmes)


@pytest.mark.epreuve
def test_par_url_aucune_suite_d_evenements_ne_regle_sans_le_tresor_ni_ne_perd_un_paiement(boe, ada, bob, eau, settings):
    # Si basse que les faux l'atteignent : un succès vrai passe quand même.
    settings.LIMITES = settings.LIMITES | {"notifications": (1, 3600)}
    monde = SimpleNamespace(ada=ada, bob=bob, eau=eau, redevable=factories.redevable(boe, ada, bob))
    mesures = ["paiements_annonces_vrais", "faux_posts", "confirmes", "infirmes"]
    suite = ["departs_groupes", "groupes_refuses", *DU_PAPIER, "rejets_apres_coup"]
    vus = mener(ParUrl, monde, pas=14, mesures=mesures + suite)
    consigner(
        "paiement-url",
        "Le paiement par URL sous n'importe quelle suite d'événements",
        "Deux comptes et le papier, dont le code se révoque ; régie qui groupe ou titre qui part seul, POST vrais,\n"
        "doubles, tardifs, inconnus ou forgés, limite atteinte, abandons, expirations, rejets, annulations, argent\n"
        "au guichet, horloge qui saute, agent qui se trompe : rien n'est réglé sans le Trésor, et tout paiement\n"
        "annoncé finit réglé une fois quand il le confirme, à la somme exacte, accusé une fois à la bonne adresse.",
        suites=vus["suites"],
        evenements=vus["evenements"],
        **{mesure: vus[mesure] for mesure in mesures},
        perdus=0,
        comptes_deux_fois=0,
        **{mesure: vus[mesure] for mesure in suite},
    )
