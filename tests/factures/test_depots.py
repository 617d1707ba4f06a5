"""Un fichier de règlements reçus ailleurs : lu, rapproché, enregistré une fois, repris s'il le faut."""

import contextlib
import io
from datetime import date, timedelta
from decimal import Decimal

import factories
import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from factures.etats import Moyen, Statut
from factures.etats.depots import TRANSITIONS_DEPOT, EtatDepot
from factures.imports import FichierRefuse
from factures.imports.reglements import COLONNES, LIGNES_MAXIMUM, comprendre, lire
from factures.models import DepotReglements, Facture, Reglement
from factures.services import annuler, depots, encaisser, enregistrer, rejeter, rembourser
from factures.services.depots import depot as services_de_depot
from factures.services.depots import enregistrement
from portail.ajout_seul import levee
from portail.models import Journal
from tests.factures.outils_manuel import recu
from tests.factures.test_a_la_main import en_paiement
from tests.paiement_tipi.outils_courses import RendezVous, avant, ensemble, sans_contrainte, sans_verrous

ENTETE = ";".join(COLONNES)


def fichier(*lignes, entete=ENTETE):
    return io.BytesIO("\n".join((entete, *lignes)).encode())


def deposer(eau, *lignes):
    return depots.deposer(regie=eau, fichier=fichier(*lignes), libelle="reglements.csv")


def ligne(numero="2026-EAU-1317", montant="43,11", moyen="cheque", bordereau="B-1", jour="02/03/2026"):
    return f"{numero};;{montant};{jour};{moyen};{bordereau};"


def sorts(depot):
    return [(li.sort, str(li.surplus), li.motif) for li in depot.lignes.all()]


def solde(facture):
    facture.refresh_from_db()
    return str(facture.reste_du), str(facture.trop_percu)


# Lire.


def test_chaque_ligne_se_comprend_ou_dit_tout_ce_qui_ne_va_pas():
    titres = "Numéro de facture;Montant;Date de paiement;Mode de paiement;N° de bordereau"
    lues = [comprendre(r) for r in lire(fichier("A1;1 234,50 €;3/2/2026;Chèque;B1", ";-1;1/2/26;troc;", entete=titres))]
    assert (lues[0].numero, lues[0].montant, lues[0].jour, lues[0].moyen, lues[0].bordereau) == (
        "A1", Decimal("1234.50"), date(2026, 2, 3), "cheque", "B1",
    )  # fmt: skip
    for defaut in ("négatif", "quatre chiffres", "« troc » est inconnu", "ni le numéro ni la référence"):
        assert defaut in lues[1]


def test_un_classeur_se_lit_comme_un_csv_dates_et_nombres_compris():
    classeur, sortie = Workbook(), io.BytesIO()
    classeur.active.append(["numero", "montant", "date", "moyen"])
    classeur.active.append(["2026-EAU-1317", 43.11, date(2026, 3, 2), "espèces"])
    classeur.save(sortie)
    [lue] = map(comprendre, lire(sortie))
    assert (lue.montant, lue.jour, lue.moyen) == (Decimal("43.11"), date(2026, 3, 2), "especes")


@pytest.mark.parametrize(
    ("contenu", "phrase"),
    [
        (b"", "vide"),
        (b"numero;montant\n1;2", "Il manque des colonnes : date, moyen"),
        (b"<?xml version='1.0'?><x/>", "CSV, XLSX ou ODS"),
        (b"PK\x03\x04rien", "CSV, XLSX ou ODS"),
        (f"{ENTETE}\n{ligne()}\n".encode() * 1 + f"{ligne()}\n".encode() * LIGNES_MAXIMUM, "plus de 5000 lignes"),
    ],
)
def test_un_fichier_qui_n_en_est_pas_un_est_refuse_avec_une_phrase(contenu, phrase):
    with pytest.raises(FichierRefuse, match=phrase):
        list(lire(io.BytesIO(contenu)))


@given(st.binary(max_size=200), st.booleans())
def test_n_importe_quels_octets_se_lisent_ou_se_refusent(octets, en_tete):
    debut = f"{ENTETE}\n".encode() if en_tete else b""
    with contextlib.suppress(FichierRefuse):
        assert all(comprendre(rangee) for rangee in lire(io.BytesIO(debut + octets)))


# Rapprocher.


