"""Un lot : déposé, analysé, publié d'un coup, repris en arrière ; rien de visible avant, rien de perdu après."""

from datetime import date
from decimal import Decimal

import factories
import pytest
from django.db import IntegrityError, transaction

from comptes.models import Redevable
from factures.etats import LOTS_VIVANTS, TRANSITIONS_LOT, EtatLot, Moyen, Statut
from factures.models import Facture, LigneImport, LotImport, RejetImport
from factures.services import annuler, consulter, encaisser, lots, marquer
from portail.models import Journal
from tests.factures.outils_imports import rangee
from tests.factures.outils_lots import analyser, deposer, par_date, phrases, publier, relu, sorts, visibles

pytestmark = pytest.mark.django_db


def test_chaque_etat_d_un_lot_a_ses_suites():
    assert set(TRANSITIONS_LOT) == set(EtatLot)
    finis = {etat for etat, suites in TRANSITIONS_LOT.items() if not suites}
    assert finis == set(EtatLot) - set(LOTS_VIVANTS)


# Analyser.


@pytest.mark.sqlite
def test_une_analyse_compte_tout_et_ne_montre_rien(eau):
    lot = analyser(eau, rangee("A"), rangee("B", montant="-12,50"), rangee("C", montant="1.234"))
    assert (lot.etat, visibles(), Facture.objects.count(), Redevable.objects.count()) == ("a-verifier", [], 0, 0)
    assert lot.bilan == {
        "lignes": 3,
        "rejetees": 1,
        "nouvelle": {"nombre": 2, "centimes": 23061},
        "modifiee": {"nombre": 0, "centimes": 0},
        "inchangee": {"nombre": 0, "centimes": 0},
        "conflit": {"nombre": 0, "centimes": 0},
        "ecartee": {"nombre": 0, "centimes": 0},
        "sensibles": 0,
        "documents": 0,
        "documents_douteux": 0,
        "redevables_nouveaux": 1,
        "redevables_modifies": 0,
        "orphelins": {"nombre": 0, "noms": []},
        "non_dits": {"rangees_cachees": 0, "feuilles_cachees": 0, "autres_feuilles": 0},
    }
    assert phrases(lot) == [
        "Ligne 4 : le montant « 1.234 » se lit de deux façons ; écrivez les centimes avec deux chiffres (1234,00)."
    ]
    assert RejetImport.objects.get().cellules == rangee("C", montant="1.234")


def test_un_fichier_illisible_refuse_le_lot_avec_sa_phrase(eau):
    lot = analyser(eau, rangee(), format="csv")
    autre = deposer(eau, rangee(objet="x" * 200_000))
    lots.analyser(lot=autre)
    assert (relu(lot).etat, relu(autre).etat) == ("a-verifier", "refuse")
    assert relu(autre).motif == "Ligne 2 : plus de 100000 caractères ; ce n'est pas un tableau de factures."
    with pytest.raises(lots.LotIndisponible):
        lots.publier(lot=autre)


def test_un_motif_trop_long_est_coupe_et_non_refuse_par_la_base(eau):
    lot = analyser(eau, rangee("A", courriel="x" * 254))
    assert [len(rejet.motif) for rejet in lot.rejets.all()] == [300]


@pytest.mark.sqlite
def test_ce_que_le_fichier_dit_deux_fois_est_rejete_a_sa_seconde_ligne(eau):
    lot = analyser(
        eau,
        rangee("A"),
        rangee("A", reference="XB"),
        rangee("C", reference="XA"),
        rangee("D", nom="AUTRE"),
        rangee("E", code_redevable="C2", nom="AUTRE"),
    )
    assert phrases(lot) == [
        "Ligne 3 : le numéro « A » est déjà à la ligne 2.",
        "Ligne 4 : la référence « XA » est déjà à la ligne 2.",
        "Ligne 5 : le redevable « EAU-SOFT C1 » s'appelle « LŒUVRE » à la ligne 2.",
    ]
    assert sorts(lot) == {"A": ("nouvelle", ""), "E": ("nouvelle", "")}
    rendue = RejetImport.objects.get(rang=5).cellules
    assert {nom: rendue[nom] for nom in rangee()} == rangee("D", nom="AUTRE")


