"""Les lignes rendues à corriger, redéposées ; les conflits tranchés, jamais par-dessus du lu ni du payé."""

import csv
import io
from decimal import Decimal

import factories
import pytest
from django.core.files.base import ContentFile

from factures.etats import Decision
from factures.imports import FichierRefuse
from factures.models import CorrectionImport, Facture
from factures.services import consulter, encaisser, lots
from portail.models import Journal
from tests.factures.outils_imports import rangee
from tests.factures.outils_lots import analyser, par_date, phrases, publier, relu, sorts

pytestmark = pytest.mark.django_db


def rendues(lot):
    texte = "".join(lots.exporter_les_lignes_a_corriger(lot=lot))
    return list(csv.DictReader(io.StringIO(texte.removeprefix("\ufeff"), newline=""), delimiter=";"))


def fichier(lignes):
    sortie = io.StringIO(newline="")
    ecrivain = csv.DictWriter(sortie, lignes[0], delimiter=";")
    ecrivain.writeheader()
    ecrivain.writerows(lignes)
    return ContentFile(sortie.getvalue().encode("utf-8-sig"), name="corrige.csv")


def redeposer(lot, lignes):
    lots.corriger(lot=lot, corrections=lots.lire_les_corrections(lot, fichier(lignes)))
    lots.analyser(lot=relu(lot))
    return relu(lot)


@pytest.mark.sqlite
def test_trois_lignes_fautives_corrigees_et_redeposees_dans_leur_lot(eau):
    fautives = {"B": {"montant": "12.3.4"}, "D": {"date_emission": "31/02/2026"}, "F": {"nom": ""}}
    lot = analyser(eau, *(rangee(n, code_redevable=f"C{n}", **fautives.get(n, {})) for n in "ABCDEF"))
    lignes = rendues(lot)
    assert [(li["ligne_du_lot"], li["numero"]) for li in lignes] == [
        (f"{lot.pk}/{rang}", n) for rang, n in ((3, "B"), (5, "D"), (7, "F"))
    ]
    assert lignes[0]["motif"] == "le montant « 12.3.4 » n'est pas un nombre."
    lot = redeposer(lot, [{**li, "montant": "10", "date_emission": "02/11/2026", "nom": "DUPONT"} for li in lignes[:2]])
    assert (lot.a_corriger, phrases(lot)) == (1, ["Ligne 7 : la colonne « nom » est vide."])
    lot = redeposer(lot, [{**lignes[2], "nom": "DUPONT"}])
    assert (lot.etat, lot.a_corriger, lot.bilan["nouvelle"]) == ("a-verifier", 0, {"nombre": 6, "centimes": 99244})
    lots.reprendre(lot=lot)  # les corrections restent, quoi qu'il arrive au lot
    lots.analyser(lot=relu(lot))
    assert lots.publier(lot=relu(lot))
    assert Facture.objects.get(numero="F").redevable.nom == "DUPONT"
    assert Journal.objects.filter(action__in=("lot.lignes_exportees", "lot.lignes_corrigees")).count() == 3


def test_ce_qu_un_tableur_calculerait_ne_s_execute_pas_et_revient_intact(eau):
    lot = analyser(eau, rangee("A", objet="=1+1", montant="-5,0,0", nom="'=x"))
    [ligne] = rendues(lot)
    assert (ligne["objet"], ligne["montant"], ligne["nom"]) == ("'=1+1", "'-5,0,0", "''=x")
    lot = redeposer(lot, [{**ligne, "montant": "-5,00"}])
    [lue] = lot.lignes.all()
    assert (lue.objet, lue.montant, lue.nom) == ("=1+1", Decimal("-5.00"), "'=x")


@pytest.mark.parametrize(
    ("repere", "phrase"),
    [
        ("", "est vide ou changée"),
        ("3", "est vide ou changée"),
        ("999999/3", "celui des lignes à corriger du lot 999999, et non du lot"),
    ],
)
def test_le_fichier_d_un_autre_lot_ou_sans_repere_est_refuse(eau, repere, phrase):
    lot = analyser(eau, rangee("A", montant="?"))
    with pytest.raises(FichierRefuse, match=phrase):
        lots.lire_les_corrections(lot, fichier([{**rendues(lot)[0], "ligne_du_lot": repere}]))
    assert CorrectionImport.objects.count() == 0