@pytest.mark.sqlite
def test_chaque_ligne_a_son_sort_et_les_totaux_sont_justes(boe, ada, eau, facture):
    redevable = factories.redevable(boe, ada)
    payee = factories.facture(redevable, eau, numero="P", reste_du=Decimal(0))
    factories.facture(redevable, eau, numero="B", statut=Statut.BROUILLON, publiee_le=None)
    factories.facture(redevable, eau, numero="AV", montant=Decimal(-5))
    factories.facture(redevable, eau, numero="AN", statut=Statut.ANNULEE, motif_annulation="Erreur")
    factories.facture(redevable, factories.regie(boe), numero="AILLEURS")
    enregistrer(facture=facture, recu=recu("0.11"))
    demain = f"{boe.aujourd_hui() + timedelta(days=1):%d/%m/%Y}"
    depot = deposer(
        eau, ligne(montant="200"), ligne(montant="50"), ligne(montant="200"), ligne(montant="0,11"), ligne("P", "9"),
        ligne("AN"), ligne("B"), ligne("AV"), ligne("AILLEURS"), ligne("X"),
        f"P;{facture.reference};1;02/03/2026;carte;;", f";{payee.reference};1;02/03/2026;carte;;", ligne(jour=demain),
        ligne(moyen="troc"), "A;B",
    )  # fmt: skip
    obtenus = [(sort, surplus) for sort, surplus, _motif in sorts(depot)]
    assert obtenus == [
        ("rapproche", "0.00"), ("trop-percu", "7.00"), ("deja", "0.00"), ("deja", "0.00"), ("trop-percu", "9.00"),
        ("trop-percu", "43.11"), ("sans-facture", "0.00"), ("sans-facture", "0.00"), ("sans-facture", "0.00"),
        ("sans-facture", "0.00"), ("sans-facture", "0.00"), ("trop-percu", "1.00"), ("fautive", "0.00"),
        ("fautive", "0.00"), ("fautive", "0.00"),
    ]  # fmt: skip
    motifs = [motif for _sort, _surplus, motif in sorts(depot)]
    for rang, mots in ((2, "ligne 2"), (4, "déjà payée"), (5, "annulée"), (6, "publiée"), (10, "même facture")):
        assert mots in motifs[rang]
    assert [(sort, n, str(euros), str(surplus)) for sort, n, euros, surplus in depots.bilan(depot)][:2] == [
        ("rapproche", 1, "200.00", "0.00"),
        ("trop-percu", 4, "103.11", "60.11"),
    ]
    assert facture.reglements.count() == 1
    a_corriger = depots.a_corriger(depot).splitlines()
    assert (len(a_corriger), "troc" in a_corriger[-2]) == (9, True)
    depots.relire(depot=depot)
    assert [(sort, surplus) for sort, surplus, _motif in sorts(depot)] == obtenus


@pytest.mark.sqlite
def test_enregistrer_solde_les_factures_et_signale_ce_qui_depasse(eau, facture, ada):
    part = en_paiement(facture, ada)
    depot = deposer(eau, ligne(montant="243,11"), ligne("INCONNUE"))
    assert "paiement en ligne est en cours" in sorts(depot)[0][2]
    with pytest.raises(depots.DepotIndisponible, match="dites que vous les laissez"):
        depots.enregistrer(depot=depot)
    assert [depots.enregistrer(depot=depot, laisser=True) for _ in range(2)] == [True, False]
    lue = Facture.objects.avec_etat(date.today()).get(pk=facture.pk)
    assert (lue.etat, lue.empechement, solde(facture)) == ("payee", "DEJA_PAYEE", ("0.00", "0.00"))
    # Le paiement en ligne qui était parti aboutit : il n'est pas perdu, il est à rendre.
    encaisser(facture=facture, montant=part.montant, moyen=Moyen.CARTE, origine="payfip:1", recu_le=timezone.now())
    assert solde(facture) == ("0.00", "243.11")
    recus = Reglement.objects.get(depot=depot)
    assert (recus.moyen, recus.bordereau, recus.recu_le.date()) == ("cheque", "B-1", date(2026, 3, 2))
    faits = Journal.objects.filter(objet="factures.depotreglements").order_by("pk").values_list("action", flat=True)
    assert list(faits) == ["depot.depose", "depot.enregistre"]


@pytest.mark.sqlite
def test_le_meme_fichier_la_meme_ligne_le_meme_argent_ne_comptent_qu_une_fois(eau, facture):
    depot = deposer(eau, ligne())
    with pytest.raises(depots.DejaDepose) as deja:
        deposer(eau, ligne())
    assert deja.value.depot == depot
    enregistrer(facture=facture, recu=recu("43.11"))  # le même chèque, saisi à la main entre-temps
    with pytest.raises(depots.DepotIndisponible, match="vient d'être refait"):
        depots.enregistrer(depot=depot)
    assert (sorts(depot)[0][0], solde(facture)) == ("deja", ("200.00", "0.00"))
    with pytest.raises(depots.DepotIndisponible, match="rien à enregistrer"):
        depots.enregistrer(depot=depot)
    suite = deposer(eau, ligne(), ligne(montant="100"))
    assert depots.enregistrer(depot=suite) is True
    assert solde(facture) == ("100.00", "0.00")


@pytest.mark.sqlite
def test_annuler_reprend_tout_par_le_contraire_et_le_fichier_peut_revenir(eau, facture):
    depot = deposer(eau, ligne(), ligne(montant="300"))
    depots.enregistrer(depot=depot)
    assert solde(facture) == ("0.00", "100.00")
    assert [depots.annuler(depot=depot, motif="Mauvais fichier") for _ in range(2)] == [True, False]
    assert (solde(facture), Reglement.objects.count()) == (("243.11", "0.00"), 4)
    assert {(r.sens, r.motif) for r in Reglement.objects.filter(reprend__isnull=False)} == {
        ("rejet", "Mauvais fichier")
    }
    de_nouveau = deposer(eau, ligne(), ligne(montant="300"))
    assert depots.enregistrer(depot=de_nouveau) is True
    assert solde(facture) == ("0.00", "100.00")


