"""Plusieurs factures, plusieurs appareils, sur PostgreSQL : chaque course mise en scène, et perdue sans sa garde."""

import threading
from decimal import Decimal

import factories
import pytest
from django.db import connection
from django.utils import timezone

from factures.models import Facture
from factures.services import encaisser
from paiement_tipi import services
from paiement_tipi.models import ContratTipi, Paiement, PartPaiement, TransitionPaiement
from paiement_tipi.services import GroupeChange, PaiementImpossible, constat, demarrage, groupes
from tests.paiement_tipi.outils_courses import RendezVous, avant, ensemble, sans_contrainte, sans_verrous
from tests.paiement_tipi.outils_tentatives import creations, formulaire, pilote
from tests.paiement_tipi.test_courses import passer_sans_condition

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="SQLite n'a qu'un écrivain à la fois : rien à courir."
    ),
]


@pytest.fixture
def payfip(simulateur):
    with pilote(simulateur) as pilotable:
        yield pilotable


@pytest.fixture
def trois(boe, ada, bob, eau):
    """Ada et Bob sont co-titulaires de trois factures de 10, 20 et 30 €."""
    ContratTipi.objects.update(groupes=True)
    redevable = factories.redevable(boe, ada, bob)
    return [factories.facture(redevable, eau, montant=Decimal(10 * n)) for n in (1, 2, 3)]


def partir(usager, factures, *, par=None):
    return lambda: services.demarrer_groupe(
        factures=factures,
        usager=usager,
        formulaire=par or formulaire(),
        vu=sum(f.montant for f in factures),
        guichet=services.guichet(personne=True),
    )


def partir_seule(usager, facture):
    return lambda: services.demarrer_paiement(
        facture=facture, usager=usager, formulaire=formulaire(), guichet=services.guichet(personne=True)
    )


# Deux co-titulaires, deux groupes qui ont une facture en commun ; ou l'une seule, prise par l'autre.


def se_croiser(monkeypatch, un, autre, *, verrou=False):
    """Chacun a lu que tout se paie avant que l'autre ne commence ; les clés sont données en ordre inverse."""
    rendez_vous = RendezVous(2, verrou=verrou)
    avant(monkeypatch, groupes, "_creer", rendez_vous.attendre)
    avant(monkeypatch, demarrage, "_creer", rendez_vous.attendre)
    return ensemble(un, autre)


def verifier_une_seule_part(recus, payfip, commune):
    assert PartPaiement.objects.filter(facture=commune, ouverte=True).count() == 1
    assert len(creations(payfip)) == 1
    [_adresse] = [recu for recu in recus if isinstance(recu, str)]
    [refus] = [recu for recu in recus if not isinstance(recu, str)]
    if isinstance(refus, PaiementImpossible):
        assert refus.empechement == "PAIEMENT_EN_COURS"
    else:
        assert isinstance(refus, GroupeChange)
        assert [ecartee.facture for ecartee in refus.groupe.ecartees] == [commune]


def adversaires(ada, bob, trois, genre):
    dix, vingt, trente = trois
    autre = partir(bob, [trente, vingt]) if genre == "groupe" else partir_seule(bob, vingt)
    return partir(ada, [vingt, dix]), autre


GENRES = pytest.mark.parametrize("genre", ["groupe", "seule"])


@GENRES
@pytest.mark.parametrize("verrou", [True, False], ids=["sous le verrou", "l'index seul"])
def test_une_facture_n_est_que_d_un_paiement(payfip, ada, bob, trois, monkeypatch, genre, verrou):
    if not verrou:
        sans_verrous(monkeypatch)
    recus = se_croiser(monkeypatch, *adversaires(ada, bob, trois, genre), verrou=verrou)
    verifier_une_seule_part(recus, payfip, trois[1])