def test_la_meme_facture_redite_est_inchangee_et_publier_n_en_fait_rien(eau, facture):
    lot = publier(eau, par_date(facture))
    assert (lot.bilan["inchangee"], sorts(lot)) == (
        {"nombre": 1, "centimes": 24311},
        {facture.numero: ("inchangee", "")},
    )
    assert (Facture.objects.get().lot, Redevable.objects.count()) == (None, 2 - 1)


@pytest.mark.parametrize(
    ("changement", "motif"),
    [
        ({"montant": "250"}, "la facture « N » est publiée pour 243,11\xa0€, le fichier dit 250,00\xa0€."),
        ({"montant": "-243,11"}, "la facture « N » est publiée pour 243,11\xa0€, le fichier dit -243,11\xa0€."),
        ({"reference": "Y"}, "la facture « N » est publiée sous la référence « R »."),
        ({"code_redevable": "Z"}, "la facture « N » est déjà celle du redevable « TEST K »."),
        ({"source": "Z"}, "la facture « N » est déjà celle du redevable « TEST K »."),
        ({"numero": "M"}, "la référence « R » est déjà celle de la facture « N »."),
    ],
)
def test_une_contradiction_avec_ce_qui_est_publie_est_un_conflit(boe, eau, changement, motif):
    existante = factories.facture(factories.redevable(boe, code="K"), eau, numero="N", reference="R")
    lot = analyser(eau, par_date(existante) | changement)
    assert sorts(lot) == {changement.get("numero", "N"): ("conflit", motif)}
    with pytest.raises(lots.PublicationImpossible, match=r"1 ligne\(s\) à corriger : rien n'est publié."):
        lots.publier(lot=lot)


def test_une_facture_annulee_ou_en_brouillon_ne_se_remplace_pas_en_silence(boe, eau):
    redevable = factories.redevable(boe)
    annulee = factories.facture(redevable, eau, numero="A")
    annuler(factures=[annulee], motif="Erreur")
    brouillon = factories.facture(redevable, eau, numero="B", statut=Statut.BROUILLON, publiee_le=None)
    lot = analyser(eau, par_date(annulee), par_date(brouillon))
    assert sorts(lot) == {
        "A": ("conflit", "la facture « A » a été annulée ; donnez un autre numéro à celle qui la remplace."),
        "B": ("conflit", "la facture « B » est déjà préparée ailleurs et n'est pas encore publiée."),
    }


@pytest.mark.parametrize("geste", ["lue", "marquee", "payee"])
def test_rien_ne_change_dans_une_facture_lue_marquee_ou_payee(eau, facture, ada, geste):
    toucher(facture, ada, geste)
    lot = analyser(eau, par_date(facture) | {"objet": "Autre chose"})
    motif = "elle a changé, mais quelqu'un l'a déjà lue ou payée ; corrigez-la à la main."
    assert sorts(lot) == {facture.numero: ("conflit", motif)}
    assert sorts(analyser(eau, par_date(facture))) == {facture.numero: ("inchangee", "")}


def toucher(facture, ada, geste):
    if geste == "lue":
        consulter(facture=facture, usager=ada)
    elif geste == "marquee":
        marquer(facture=facture, usager=ada, reglee=True)
    else:
        recu = {"moyen": Moyen.ESPECES, "origine": "guichet:1", "recu_le": "2026-03-02T09:30:00Z"}
        encaisser(facture=facture, montant=Decimal(1), **recu)


def test_l_autre_commune_et_l_autre_service_ne_comptent_pas(boe, ailleurs, eau, facture):
    cantine, leur_eau = factories.regie(boe, code="CANTINE"), factories.regie(ailleurs, code="EAU")
    for regie in (cantine, leur_eau):
        assert sorts(analyser(regie, par_date(facture))) == {facture.numero: ("nouvelle", "")}
    publier(leur_eau, par_date(facture) | {"nom": "HOMONYME"})
    assert sorted(Redevable.objects.values_list("collectivite__nom", "nom")) == [
        ("Commune d'Ailleurs", "HOMONYME"),
        ("Ville de Boé", "LOVELACE"),
    ]


