"""Nos tentatives en face de celles de PayFiP et du Trésor : ce qui diffère se montre, un rejet se voit partout."""

import io
from datetime import timedelta
from decimal import Decimal

import factories
import pytest
from django.utils import timezone

from factures.models import ConfirmationReglement, Ecart, Facture, Reglement
from factures.services import rapprochement, rejeter
from paiement_tipi import services
from paiement_tipi.client import GuichetIndisponible
from paiement_tipi.models import ContratTipi, Paiement
from paiement_tipi.services import parite
from paiement_tipi.services.transitions import lecture_apres_panne
from paiement_tipi.tasks import comparer_a_payfip
from tests.factures.outils_retour import emarge, ligne, retour, titre
from tests.gestion.conftest import adresse
from tests.paiement_tipi.outils_machine import GuichetDocile
from tests.paiement_tipi.outils_tentatives import DUE, PAYEE_PAR_CARTE, bilan, constater, demarrer, histoire

JOUR = timedelta(days=1)


class GuichetCompteur(GuichetDocile):
    """Retient ce qu'on lui a demandé."""

    def lire(self, idop):
        self.lus = [*getattr(self, "lus", []), idop]
        return super().lire(idop)


@pytest.fixture
def guichet():
    return GuichetCompteur()


@pytest.fixture
def payer(guichet, ada):
    """Une tentative conclue par PayFiP, que nous avons lue ou non."""

    def _payer(facture, resultat="P", *, lue=True):
        paiement = demarrer(facture, ada, guichet=guichet)
        guichet.conclure(paiement.idop, resultat)
        if lue:
            constater(paiement, timezone.now(), guichet)
        guichet.lus = []
        return paiement

    return _payer


def comparer(guichet, dans=2 * JOUR):
    return dict(services.comparer(guichet=guichet, maintenant=timezone.now() + dans))


def ecarts():
    lus = Ecart.objects.order_by("pk")
    return [(e.genre, e.source, str(e.montant_ici), str(e.montant_la_bas), e.facture.numero) for e in lus]


# PayFiP.


@pytest.mark.sqlite
def test_un_succes_d_ici_que_payfip_dement_est_signale_une_fois_et_rien_ne_bouge(guichet, payer, facture):
    paiement = payer(facture)
    assert (comparer(guichet), comparer(guichet, dans=timedelta()), ecarts()) == ({"concordant": 1}, {}, [])
    operation = guichet.operations[paiement.idop]
    for semaine, change, attendu in (
        (2, {"resultat": "R"}, "0.00"), (3, {"resultat": ""}, "0.00"), (4, {"resultat": "P"}, ""),
    ):  # fmt: skip
        vars(operation).update(change)
        assert comparer(guichet, dans=semaine * 8 * JOUR) == {"écart" if attendu else "concordant": 1}
    assert ecarts() == [("manque-la-bas", "payfip", "243.11", "0.00", facture.numero)]
    assert [e.code for e in paiement.echanges.all()] == ["idop", "P", "R", "P5", "P"]  # son histoire dit le démenti
    guichet.temps = "menteur"
    assert comparer(guichet, dans=40 * JOUR) == {"écart": 1}
    assert ecarts()[1:] == [("montant", "payfip", "243.11", "243.12", facture.numero)]
    assert bilan(facture) == PAYEE_PAR_CARTE
    with pytest.raises(rapprochement.EcartIndisponible):  # PayFiP redit ce qui est encaissé : rien à enregistrer
        rapprochement.enregistrer_le_manquant(ecart=Ecart.objects.latest("pk"), moyen="carte")


def test_un_succes_de_la_bas_ignore_ici_s_applique_par_le_constat(guichet, payer, facture):
    paiement = payer(facture, "R")
    guichet.operations[paiement.idop].resultat = "P"
    assert (comparer(guichet), bilan(facture), ecarts()) == ({"retrouvé": 1}, PAYEE_PAR_CARTE, [])
    assert histoire(paiement)[-2:] == ["refuse", "paye"]