@GENRES
def test_temoin_sans_verrou_ni_index_elle_est_de_deux_paiements(payfip, ada, bob, trois, monkeypatch, genre):
    sans_verrous(monkeypatch)
    with sans_contrainte(PartPaiement, "une_tentative_ouverte_par_facture"):
        recus = se_croiser(monkeypatch, *adversaires(ada, bob, trois, genre))
        with pytest.raises(AssertionError):
            verifier_une_seule_part(recus, payfip, trois[1])
        ouvertes = PartPaiement.objects.filter(facture=trois[1], ouverte=True).count()
        PartPaiement.objects.update(ouverte=False)
    assert (ouvertes, len(creations(payfip))) == (2, 2)


# Le guichet encaisse l'une d'elles pendant le départ.


def payer_au_guichet_pendant_le_depart(ada, trois, monkeypatch):
    """Ce que vaut chaque part à sa création, et ce qui restait dû de sa facture à cet instant."""
    lu, encaissee, vus = threading.Event(), threading.Event(), {}

    def guichet():
        lu.wait(30)
        encaisser(facture=trois[1], montant=Decimal(20), moyen="especes", origine="x", recu_le=timezone.now())
        encaissee.set()

    def attendre():
        lu.set()
        encaissee.wait(1)  # sous le verrou, le guichet attend : il n'aura pas fini
        vus["reste"] = Facture.objects.get(pk=trois[1].pk).reste_du

    avant(monkeypatch, groupes, "_creer", attendre)
    ensemble(partir(ada, trois), guichet)
    return vus["reste"], PartPaiement.objects.get(facture=trois[1]).montant


def test_ce_que_la_part_demande_est_du_quand_elle_part(payfip, ada, trois, monkeypatch):
    reste, demande = payer_au_guichet_pendant_le_depart(ada, trois, monkeypatch)
    assert (reste, demande) == (Decimal(20), Decimal(20))


def test_temoin_sans_verrou_on_demande_ce_que_le_guichet_vient_d_encaisser(payfip, ada, trois, monkeypatch):
    sans_verrous(monkeypatch)
    assert payer_au_guichet_pendant_le_depart(ada, trois, monkeypatch) == (Decimal(0), Decimal(20))


# Deux appareils libèrent la même tentative, et repartent.


def liberer_a_deux(paiement, monkeypatch, *, verrou=False):
    avant(monkeypatch, constat, "_etat_lu", RendezVous(2, verrou=verrou).attendre)

    def liberer():
        return services.interroger(
            paiement=Paiement.objects.get(pk=paiement.pk),
            guichet=services.guichet(personne=True),
            cause="demandé par la personne",
            maintenant=timezone.now(),
        )

    return ensemble(liberer, liberer)


@pytest.fixture
def refuse(payfip, ada, trois):
    partir(ada, trois)()
    paiement = Paiement.objects.get()
    payfip.payer(str(paiement.idop), action="refuser")
    return paiement


def fins():
    return TransitionPaiement.objects.filter(vers="refuse").count()


def test_deux_appareils_liberent_une_fois_et_un_seul_repart(payfip, ada, bob, trois, refuse, monkeypatch):
    issues = liberer_a_deux(refuse, monkeypatch, verrou=True)
    assert ([issue.ouverte for issue in issues], fins()) == ([False, False], 1)
    recus = ensemble(partir(ada, trois), partir(bob, trois))
    assert sorted(type(recu) for recu in recus if not isinstance(recu, str)) == [GroupeChange]
    assert (len(creations(payfip)), PartPaiement.objects.filter(ouverte=True).count()) == (2, 3)


def test_temoin_sans_verrou_ni_condition_elle_finit_deux_fois(trois, refuse, monkeypatch):
    sans_verrous(monkeypatch)
    monkeypatch.setattr(constat, "passer", passer_sans_condition)
    liberer_a_deux(refuse, monkeypatch)
    assert fins() == 2


def test_un_double_clic_simultane_ne_fait_qu_un_paiement(payfip, ada, trois):
    envoi = formulaire()
    adresses = ensemble(partir(ada, trois, par=envoi), partir(ada, trois, par=envoi))
    assert (len(set(adresses)), len(creations(payfip))) == (1, 1)