# Publier.


@pytest.mark.sqlite
def test_publier_cree_les_redevables_et_montre_les_factures(boe, eau):
    avoir = rangee("B", montant="-12,50", courriel="Elodie@Exemple.fr")
    lot = publier(eau, rangee("A"), avoir, rangee("C", code_redevable="C2"))
    assert (lot.etat, visibles()) == ("publie", ["A", "B", "C"])
    facture, avoir, _ = Facture.objects.select_related("redevable").order_by("numero")
    assert (facture.lot, facture.regie, facture.collectivite, facture.statut) == (lot, eau, boe, "publiee")
    assert (facture.publiee_le, facture.montant, facture.reste_du) == (
        lot.publie_le,
        Decimal("243.11"),
        Decimal("243.11"),
    )
    assert (avoir.nature, avoir.montant, avoir.reste_du, facture.nature) == ("avoir", Decimal("-12.50"), 0, "facture")
    assert (facture.reference, facture.exercice, facture.objet) == ("XA", 2026, "Eau, 1er semestre")
    assert (facture.date_emission, facture.date_prelevement) == (date(2026, 11, 2), None)
    redevable = facture.redevable
    assert (redevable.source, redevable.code, redevable.nom, redevable.ville) == ("EAU-SOFT", "C1", "LŒUVRE", "Boé")
    assert (redevable.courriel, redevable.mode_envoi) == ("elodie@exemple.fr", "papier")
    assert (Redevable.objects.count(), avoir.redevable) == (2, redevable)


def test_la_facture_publiee_se_voit_chez_la_personne_rattachee_seulement(boe, eau, ada, bob, connecter):
    redevable = factories.redevable(boe, ada, source="EAU-SOFT", code="C1", nom="LŒUVRE", prenom="Élodie")
    lot = analyser(eau, rangee("2026-A"))
    assert b"2026-A" not in connecter(ada, chez=boe).get("/factures/").content
    lots.publier(lot=lot)
    assert b"2026-A" in connecter(ada, chez=boe).get("/factures/").content
    assert b"2026-A" not in connecter(bob, chez=boe).get("/factures/").content
    assert Facture.objects.get().redevable == redevable


@pytest.mark.sqlite
def test_publier_deux_fois_publie_une_fois(eau):
    lot = publier(eau, rangee("A"))
    entrees = Journal.objects.count()
    assert (lots.publier(lot=lot), visibles(), Journal.objects.count()) == (False, ["A"], entrees)


@pytest.mark.sqlite
def test_une_ligne_rejetee_et_rien_n_est_publie_sauf_si_on_l_accepte(eau):
    lot = analyser(eau, rangee("A"), rangee("B", montant="?"))
    with pytest.raises(lots.PublicationImpossible):
        lots.publier(lot=lot)
    assert (relu(lot).etat, visibles(), Facture.objects.count()) == ("a-verifier", [], 0)
    assert lots.publier(lot=lot, malgre_les_rejets=True)
    assert visibles() == ["A"]


def test_un_conflit_accepte_reste_de_cote(boe, eau, facture):
    lot = analyser(eau, par_date(facture) | {"montant": "1,00", "nom": "CHANGÉ"}, rangee("A"))
    assert lots.publier(lot=lot, malgre_les_rejets=True)
    facture.refresh_from_db()
    assert (facture.montant, facture.redevable.nom, visibles()) == (
        Decimal("243.11"),
        "LOVELACE",
        sorted(["A", facture.numero]),
    )