@pytest.mark.sqlite
def test_chaque_tentative_se_compare_une_fois_par_jour_par_petites_tranches(
    guichet, payer, facture, boe, ada, eau, monkeypatch
):
    monkeypatch.setattr(parite, "PAR_TRANCHE", 2)
    redevable = factories.redevable(boe, ada)
    payees = [payer(f) for f in (facture, *(factories.facture(redevable, eau) for _ in range(2)))]
    payer(factories.facture(redevable, eau), "", lue=False)  # en cours : le relevé la suit
    assert [comparer(guichet) for _ in range(3)] == [{"concordant": 2}, {"concordant": 1}, {}]
    assert sorted(guichet.lus) == sorted(p.idop for p in payees)
    assert comparer(guichet, dans=3 * JOUR - timedelta(seconds=5)) == {}
    guichet.temps = "panne"
    assert (comparer(guichet, dans=4 * JOUR), len(guichet.lus)) == ({"panne": 2}, 5)
    guichet.temps = "beau"
    assert comparer(guichet, dans=4 * JOUR) == {"concordant": 2}
    assert comparer(guichet, dans=366 * JOUR) == {}


@pytest.mark.parametrize("resultat", ["R", "P"])
def test_une_tentative_que_la_panne_a_empeche_de_comparer_reste_a_comparer(guichet, payer, facture, resultat):
    paiement = payer(facture, resultat)
    guichet.temps = "panne"
    assert comparer(guichet) == {"panne": 1}
    paiement.refresh_from_db()
    assert (paiement.compare_le, paiement.pannes) == (None, 0)  # le relevé, lui, n'a pas échoué
    guichet.temps = "beau"
    assert sum(comparer(guichet).values()) == 1
    paiement.refresh_from_db()
    assert paiement.compare_le is not None


def test_une_tentative_illisible_n_empeche_pas_de_comparer_les_autres(guichet, payer, facture, boe, ada, eau):
    redevable = factories.redevable(boe, ada)
    illisible, *autres = [payer(f) for f in (facture, *(factories.facture(redevable, eau) for _ in range(2)))]

    class Illisible(GuichetCompteur):
        def lire(self, idop):
            if idop == illisible.idop:
                raise GuichetIndisponible("La réponse n'est pas du XML.")
            return guichet.lire(idop)

    assert comparer(Illisible()) == {"panne": 1, "concordant": 2}
    assert sorted(guichet.lus) == sorted(p.idop for p in autres)


@pytest.mark.sqlite
def test_la_comparaison_laisse_passer_le_releve(guichet, payer, facture, monkeypatch):
    compares = []
    monkeypatch.setattr(services, "comparer", lambda **_: compares.append(1))
    payer(facture, "", lue=False)
    Paiement.objects.update(relire_le=timezone.now() - timedelta(minutes=6))
    comparer_a_payfip.func()
    assert compares == []
    services.relever(guichet=guichet, maintenant=timezone.now())
    comparer_a_payfip.func()  # en cours, donc relue à chaque relevé, mais il n'a pas de retard
    assert compares == [1]


def test_une_panne_se_redemande_de_plus_en_plus_tard_puis_chaque_semaine(guichet, payer, facture):
    maintenant = timezone.now()
    attentes = [lecture_apres_panne(n, maintenant - age, maintenant) - maintenant for n, age in (
        (1, JOUR), (2, JOUR), (3, JOUR), (9, 7 * JOUR - timedelta(seconds=1)), (1, 7 * JOUR), (9, 7 * JOUR),
    )]  # fmt: skip
    assert attentes == [*(timedelta(minutes=minutes) for minutes in (0, 5, 15, 30)), 7 * JOUR, 7 * JOUR]
    paiement = payer(facture, "", lue=False)
    guichet.temps = "panne"
    constater(paiement, paiement.envoye_le + 8 * JOUR, guichet, espacer=True)
    assert paiement.relire_le == paiement.envoye_le + 15 * JOUR


# Rejeter.


