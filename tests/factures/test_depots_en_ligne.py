"""Un fichier de règlements qui redit des paiements en ligne : il les confirme, sans rien compter deux fois."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from types import SimpleNamespace

import argent
import factories
import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from epreuves import AMPLEUR
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from factures.etats import Moyen
from factures.etats.depots import ENREGISTRABLES
from factures.models import ConfirmationReglement, DepotReglements, Ecart, Facture, LigneDepot, Reglement
from factures.services import depots, encaisser, rapprochement, rejeter
from factures.services.depots import enregistrement
from paiement_tipi import services as payfip
from paiement_tipi.models import ContratTipi, Paiement
from portail.models import Courriel
from tests.factures.test_depots import courses, deposer, ligne, solde, sorts
from tests.paiement_tipi.outils_courses import RendezVous, avant, ensemble, sans_verrous
from tests.paiement_tipi.outils_machine import GuichetDocile
from tests.paiement_tipi.outils_tentatives import constater, demarrer, empechement, formulaire

LE_15 = datetime(2026, 6, 15, 8, tzinfo=UTC)
JOUR = timedelta(days=1)


@pytest.fixture(autouse=True)
def le_temps():
    with time_machine.travel(LE_15, tick=False) as temps:
        yield temps


@pytest.fixture
def factures(boe, ada, eau):
    redevable = factories.redevable(boe, ada)
    dates = {"date_echeance": None, "date_limite_en_ligne": None}
    return [factories.facture(redevable, eau, numero=f"F{n}", **dates) for n in range(3)]


@pytest.fixture
def payer(ada):
    """``payer(facture…)`` : en une fois, par carte (P) ou prélèvement (V), constaté."""
    guichet = GuichetDocile()

    def _payer(*siennes, resultat="P"):
        guichet.temps = "beau"
        paiement = partir(siennes, ada, guichet)
        guichet.conclure(paiement.idop, resultat)
        constater(paiement, timezone.now(), guichet)
        return paiement

    return _payer


@pytest.fixture
def declarer(ada):
    """``declarer(facture…)`` : par URL, annoncé par PayFiP, sans preuve."""

    def _declarer(*siennes, etat="declare"):
        ContratTipi.objects.update(transport="url-regie", saisie="A")
        paiement = partir(siennes, ada, GuichetDocile())
        return annoncer(paiement, etat)

    return _declarer


def annoncer(paiement, etat="declare"):
    """PayFiP poste un succès, que rien ne signe."""
    paiement.etat, paiement.resultat, paiement.date_payfip = etat, "P", timezone.now()
    paiement.save(update_fields=["etat", "resultat", "date_payfip"])
    paiement.parts.update(ouverte=False)
    return paiement


def partir(factures, usager, guichet):
    if len(factures) == 1:
        return demarrer(Facture.objects.get(pk=factures[0].pk), usager, guichet=guichet)
    ContratTipi.objects.update(groupes=True)
    lues = list(Facture.objects.filter(pk__in=[f.pk for f in factures]))
    vu = sum(f.reste_du for f in lues)
    payfip.demarrer_groupe(factures=lues, usager=usager, formulaire=formulaire(), vu=vu, guichet=guichet)
    return Paiement.objects.latest("pk")


def cb(numero="F0", montant="243,11", moyen="carte", jour="15/06/2026", bordereau="DFT-06"):
    return ligne(numero, montant, moyen, bordereau, jour)


def confirmes():
    return [c.reglement.facture.numero for c in ConfirmationReglement.objects.order_by("reglement__facture__numero")]


def ecarts(etat="ouvert"):
    lus = Ecart.objects.filter(etat=etat).order_by("pk")
    return [(e.genre, e.source, str(e.montant_ici), str(e.montant_la_bas), e.facture.numero) for e in lus]


def relu(objet):
    return type(objet).objects.get(pk=objet.pk)


# Déjà payé en ligne.


@pytest.mark.sqlite
@pytest.mark.parametrize("moyen", ["carte", "prelevement", "virement", "tresor"])
def test_la_ligne_d_un_paiement_en_ligne_le_confirme_sans_rien_ajouter(eau, factures, payer, moyen):
    payer(factures[0])
    depot = deposer(eau, cb(moyen=moyen))
    [(sort, surplus, phrase)] = sorts(depot)
    assert (sort, surplus) == ("en-ligne", "0.00")
    assert phrase == "Payée en ligne le 15/06/2026 : la ligne le confirme, rien n'est compté deux fois."
    assert [depots.enregistrer(depot=depot) for _ in range(2)] == [True, False]
    assert (solde(factures[0]), Reglement.objects.count(), confirmes()) == (("0.00", "0.00"), 1, ["F0"])
    confirmation = ConfirmationReglement.objects.get()
    assert (confirmation.depot, confirmation.jour, LigneDepot.objects.get().reglement) == (
        depot, LE_15.date(), confirmation.reglement,
    )  # fmt: skip


@pytest.mark.parametrize("moyen", ["especes", "cheque"])
def test_un_moyen_du_guichet_n_est_jamais_un_paiement_en_ligne(eau, factures, payer, moyen):
    payer(factures[0])
    assert [(s, d) for s, d, _m in sorts(deposer(eau, cb(moyen=moyen)))] == [("trop-percu", "243.11")]


@pytest.mark.parametrize(
    ("jours", "sort"), [(-15, "en-ligne"), (15, "en-ligne"), (16, "trop-percu"), (-16, "trop-percu")]
)
def test_au_dela_du_delai_d_un_prelevement_c_est_un_autre_paiement(eau, factures, payer, le_temps, jours, sort):
    payer(factures[0], resultat="V")
    le_temps.shift(20 * JOUR)
    assert sorts(deposer(eau, cb(moyen="prelevement", jour=f"{LE_15 + jours * JOUR:%d/%m/%Y}")))[0][0] == sort


def test_le_jour_d_un_paiement_est_celui_de_la_commune(eau, factures, payer, le_temps):
    le_temps.move_to(datetime(2026, 6, 15, 22, 30, tzinfo=UTC))  # le 16 à Boé
    payer(factures[0])
    assert "le 16/06/2026" in sorts(deposer(eau, cb()))[0][2]


def test_deux_lignes_et_un_seul_paiement_la_seconde_est_un_trop_percu(eau, factures, payer):
    payer(factures[0])
    depot = deposer(eau, cb(bordereau="TPE"), cb(), cb())
    assert [(s, d) for s, d, _m in sorts(depot)] == [("en-ligne", "0.00"), ("trop-percu", "243.11"), ("deja", "0.00")]
    depots.enregistrer(depot=depot)
    assert solde(factures[0]) == ("0.00", "243.11")


@pytest.mark.sqlite
def test_la_meme_ligne_dans_un_autre_fichier_ne_dit_plus_rien_et_une_autre_est_de_l_argent(eau, factures, payer):
    payer(factures[0])
    depots.enregistrer(depot=deposer(eau, cb()))
    suite = deposer(eau, cb(), cb(jour="16/06/2026"), cb("F1"))
    assert [s for s, _d, _m in sorts(suite)] == ["deja", "fautive", "rapproche"]
    with time_machine.travel(LE_15 + 2 * JOUR, tick=False):
        depots.relire(depot=suite)
        assert [s for s, _d, _m in sorts(suite)] == ["deja", "trop-percu", "rapproche"]


def test_un_reglement_deja_confirme_par_un_agent_est_reconnu_et_une_seule_fois(eau, boe, factures, payer, le_temps):
    payer(factures[0], resultat="V")
    le_temps.shift(15 * JOUR)
    rapprochement.suivre(collectivite=boe, maintenant=timezone.now())
    rapprochement.confirmer(ecart=Ecart.objects.get())
    depot = deposer(eau, cb(moyen="prelevement", jour="18/06/2026"))
    assert (sorts(depot)[0][0], depots.enregistrer(depot=depot)) == ("en-ligne", True)
    assert (Reglement.objects.count(), confirmes(), ConfirmationReglement.objects.get().depot) == (1, ["F0"], None)
    assert sorts(deposer(eau, cb(moyen="prelevement", jour="19/06/2026")))[0][0] == "trop-percu"


def test_un_prelevement_qui_alertait_ne_le_fait_plus_et_alerte_de_nouveau_si_le_fichier_est_annule(
    eau, boe, factures, payer, le_temps
):
    payer(factures[0], resultat="V")
    le_temps.shift(15 * JOUR)
    rapprochement.suivre(collectivite=boe, maintenant=timezone.now())
    depot = deposer(eau, cb(moyen="prelevement", jour="18/06/2026"))
    depots.enregistrer(depot=depot)
    rapprochement.suivre(collectivite=boe, maintenant=timezone.now())
    assert (ecarts(), ecarts("regle")[0][:2]) == ([], ("prelevement", "portail"))
    assert depots.annuler(depot=depot, motif="Mauvais fichier") is True
    rapprochement.suivre(collectivite=boe, maintenant=timezone.now())
    assert (ecarts(), confirmes()) == ([("prelevement", "portail", "243.11", "0.00", "F0")], [])
    assert (solde(factures[0]), Reglement.objects.count()) == (("0.00", "0.00"), 1)
    # Le bon fichier revient.
    suite = deposer(eau, cb(moyen="prelevement", jour="18/06/2026"))
    assert (sorts(suite)[0][0], depots.enregistrer(depot=suite)) == ("en-ligne", True)
    rapprochement.suivre(collectivite=boe, maintenant=timezone.now())
    assert (ecarts(), confirmes()) == ([], ["F0"])


@pytest.mark.sqlite
def test_un_paiement_de_plusieurs_factures_a_une_ligne_par_facture(eau, factures, payer):
    payer(*factures[:2])
    depot = deposer(eau, cb("F1"), cb("F0"), cb("F2"))
    assert [s for s, _d, _m in sorts(depot)] == ["en-ligne", "en-ligne", "rapproche"]
    depots.enregistrer(depot=depot)
    assert ([solde(f) for f in factures], confirmes()) == ([("0.00", "0.00")] * 3, ["F0", "F1"])


def test_enregistrer_un_apercu_d_avant_le_paiement_le_fait_revoir(eau, factures, payer):
    depot = deposer(eau, cb())
    assert sorts(depot)[0][0] == "rapproche"
    payer(factures[0])
    with pytest.raises(depots.DepotIndisponible, match="vient d'être refait"):
        depots.enregistrer(depot=depot)
    assert sorts(depot)[0][0] == "en-ligne"


# Annoncé par PayFiP, sans preuve.


@pytest.mark.sqlite
def test_la_ligne_d_un_paiement_annonce_le_prouve_et_il_ne_se_confirme_plus(eau, factures, declarer):
    paiement = declarer(factures[0])
    depot = deposer(eau, cb())
    [(sort, surplus, phrase)] = sorts(depot)
    assert (sort, surplus) == ("declare", "0.00")
    assert phrase == "PayFiP avait annoncé ce paiement le 15/06/2026 : la ligne le prouve, il est encaissé."
    assert [depots.enregistrer(depot=depot) for _ in range(2)] == [True, False]
    assert (relu(paiement).etat, solde(factures[0]), confirmes()) == ("paye", ("0.00", "0.00"), ["F0"])
    assert Courriel.objects.get(sorte="paiement").destinataire == "ada@exemple.fr"
    assert paiement.transitions.last().cause == "fichier « reglements.csv »"
    assert payfip.confirmer_declare(paiement=paiement, source="confirmé par un agent") is False
    assert (solde(factures[0]), empechement(factures[0])) == (("0.00", "0.00"), "DEJA_PAYEE")


@pytest.mark.parametrize("etat", ["envoye", "expire", "infirme"])
def test_une_tentative_que_rien_n_annonce_n_est_pas_ce_que_dit_le_guichet(eau, factures, declarer, etat):
    paiement = declarer(factures[0], etat=etat)
    depots.enregistrer(depot=deposer(eau, cb()))
    assert (relu(paiement).etat, Reglement.objects.get().origine[:5]) == (etat, "recu:")


def test_un_paiement_annonce_de_plusieurs_factures_s_encaisse_en_entier_meme_d_une_ligne(eau, factures, declarer):
    declarer(*factures[:2])
    depot = deposer(eau, cb("F1"))
    assert sorts(depot)[0][2].endswith("il est encaissé. Il paie aussi 1 autre facture.")
    depots.enregistrer(depot=depot)
    assert ([solde(f)[0] for f in factures], confirmes()) == (["0.00", "0.00", "243.11"], ["F1"])
    suite = deposer(eau, cb("F0"), cb("F1"))
    assert [s for s, _d, _m in sorts(suite)] == ["en-ligne", "deja"]
    depots.enregistrer(depot=suite)
    assert ([solde(f) for f in factures[:2]], confirmes()) == ([("0.00", "0.00")] * 2, ["F0", "F1"])


def test_toutes_les_lignes_d_un_paiement_annonce_groupe_dans_un_fichier(eau, factures, declarer):
    declarer(*factures)
    depot = deposer(eau, *[cb(f"F{n}") for n in range(3)], ligne("F2", "5", "especes", "", "15/06/2026"))
    assert [(s, d) for s, d, _m in sorts(depot)] == [("declare", "0.00")] * 3 + [("trop-percu", "5.00")]
    depots.enregistrer(depot=depot)
    assert [solde(f) for f in factures] == [("0.00", "0.00")] * 2 + [("0.00", "5.00")]
    assert (confirmes(), Courriel.objects.filter(sorte="paiement").count()) == (["F0", "F1", "F2"], 1)


def test_confirme_par_un_agent_depuis_l_apercu_il_est_a_revoir(eau, factures, declarer):
    paiement = declarer(factures[0])
    depot = deposer(eau, cb())
    payfip.confirmer_declare(paiement=paiement, source="confirmé par un agent")
    with pytest.raises(depots.DepotIndisponible, match="vient d'être refait"):
        depots.enregistrer(depot=depot)
    assert (sorts(depot)[0][0], Reglement.objects.count()) == ("en-ligne", 1)


def test_annuler_laisse_le_paiement_encaisse_et_demande_ce_qu_il_est_devenu(eau, boe, factures, declarer):
    paiement = declarer(factures[0])
    depot = deposer(eau, cb())
    depots.enregistrer(depot=depot)
    assert depots.annuler(depot=depot, motif="Mauvais fichier") is True
    assert (relu(paiement).etat, solde(factures[0])) == ("paye", ("0.00", "0.00"))
    assert (confirmes(), ecarts()) == ([], [("manque-la-bas", "portail", "243.11", "0.00", "F0")])
    suite = deposer(eau, cb())
    assert (sorts(suite)[0][0], depots.enregistrer(depot=suite)) == ("en-ligne", True)
    rapprochement.suivre(collectivite=boe, maintenant=timezone.now())
    assert (ecarts(), confirmes(), Reglement.objects.count()) == ([], ["F0"], 1)


# Une autre somme.


@pytest.mark.sqlite
def test_une_autre_somme_est_un_ecart_que_tranche_un_agent(eau, boe, factures, payer):
    payer(factures[0])
    depot = deposer(eau, cb(montant="234,11"), ligne("F0", "9", "especes", "", "15/06/2026"))
    [(sort, surplus, phrase), (autre, *_)] = sorts(depot)
    assert (sort, surplus, autre) == ("a-trancher", "0.00", "trop-percu")
    debut = "Payée en ligne 243,11 € le 15/06/2026"
    assert phrase.replace("\xa0", " ") == f"{debut} : rien n'est encaissé, vous direz ce qu'est cette autre somme."
    depots.enregistrer(depot=depot)
    assert (solde(factures[0]), ecarts()) == (("0.00", "9.00"), [("montant", "fichier", "243.11", "234.11", "F0")])
    # Le vrai arrive, dans un fichier qui redit l'autre : l'écart reste à trancher, et ne se double pas.
    suite = deposer(eau, cb(montant="234,11"), cb())
    assert [s for s, _d, _m in sorts(suite)] == ["deja", "en-ligne"]
    depots.enregistrer(depot=suite)
    rapprochement.suivre(collectivite=boe, maintenant=timezone.now())
    assert (len(ecarts()), confirmes()) == (1, ["F0"])
    rapprochement.enregistrer_le_manquant(ecart=Ecart.objects.get(), moyen="carte")
    assert solde(factures[0]) == ("0.00", "243.11")
    assert sorts(deposer(eau, cb(montant="234,11"), ""))[0][0] == "deja"


def test_une_autre_somme_que_l_annoncee_ne_confirme_rien(eau, factures, declarer):
    paiement = declarer(factures[0])
    depot = deposer(eau, cb(montant="200"))
    assert sorts(depot)[0][2].startswith("PayFiP a annoncé 243,11")
    depots.enregistrer(depot=depot)
    assert (relu(paiement).etat, ecarts()) == ("declare", [("manque-ici", "fichier", "0.00", "200.00", "F0")])


def test_la_somme_exacte_passe_avant_l_autre_quel_que_soit_l_ordre(eau, factures, payer):
    payer(factures[0])
    for lignes in ((cb(montant="3"), cb()), (cb(), cb(montant="3"))):
        assert sorted(s for s, _d, _m in sorts(deposer(eau, *lignes))) == ["en-ligne", "trop-percu"]


def test_un_paiement_rejete_par_la_banque_ne_revient_pas_par_le_releve(eau, factures, payer):
    payer(factures[0], resultat="V")
    rejeter(reglement=Reglement.objects.get(), motif="Provision")
    depot = deposer(eau, cb(moyen="prelevement"))
    assert (sorts(depot)[0][0], "puis rejetée" in sorts(depot)[0][2]) == ("a-trancher", True)
    depots.enregistrer(depot=depot)
    assert (solde(factures[0])[0], ecarts()) == ("243.11", [("manque-ici", "fichier", "0.00", "243.11", "F0")])
    payer(factures[0])  # payée de nouveau : une ligne pour chacun
    assert [s for s, _d, _m in sorts(deposer(eau, cb(moyen="prelevement"), cb()))] == ["deja", "en-ligne"]


def test_annuler_efface_les_ecarts_ouverts_et_garde_ceux_qu_un_agent_a_tranches(eau, factures, payer):
    for facture in factures[:2]:
        payer(facture)
    depot = deposer(eau, cb(montant="1"), cb("F1", "2"))
    depots.enregistrer(depot=depot)
    rapprochement.classer(ecart=Ecart.objects.get(facture=factures[0]), motif="Erreur de saisie")
    depots.annuler(depot=depot, motif="x")
    assert (ecarts(), [e[4] for e in ecarts("classe")]) == ([], ["F0"])
    depots.enregistrer(depot=deposer(eau, cb(montant="1"), cb("F1", "2")))
    assert [e[4] for e in ecarts()] == ["F1"]  # ce qui est classé ne revient pas


# Coûts, courses, hasard.


@pytest.mark.sqlite
@pytest.mark.parametrize("nombre", [1, 30])
def test_confirmer_coute_autant_pour_une_ligne_que_pour_trente(boe, ada, eau, nombre, django_assert_max_num_queries):
    redevable = factories.redevable(boe, ada)
    for n in range(nombre):
        sienne = factories.facture(redevable, eau, numero=f"N{n}")
        encaisser(facture=sienne, montant=sienne.montant, moyen=Moyen.CARTE, origine=f"payfip:{n}", recu_le=LE_15)
    with django_assert_max_num_queries(12):
        depot = deposer(eau, *[cb(f"N{n}") for n in range(nombre)])
    with django_assert_max_num_queries(24):
        depots.enregistrer(depot=depot)
    with django_assert_max_num_queries(22):
        depots.annuler(depot=depot, motif="x")
    assert Facture.objects.filter(reste_du=0).count() == nombre


def deux_fichiers(eau, monkeypatch, *, verrou):
    """Deux agents enregistrent à la même seconde deux fichiers qui redisent le même paiement."""
    deux = [deposer(eau, cb()), deposer(eau, cb(), "")]
    avant(monkeypatch, enregistrement, "passer", RendezVous(2, verrou=verrou).attendre)
    return ensemble(*[lambda d=d: depots.enregistrer(depot=relu(d)) for d in deux])


@pytest.mark.parametrize("verrous", [True, False], ids=["verrous", "index unique seul"])
@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@courses
def test_un_paiement_redit_par_deux_fichiers_a_la_meme_seconde_est_confirme_une_fois(
    eau, factures, payer, monkeypatch, verrous
):
    payer(factures[0])
    if not verrous:
        sans_verrous(monkeypatch)
    issues = deux_fichiers(eau, monkeypatch, verrou=True)
    assert sorted(type(issue).__name__ for issue in issues) == ["DepotIndisponible", "bool"]
    assert (solde(factures[0]), confirmes()) == (("0.00", "0.00"), ["F0"])


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@courses
def test_un_paiement_annonce_confirme_par_un_agent_et_par_le_fichier_a_la_meme_seconde(
    eau, factures, declarer, monkeypatch
):
    paiement = declarer(*factures[:2])
    depot = deposer(eau, cb("F1"), cb("F0"))
    avant(monkeypatch, enregistrement, "resolder", RendezVous(2, verrou=True).attendre)

    def par_l_agent():
        return payfip.confirmer_declare(paiement=relu(paiement), source="confirmé par un agent")

    issues = ensemble(lambda: depots.enregistrer(depot=relu(depot)), par_l_agent)
    assert [i for i in issues if isinstance(i, bool)].count(True) == 1
    assert [solde(f) for f in factures[:2]] == [("0.00", "0.00")] * 2


class DesReleves(RuleBasedStateMachine):
    """On paie en ligne, annoncé ou non, et au terminal du guichet ; l'agent dépose des bouts du relevé, et annule."""

    monde: SimpleNamespace

    def __init__(self):
        super().__init__()
        self.horloge = time_machine.travel(LE_15, tick=False)
        self.temps = self.horloge.start()
        self.essai = transaction.atomic()
        self.essai.__enter__()
        self.rangs, self.releve, self.total, self.guichet = count(1), [], Decimal(0), GuichetDocile()
        dates = {"date_echeance": None, "date_limite_en_ligne": None}
        ici = self.monde
        self.siennes = [factories.facture(ici.redevable, ici.eau, numero=f"F{n}", **dates) for n in range(2)]

    def teardown(self):
        try:
            self.tout_le_releve_solde_chaque_facture_une_fois()
        finally:
            transaction.set_rollback(True)
            self.essai.__exit__(None, None, None)
            self.horloge.stop()

    @rule(geste=st.sampled_from(["payer", "payer", "declarer", "au_guichet", "deposer", "deposer", "annuler",
                                 "trancher"]), data=st.data())  # fmt: skip
    def arrive(self, geste, data):
        self.temps.shift(data.draw(st.sampled_from([0, 1])) * JOUR)
        getattr(self, geste)(lambda valeurs: data.draw(st.sampled_from(list(valeurs))))

    def verser(self, facture, montant):
        """La banque : chaque somme une fois, sous son bordereau."""
        jour = f"{timezone.now():%d/%m/%Y}"
        self.releve.append(cb(facture.numero, str(montant), jour=jour, bordereau=f"DFT-{next(self.rangs)}"))
        self.total += montant

    def partir(self, tirer, transport, saisie):
        ContratTipi.objects.update(transport=transport, saisie=saisie)
        payables = [f for f in self.siennes if empechement(f) == ""]
        return partir(tirer([*[[f] for f in payables], payables]), self.monde.ada, self.guichet) if payables else None

    def payer(self, tirer):
        if paiement := self.partir(tirer, "service-web", "W"):
            self.guichet.conclure(paiement.idop, tirer("PV"))
            constater(paiement, timezone.now(), self.guichet)
            self.verser_les_parts(paiement)

    def declarer(self, tirer):
        if paiement := self.partir(tirer, "url-regie", "A"):
            self.verser_les_parts(annoncer(paiement))

    def verser_les_parts(self, paiement):
        for part in paiement.parts.select_related("facture"):
            self.verser(part.facture, part.montant)

    def au_guichet(self, tirer):
        self.verser(tirer(self.siennes), tirer([Decimal("43.11"), Decimal("243.11")]))

    def deposer(self, tirer):
        debut = tirer(range(len(self.releve) + 1))
        self.enregistrer(self.releve[debut:][:: tirer([1, -1])])

    def enregistrer(self, lignes):
        depot = deposer(self.monde.eau, *lignes, *[""] * next(self.rangs))
        if depot.lignes.filter(sort__in=ENREGISTRABLES).exists():
            assert depots.enregistrer(depot=depot)

    def annuler(self, tirer):
        if enregistres := list(DepotReglements.objects.filter(etat="enregistre")):
            assert depots.annuler(depot=tirer(enregistres), motif="Mauvais fichier")

    def trancher(self, _tirer):
        for ecart in Ecart.objects.filter(etat="ouvert", source="fichier"):
            rapprochement.enregistrer_le_manquant(ecart=ecart, moyen=ecart.moyen)

    def net(self):
        return sum(f.montant - f.reste_du + f.trop_percu for f in Facture.objects.all())

    @invariant()
    def jamais_plus_que_la_banque_n_a_verse(self):
        assert self.net() <= self.total
        assert argent.fausses() == []

    @invariant()
    def un_fichier_annule_ne_dit_plus_rien(self):
        assert not ConfirmationReglement.objects.filter(depot__etat="annule").exists()
        assert not Ecart.objects.filter(ligne__depot__etat="annule", etat="ouvert").exists()

    def tout_le_releve_solde_chaque_facture_une_fois(self):
        """À la fin, le relevé entier est déposé et les écarts tranchés : chaque somme compte, et une fois."""
        for _ in range(2):
            self.enregistrer(self.releve)
            self.trancher(None)
            assert self.net() == self.total
        en_ligne = Reglement.objects.filter(origine__startswith="payfip:")
        assert not en_ligne.filter(confirmation=None).exists()
        assert not Paiement.objects.filter(etat="declare").exists()


@pytest.mark.sqlite
def test_aucune_suite_de_releves_ne_compte_une_somme_deux_fois_ni_n_en_perd(boe, ada, eau):
    ContratTipi.objects.update(groupes=True)
    monde = SimpleNamespace(ada=ada, eau=eau, redevable=factories.redevable(boe, ada))
    machine = type("DesRelevesIci", (DesReleves,), {"monde": monde})
    phases = [Phase.explicit, Phase.reuse, Phase.generate]
    suites = 12 if AMPLEUR == 1 else 20 * AMPLEUR
    essais = settings(
        max_examples=suites, stateful_step_count=10, deadline=None, derandomize=AMPLEUR == 1, phases=phases
    )
    run_state_machine_as_test(machine, settings=essais)