@pytest.mark.sqlite
def test_une_facture_que_personne_n_a_lue_est_corrigee_sans_changer_le_reste(eau, facture):
    publiee_le = Facture.objects.get().publiee_le
    lot = publier(eau, par_date(facture) | {"objet": "Relevé corrigé", "date_echeance": "24/12/2026", "ville": ""})
    corrigee = Facture.objects.get()
    assert (corrigee.uuid, corrigee.objet, corrigee.date_echeance) == (
        facture.uuid,
        "Relevé corrigé",
        date(2026, 12, 24),
    )
    assert (corrigee.montant, corrigee.publiee_le, corrigee.lot) == (facture.montant, publiee_le, None)
    assert (corrigee.redevable.ville, lot.bilan["modifiee"]["nombre"]) == ("Boé", 1)
    assert LigneImport.objects.get().avant == {"objet": facture.objet, "date_echeance": f"{facture.date_echeance}"}


def test_le_fichier_met_a_jour_le_redevable_mais_jamais_son_mode_d_envoi(boe, eau):
    for code, mode in (("C1", "papier"), ("C2", "electronique")):
        factories.redevable(boe, source="EAU-SOFT", code=code, nom="ANCIEN", courriel="", mode_envoi=mode)
    lot = publier(eau, rangee("A"), rangee("B", code_redevable="C2", courriel="", ville=""))
    assert lot.bilan["redevables_modifies"] == 2
    champs = ("code", "nom", "ville", "courriel", "mode_envoi")
    assert sorted(Redevable.objects.values_list(*champs)) == [
        ("C1", "LŒUVRE", "Boé", "elodie@exemple.fr", "papier"),
        ("C2", "LŒUVRE", "Boé", "", "electronique"),
    ]


@pytest.mark.sqlite
def test_une_facture_apparue_depuis_l_analyse_arrete_la_publication(boe, eau):
    lot = analyser(eau, rangee("A"), rangee("B"))
    intruse = factories.facture(factories.redevable(boe), eau, numero="B")
    with pytest.raises(lots.PublicationImpossible, match="ont changé depuis l'analyse"):
        lots.publier(lot=lot)
    assert (relu(lot).etat, visibles(), list(Facture.objects.all())) == ("a-verifier", ["B"], [intruse])
    lots.reprendre(lot=lot)
    lots.analyser(lot=relu(lot))
    assert sorts(lot)["A"] == ("nouvelle", "")
    assert sorts(lot)["B"][0] == "conflit"


@pytest.mark.parametrize("geste", ["lue", "marquee", "payee", "changee"])
def test_une_facture_touchee_depuis_l_analyse_arrete_la_publication(eau, facture, ada, geste):
    lot = analyser(eau, par_date(facture) | {"objet": "Autre chose"}, rangee("A"))
    if geste == "changee":
        Facture.objects.update(objet="Changée à la main")
    else:
        toucher(facture, ada, geste)
    with pytest.raises(lots.PublicationImpossible, match="ont changé depuis l'analyse"):
        lots.publier(lot=lot)
    assert (visibles(), Facture.objects.get().objet == "Autre chose") == ([facture.numero], False)


# Revenir en arrière.


@pytest.mark.sqlite
def test_annuler_une_publication_rend_tout_comme_avant(boe, eau, facture):
    ancien = factories.redevable(boe, source="EAU-SOFT", code="C1", nom="ANCIEN", courriel="")
    lot = publier(eau, rangee("A"), par_date(facture) | {"objet": "Autre chose"})
    assert lots.annuler_publication(lot=lot)
    assert (relu(lot).etat, visibles()) == ("annule", [facture.numero])
    facture.refresh_from_db()
    ancien.refresh_from_db()
    assert (facture.objet, ancien.nom, ancien.courriel) == ("Consommation d'eau", "ANCIEN", "")
    assert lots.annuler_publication(lot=lot) is False
    assert visibles() == sorted([facture.numero])
    assert publier(eau, rangee("A"), par_date(facture) | {"objet": "Autre chose"}).pk != lot.pk