@pytest.mark.sqlite
def test_annuler_laisse_ce_qui_est_deja_repris_et_refuse_ce_qui_est_deja_rendu(eau, facture):
    depot = deposer(eau, ligne(), ligne(montant="300"))
    depots.enregistrer(depot=depot)
    rejeter(reglement=Reglement.objects.get(montant=Decimal("43.11")), motif="Impayé")
    rembourser(facture=facture, recu=recu("56.89"), motif="Payée deux fois")
    with pytest.raises(depots.DepotIndisponible, match="déjà été rendu"):
        depots.annuler(depot=depot, motif="x")
    assert (depot.etat, solde(facture)) == ("enregistre", ("0.00", "0.00"))
    enregistrer(facture=facture, recu=recu("56.89", moyen="especes"))
    assert depots.annuler(depot=depot, motif="x") is True
    assert solde(facture) == ("243.11", "0.00")


@pytest.mark.sqlite
def test_renoncer_ne_laisse_rien_et_une_facture_annulee_entre_temps_fait_revoir(eau, facture):
    depot = deposer(eau, ligne())
    annuler(factures=[facture], motif="Erreur")
    with pytest.raises(depots.DepotIndisponible, match="vient d'être refait"):
        depots.enregistrer(depot=depot)
    assert sorts(depot)[0][:2] == ("trop-percu", "43.11")
    depots.renoncer(depot=depot)
    assert (depot.lignes.count(), DepotReglements.objects.get().etat) == (0, "abandonne")
    for service in (depots.enregistrer, depots.relire, depots.renoncer):
        with pytest.raises(depots.DepotIndisponible):
            service(depot=depot)
    with pytest.raises(depots.DepotIndisponible, match="rien enregistré"):
        depots.annuler(depot=depot, motif="x")
    assert deposer(eau, ligne()).pk != depot.pk


@pytest.mark.sqlite
@pytest.mark.parametrize("nombre", [1, 30])
def test_enregistrer_coute_autant_pour_une_ligne_que_pour_trente(boe, ada, eau, nombre, django_assert_max_num_queries):
    redevable = factories.redevable(boe, ada)
    for n in range(nombre):
        factories.facture(redevable, eau, numero=f"N{n}")
    depot = deposer(eau, *[ligne(f"N{n}") for n in range(nombre)])
    with django_assert_max_num_queries(20):
        depots.enregistrer(depot=depot)
    with django_assert_max_num_queries(20):
        depots.annuler(depot=depot, motif="x")
    assert Facture.objects.filter(reste_du=Decimal("243.11")).count() == nombre


def test_chaque_etat_d_un_depot_a_ses_suites():
    assert set(TRANSITIONS_DEPOT) == set(EtatDepot)


# Deux agents à la même seconde.

courses = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite n'a qu'un écrivain : rien à courir.")


def deux_fichiers(eau, monkeypatch, *, verrou):
    """Deux agents enregistrent à la même seconde deux fichiers qui ont une ligne commune."""
    deux = [deposer(eau, ligne()), deposer(eau, ligne(), "")]
    avant(monkeypatch, enregistrement, "resolder", RendezVous(2, verrou=verrou).attendre)
    return ensemble(*[lambda d=d: depots.enregistrer(depot=DepotReglements.objects.get(pk=d.pk)) for d in deux])


@pytest.mark.parametrize("verrous", [True, False], ids=["verrous", "index unique seul"])
@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@courses
def test_une_ligne_de_deux_fichiers_a_la_meme_seconde_ne_compte_qu_une_fois(eau, facture, monkeypatch, verrous):
    if not verrous:
        sans_verrous(monkeypatch)
    issues = deux_fichiers(eau, monkeypatch, verrou=True)
    assert sorted(str(type(issue).__name__) for issue in issues) == ["DepotIndisponible", "bool"]
    assert (Reglement.objects.count(), solde(facture)) == (1, ("200.00", "0.00"))


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@courses
def test_temoin_sans_verrou_ni_index_la_ligne_compte_deux_fois(eau, facture, monkeypatch):
    sans_verrous(monkeypatch)
    with sans_contrainte(Reglement, "reglement_une_fois_par_origine"):
        assert deux_fichiers(eau, monkeypatch, verrou=False) == [True, True]
        assert Reglement.objects.count() == 2
        with levee():
            Reglement.objects.all().delete()
        facture.save(update_fields=["reste_du"])


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@courses
def test_le_meme_fichier_depose_a_la_meme_seconde_ne_fait_qu_un_depot(eau, facture, monkeypatch):
    avant(monkeypatch, services_de_depot, "_rapprochees", RendezVous(2, verrou=True).attendre)
    issues = ensemble(*[lambda: deposer(eau, ligne())] * 2)
    assert sorted(type(issue).__name__ for issue in issues) == ["DejaDepose", "DepotReglements"]
    assert DepotReglements.objects.count() == 1