def test_un_fichier_corrige_vide_trop_long_ou_illisible_est_refuse(eau, monkeypatch):
    lot = analyser(eau, rangee("A", montant="?"))
    entete = fichier(rendues(lot)).read().splitlines()[0]
    for contenu, phrase in ((entete, "aucune ligne"), (b"", "vide"), (b"\x81\x00;", "texte lisible")):
        with pytest.raises(FichierRefuse, match=phrase):
            lots.lire_les_corrections(lot, ContentFile(contenu))
    monkeypatch.setattr(lots.lignes_a_corriger, "LIGNES_MAXIMUM", 0)
    with pytest.raises(FichierRefuse, match="corrigez-les dans le logiciel"):
        lots.lire_les_corrections(lot, fichier(rendues(lot)))


# Les conflits.


@pytest.fixture
def conflit(eau, facture):
    """Le fichier dit 250 € d'une facture publiée pour 243,11 €."""
    return analyser(eau, par_date(facture) | {"montant": "250"}, rangee("A"))


def trancher(lot, decision):
    lots.trancher(lot=lot, decisions={2: decision})
    lots.analyser(lot=relu(lot))
    return relu(lot)


@pytest.mark.sqlite
def test_garder_ecarte_la_ligne_et_laisse_publier_le_reste(conflit, facture):
    lot = trancher(conflit, Decision.GARDER)
    assert (lot.a_corriger, lot.bilan["ecartee"], sorts(lot)[facture.numero][0]) == (
        0,
        {"nombre": 1, "centimes": 25000},
        "ecartee",
    )
    assert lots.publier(lot=lot)
    assert (Facture.objects.get(pk=facture.pk).montant, Facture.objects.count()) == (Decimal("243.11"), 2)


@pytest.mark.sqlite
def test_remplacer_change_le_montant_et_le_reste_du_et_annuler_les_rend(conflit, facture):
    lot = trancher(conflit, Decision.REMPLACER)
    assert (lot.a_corriger, sorts(lot)[facture.numero][0]) == (0, "modifiee")
    assert lots.publier(lot=lot)
    changee = Facture.objects.get(pk=facture.pk)
    assert (changee.montant, changee.reste_du) == (Decimal(250), Decimal(250))
    assert lots.annuler_publication(lot=relu(lot))
    rendue = Facture.objects.get(pk=facture.pk)
    assert (rendue.montant, rendue.reste_du) == (Decimal("243.11"), Decimal("243.11"))
    faits = Journal.objects.filter(action="facture.montant").order_by("pk").values_list("avant", "apres__montant")
    assert list(faits) == [({"montant": 24311}, 25000), ({"montant": 25000}, 24311)]


@pytest.mark.parametrize("geste", ["lue", "payee"])
def test_on_ne_remplace_pas_ce_qui_est_lu_ou_paye_quoi_qu_on_decide(eau, facture, ada, geste):
    toucher = {
        "lue": lambda: consulter(facture=facture, usager=ada),
        "payee": lambda: encaisser(
            facture=facture, montant=Decimal(1), moyen="especes", origine="x", recu_le="2026-03-02T09:30:00Z"
        ),
    }
    lot = analyser(eau, par_date(facture) | {"montant": "250"})
    decidee_avant = trancher(lot, Decision.REMPLACER)
    toucher[geste]()
    with pytest.raises(lots.PublicationImpossible, match="ont changé depuis l'analyse"):
        lots.publier(lot=decidee_avant)
    lots.reprendre(lot=relu(lot))
    lots.analyser(lot=relu(lot))
    assert (sorts(lot)[facture.numero][0], lot.lignes.get().avant) == ("conflit", {})
    assert Facture.objects.get().montant == Decimal("243.11")


@pytest.mark.parametrize("changement", [{"montant": "-250"}, {"reference": "Y"}, {"code_redevable": "AUTRE"}])
def test_seul_un_autre_montant_de_la_meme_facture_se_remplace(eau, facture, changement):
    lot = trancher(analyser(eau, par_date(facture) | {"montant": "250", **changement}), Decision.REMPLACER)
    assert sorts(lot)[facture.numero][0] == "conflit"


def test_trancher_ne_se_peut_que_d_un_lot_a_verifier(eau, facture):
    lot = publier(eau, rangee("A"))
    for geste in (
        lambda: lots.trancher(lot=lot, decisions={2: Decision.GARDER}),
        lambda: lots.corriger(lot=lot, corrections={2: rangee("A")}),
    ):
        with pytest.raises(lots.LotIndisponible):
            geste()
    assert CorrectionImport.objects.count() == 0


def test_une_facture_d_un_autre_service_au_meme_numero_n_est_pas_un_conflit(boe, eau, facture):
    lot = analyser(factories.regie(boe), par_date(facture) | {"montant": "250"})
    assert sorts(lot) == {facture.numero: ("nouvelle", "")}
