"""Les courses d'un lot, sur PostgreSQL, et chacune montrée perdue sans sa garde."""

import factories
import pytest
from django.db import connection

from factures.etats import EtatLot
from factures.models import Facture, LigneImport, LotImport
from factures.services import consulter, lots
from factures.services.lots import analyse, depot, publication, retrait
from tests.factures.outils_imports import rangee
from tests.factures.outils_lots import analyser, deposer, publier, relu, visibles
from tests.paiement_tipi.outils_courses import RendezVous, avant, ensemble, sans_contrainte, sans_verrous

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="SQLite n'a qu'un écrivain à la fois : rien à courir."
    ),
]


# Le même fichier au même instant.


def deposer_a_deux(eau, monkeypatch, *, verrou):
    avant(monkeypatch, depot, "_ranger", RendezVous(2, verrou=verrou).attendre)
    return ensemble(*[lambda: deposer(eau, rangee("A"))] * 2)


def test_le_meme_fichier_depose_au_meme_instant_ne_fait_qu_un_lot(eau, monkeypatch):
    recus = deposer_a_deux(eau, monkeypatch, verrou=True)
    [lot] = LotImport.objects.all()
    [refus] = [recu for recu in recus if isinstance(recu, lots.DejaDepose)]
    assert (refus.lot, [recu for recu in recus if recu is not refus]) == (lot, [lot])


def test_temoin_sans_l_index_unique_le_fichier_fait_deux_lots(eau, monkeypatch):
    with sans_contrainte(LotImport, "lot_contenu_depose_une_fois"):
        deposer_a_deux(eau, monkeypatch, verrou=False)
        assert LotImport.objects.count() == 2
        LotImport.objects.all().delete()


# Deux publications du même lot.


def publier_a_deux(lot, monkeypatch, *, verrou):
    avant(monkeypatch, publication, "corriger_les_factures", RendezVous(2, verrou=verrou).attendre)
    return ensemble(*[lambda: lots.publier(lot=LotImport.objects.get(pk=lot.pk))] * 2)


def test_deux_publications_simultanees_publient_une_fois(eau, monkeypatch):
    lot = analyser(eau, rangee("A"), rangee("B"))
    assert sorted(publier_a_deux(lot, monkeypatch, verrou=True)) == [False, True]
    assert (visibles(), relu(lot).etat) == (["A", "B"], "publie")


def test_sans_le_verrou_la_mise_a_jour_conditionnelle_suffit(eau, monkeypatch):
    lot = analyser(eau, rangee("A"), rangee("B"))
    sans_verrous(monkeypatch)
    assert sorted(publier_a_deux(lot, monkeypatch, verrou=False)) == [False, True]


def test_temoin_sans_verrou_ni_condition_deux_appels_croient_avoir_publie(eau, monkeypatch):
    lot = analyser(eau, rangee("A"), rangee("B"))
    sans_verrous(monkeypatch)

    def passer_sans_condition(lot, *, vers, **champs):
        LotImport.objects.filter(pk=lot.pk).update(etat=vers, **champs)
        return True

    monkeypatch.setattr(publication, "passer", passer_sans_condition)
    assert publier_a_deux(lot, monkeypatch, verrou=False) == [True, True]


# Deux lots portent le même numéro.


def test_deux_lots_au_meme_numero_ne_publient_que_l_un_d_eux(eau, monkeypatch):
    un, autre = analyser(eau, rangee("A"), rangee("B")), analyser(eau, rangee("B"), rangee("C"))
    rendez_vous = RendezVous(2, verrou=True)
    avant(monkeypatch, publication, "_montrer", rendez_vous.attendre)
    recus = ensemble(*[lambda lot=lot: lots.publier(lot=lot) for lot in (un, autre)])
    assert [type(recu) for recu in recus if recu is not True] == [lots.PublicationImpossible]
    gagnant = un if recus[0] is True else autre
    assert visibles() == (["A", "B"] if gagnant == un else ["B", "C"])
    assert Facture.objects.count() == 2
    assert {relu(un).etat, relu(autre).etat} == {"publie", "a-verifier"}


# Deux analyses du même lot.


def analyser_a_deux(eau, monkeypatch, *, verrou):
    monkeypatch.setattr(analyse, "PAR_PAQUET", 2 if verrou else 7)  # un seul rendez-vous : le perdant n'y revient pas
    lot = deposer(eau, *(rangee(f"N{n}") for n in range(7)))
    avant(monkeypatch, analyse, "comparer", RendezVous(2, verrou=verrou).attendre)
    return lot, ensemble(*[lambda: lots.analyser(lot=LotImport.objects.get(pk=lot.pk))] * 2)


def test_deux_analyses_simultanees_n_etagent_chaque_ligne_qu_une_fois(eau, monkeypatch):
    lot, recus = analyser_a_deux(eau, monkeypatch, verrou=True)
    assert LigneImport.objects.count() == 7
    assert (relu(lot).etat, relu(lot).bilan["nouvelle"]["nombre"]) == ("a-verifier", 7)
    # La seconde arrive parfois quand tout est fini : elle le dit.
    assert {type(recu) for recu in recus} <= {bool, lots.LotIndisponible}


def test_temoin_sans_le_verrou_deux_analyses_se_marchent_dessus(eau, monkeypatch):
    sans_verrous(monkeypatch)
    _lot, recus = analyser_a_deux(eau, monkeypatch, verrou=False)
    assert "ligne_import_une_fois_par_rang" in "".join(str(recu) for recu in recus)


# Renoncer, ou lire, pendant.


def test_renoncer_pendant_la_publication_gagne_ou_perd_en_entier(eau, monkeypatch):
    lot = analyser(eau, rangee("A"), rangee("B"))
    avant(monkeypatch, publication, "_montrer", RendezVous(2, verrou=True).attendre)
    avant(monkeypatch, retrait, "retirer_les_brouillons", RendezVous(2, verrou=True).attendre)
    ensemble(lambda: lots.publier(lot=lot), lambda: lots.renoncer(lot=LotImport.objects.get(pk=lot.pk)))
    assert (relu(lot).etat, visibles()) in [("publie", ["A", "B"]), ("abandonne", [])]
    assert Facture.objects.count() == len(visibles())


def test_une_lecture_pendant_l_annulation_n_est_jamais_perdue(boe, eau, ada, monkeypatch):
    factories.redevable(boe, ada, source="EAU-SOFT", code="C1", nom="LŒUVRE")
    lot = publier(eau, rangee("A"))
    facture = Facture.objects.get()
    rendez_vous = RendezVous(2, verrou=True)
    avant(monkeypatch, retrait, "effacer", rendez_vous.attendre)

    def lire():
        rendez_vous.attendre()
        consulter(facture=facture, usager=ada)

    annulee, lue = ensemble(lambda: lots.annuler_publication(lot=lot), lire)
    if annulee is True:  # la lecture attendait : elle échoue, et le dit
        assert (visibles(), relu(lot).etat, lue is None) == ([], EtatLot.ANNULE, False)
    else:
        assert (visibles(), relu(lot).etat, lue) == (["A"], EtatLot.PUBLIE, None)