def test_un_prelevement_rejete_rouvre_la_facture_et_la_tentative_le_dit(
    guichet, payer, facture, boe, agente, connecter
):
    paiement = payer(facture, "V")
    assert (histoire(paiement)[-1], bilan(facture)[0]) == ("preleve", "0.00")
    rejeter(reglement=Reglement.objects.get(), motif="Compte clos")
    paiement.refresh_from_db()
    assert (paiement.etat, bilan(facture)[:2]) == ("rejete", ("243.11", "0.00"))
    lue = Facture.objects.avec_etat(boe.aujourd_hui()).get(pk=facture.pk)
    assert (lue.etat, lue.empechement) == ("a-payer", "")
    # PayFiP, qui n'en sait rien, dit toujours V : cela ne règle plus rien.
    assert (constater(paiement, timezone.now(), guichet), comparer(guichet), bilan(facture)[0]) == (False, {}, "243.11")
    vie = connecter(agente, chez=boe).get(adresse(facture, "history")).content.decode()
    assert "Paiement rejeté après coup" in vie
    autre = payer(facture, "P")
    assert (autre.etat, bilan(facture)[0]) == ("paye", "0.00")


def test_un_paiement_de_plusieurs_factures_se_rejette_en_entier(guichet, payer, facture, eau):
    paiement, seconde = payer(facture, "V", lue=False), factories.facture(facture.redevable, eau)
    paiement.parts.create(facture=seconde, collectivite=facture.collectivite, montant=Decimal("243.11"))
    constater(paiement, timezone.now(), guichet)
    assert (bilan(facture)[0], bilan(seconde)[0]) == ("0.00", "0.00")
    rejeter(reglement=seconde.reglements.get(), motif="Compte clos")
    assert (bilan(facture)[0], bilan(seconde)[0]) == ("243.11", "243.11")
    assert [r.motif for r in Reglement.objects.filter(sens="rejet")] == ["Compte clos"] * 2


# Le Trésor et le paiement déclaré par URL.


@pytest.fixture
def declare(boe, ada):
    """Le titre 17, payé par URL : déclaré par PayFiP, sans preuve."""
    cantine = factories.regie(boe, code="CANTINE", mode="titre")
    contrat = factories.contrat(cantine)
    ContratTipi.objects.filter(pk=contrat.pk).update(transport="url-titre", saisie="A")
    facture = factories.facture(
        factories.redevable(boe, ada), cantine, reference="202600000017000001", exercice=2026, piece="17", ligne="1"
    )
    facture = Facture.objects.get(pk=facture.pk)
    demarrer(facture, ada, guichet=GuichetDocile())
    Paiement.objects.update(etat="declare", resultat="P")
    return Paiement.objects.get()


def test_un_paiement_declare_que_le_tresor_montre_se_confirme_par_un_acte(boe, agente, connecter, declare):
    facture = declare.parts.get().facture
    fichier = io.BytesIO(retour(titre(ligne(emarge("243.11")))))
    rapprochement.deposer(collectivite=boe, fichier=fichier, libelle="PES.xml")
    ecart = Ecart.objects.get()
    assert (ecart.genre, bilan(facture)) == ("manque-ici", DUE)
    client = connecter(agente, chez=boe)
    assert "déclaré par PayFiP" in client.get(adresse(ecart)).content.decode()
    for _ in range(2):
        client.post(adresse(ecart, "confirmer_declare"))
    ecart.refresh_from_db()
    declare.refresh_from_db()
    assert (bilan(facture), declare.etat, ecart.etat) == (PAYEE_PAR_CARTE, "paye", "regle")
    assert ConfirmationReglement.objects.get().reglement == Reglement.objects.get()
    assert declare.transitions.last().cause == "fichier du Trésor « PES.xml »"


@pytest.mark.parametrize("somme", ["243.10", "243.12"])
def test_une_autre_somme_ne_confirme_pas_un_paiement_declare(boe, declare, somme):
    fichier = io.BytesIO(retour(titre(ligne(emarge(somme)))))
    rapprochement.deposer(collectivite=boe, fichier=fichier, libelle="PES.xml")
    with pytest.raises(rapprochement.EcartIndisponible, match="Aucun paiement déclaré"):
        services.confirmer_par_le_tresor(ecart=Ecart.objects.get())
    assert (bilan(declare.parts.get().facture), Decimal(somme)) == (DUE, Ecart.objects.get().montant_la_bas)