@pytest.mark.parametrize("geste", ["lue", "marquee", "payee"])
@pytest.mark.parametrize("laquelle", ["A", "2026-EAU-1317"])
def test_une_seule_facture_touchee_et_la_publication_ne_s_annule_plus(eau, facture, ada, geste, laquelle):
    lot = publier(eau, rangee("A"), rangee("B"), par_date(facture) | {"objet": "Autre chose"})
    toucher(Facture.objects.get(numero=laquelle), ada, geste)
    with pytest.raises(lots.AnnulationImpossible, match=r"lue") as refus:
        lots.annuler_publication(lot=lot)
    assert (relu(lot).etat, len(visibles())) == ("publie", 3)
    if laquelle == "A":
        assert str(refus.value) == "1 facture(s) de ce lot ont déjà été lues ou payées."


@pytest.mark.sqlite
@pytest.mark.parametrize("jusqu_ou", ["depose", "en-analyse", "a-verifier", "en-publication"])
def test_renoncer_ne_laisse_rien_et_le_fichier_peut_revenir(eau, jusqu_ou):
    lot = deposer(eau, rangee("A"))
    if jusqu_ou != "depose":
        lots.analyser(lot=lot)
        LotImport.objects.update(etat=jusqu_ou)
    if jusqu_ou == "en-publication":
        lots.publication._preparer(lot, 0, 100)
        assert Facture.objects.count() == 1
    lots.renoncer(lot=lot)
    assert (relu(lot).etat, Facture.objects.count(), LigneImport.objects.count()) == ("abandonne", 0, 0)
    for geste in (lots.renoncer, lots.analyser, lots.publier):
        with pytest.raises(lots.LotIndisponible):
            geste(lot=lot)
    assert publier(eau, rangee("A")).etat == "publie"


def test_un_lot_publie_ne_s_abandonne_pas(eau):
    lot = publier(eau, rangee("A"))
    with pytest.raises(lots.LotIndisponible):
        lots.renoncer(lot=lot)
    assert visibles() == ["A"]


# Déposer.


@pytest.mark.sqlite
def test_le_meme_contenu_ne_se_depose_qu_une_fois_par_service(boe, eau):
    premier = deposer(eau, rangee("A"), libelle="janvier.csv")
    with pytest.raises(lots.DejaDepose) as deja:
        deposer(eau, rangee("A"), libelle="autre nom.csv")
    assert deja.value.lot == premier
    assert str(deja.value) == f"Ce fichier est déjà celui du lot {premier.pk} (déposé)."
    assert deposer(factories.regie(boe), rangee("A")).pk != premier.pk
    assert deposer(eau, rangee("B")).pk != premier.pk
    assert LotImport.objects.count() == 3


def test_le_fichier_depose_est_range_sous_un_nom_a_nous(eau):
    lot = deposer(eau, rangee("A"), libelle="../" * 100 + "etc/passwd")
    assert lot.fichier.name.startswith(f"lots/{lot.pk}/factures")
    assert len(lot.libelle) == 120
    with lot.fichier.open("rb") as fichier:
        assert fichier.read().startswith(b"source;code_redevable;")


@pytest.mark.sqlite
def test_la_base_refuse_un_etat_inconnu_et_une_publication_sans_date(eau):
    lot = deposer(eau, rangee("A"))
    for champs in ({"etat": "envolé"}, {"etat": "publie"}, {"publie_le": "2026-01-01T00:00:00Z"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            LotImport.objects.filter(pk=lot.pk).update(**champs)


def test_le_journal_raconte_le_lot_sans_un_nom(eau):
    lot = publier(eau, rangee("A"))
    lots.annuler_publication(lot=lot)
    faits = Journal.objects.filter(objet="factures.lotimport").order_by("pk")
    assert [f.action for f in faits] == [
        *("lot.depose", "lot.en-analyse", "lot.a-verifier", "lot.en-publication", "lot.publie", "lot.annule")
    ]
    assert {f.collectivite for f in faits} == {eau.collectivite_id}
    assert faits[4].apres["bilan"]["nouvelle"] == {"nombre": 1, "centimes": 24311}
    assert "UVRE" not in str([f.apres for f in Journal.objects.all()])
