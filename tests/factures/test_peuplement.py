"""Le peuplement : rapide, exact au centime, reproductible, et impossible hors d'une installation d'essai."""

from datetime import timedelta
from decimal import Decimal

import factories
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Case, Count, F, Max, Min, Q, Sum, When

from comptes.models import Rattachement, Redevable, Usager
from factures.etats import EtatFacture
from factures.models import Declaration, Facture, LigneFacture, Reglement
from factures.services import peuplement
from factures.services.peuplement import insertion
from factures.services.peuplement.tirage import ANCIENNES, RECENTES, SERVICES, redevable_de, tirer
from portail.ajout_seul import MESSAGE
from portail.models import Journal

RECU_NET = Sum(
    Case(When(reglements__sens="encaissement", then=F("reglements__montant")), default=-F("reglements__montant")),
    default=Decimal(0),
)


def peupler(chez, factures=400, **options):
    peuplement.peupler(collectivite=chez, factures=factures, **options)


def resume() -> list[tuple]:
    """De quoi reconnaître les mêmes factures, leurs sommes et leurs dates, sans leurs clés."""
    colonnes = (
        "numero",
        "uuid",
        "regie__code",
        "redevable__code",
        "objet",
        "statut",
        "nature",
        "publiee_le",
        "reste_du",
    )
    lignes = Facture.objects.order_by("regie__code", "numero").annotate(
        lignes_=Count("lignes", distinct=True), recus=Count("reglements", distinct=True)
    )
    return [
        *lignes.values_list(*colonnes, "montant", "trop_percu", "date_emission", "date_echeance", "lignes_", "recus"),
        *Reglement.objects.order_by("facture__numero", "origine").values_list("montant", "sens", "moyen", "recu_le"),
        *LigneFacture.objects.order_by("facture__numero", "rang").values_list("libelle", "montant"),
        *Declaration.objects.order_by("facture__numero").values_list("facture__numero", "usager__email"),
    ]


@pytest.mark.sqlite
def test_tous_les_etats_que_la_facturation_connait(boe):
    peupler(boe, 2000)
    factories.suspendre(boe.regies.get(code="CRECHE"))
    factures = Facture.objects.exclude(statut="brouillon").avec_etat(boe.aujourd_hui())
    # La marque est celle d'une personne, et un paiement en cours l'affaire de paiement_tipi.
    assert {f.etat for f in factures} == set(EtatFacture.values) - {"declaree", "en-cours"}
    assert set(Facture.objects.values_list("statut", flat=True)) == {"brouillon", "publiee", "annulee"}
    assert Facture.objects.filter(trop_percu__gt=0).exists()
    assert Reglement.objects.filter(sens="rejet").exists()


@pytest.mark.sqlite
def test_le_reste_du_est_le_solde_des_reglements_au_centime(boe):
    peupler(boe, 2000)
    factures = Facture.objects.filter(nature="facture").annotate(solde=F("montant") - RECU_NET)
    assert factures.filter(Q(solde__gte=0) & ~Q(reste_du=F("solde"), trop_percu=0)).count() == 0
    assert factures.filter(Q(solde__lt=0) & ~Q(trop_percu=-F("solde"), reste_du=0)).count() == 0
    assert Reglement.objects.filter(facture__nature="avoir").count() == 0


@pytest.mark.sqlite
def test_les_lignes_font_le_montant(boe):
    peupler(boe, 500)
    assert Facture.objects.annotate(somme=Sum("lignes__montant")).exclude(somme=F("montant")).count() == 0


@pytest.mark.sqlite
def test_cinq_ans_de_dates_et_rien_de_recu_demain(boe):
    peupler(boe, 2000)
    dates = Facture.objects.aggregate(premiere=Min("date_emission"), derniere=Max("date_emission"))
    aujourd_hui = boe.aujourd_hui()
    assert aujourd_hui - timedelta(days=5 * 365) <= dates["premiere"] < aujourd_hui - timedelta(days=4 * 365)
    assert aujourd_hui - timedelta(days=30) < dates["derniere"] < aujourd_hui
    assert Reglement.objects.filter(recu_le__date__gte=aujourd_hui).count() == 0
    assert Reglement.objects.filter(recu_le__date__lt=F("facture__date_emission")).count() == 0


@pytest.mark.sqlite
def test_un_redevable_pour_vingt_factures_et_des_comptes_ou_personne_ne_se_connecte(boe):
    peupler(boe, 2100)
    assert (Redevable.objects.count(), Usager.objects.count(), Rattachement.objects.count()) == (105, 5, 5)
    assert {u.has_usable_password() for u in Usager.objects.all()} == {False}
    tailles = set(Redevable.objects.annotate(n=Count("factures")).values_list("n", flat=True))
    assert tailles == {4, 12, 20, 24, 40}


@pytest.mark.sqlite
def test_quelques_factures_sont_marquees_par_la_personne_qui_les_voit(boe):
    peupler(boe, 2100)
    marquees = Declaration.objects.filter(facture__redevable__rattachements__usager=F("usager"))
    assert marquees.count() == Declaration.objects.count() > 0


@pytest.mark.sqlite
def test_la_meme_graine_redonne_les_memes_factures_et_une_autre_d_autres(boe):
    faits = []
    for graine in (1, 1, 2):
        with transaction.atomic():
            peupler(boe, graine=graine)
            faits.append(resume())
            transaction.set_rollback(True)
    assert faits[0] == faits[1]
    assert faits[0] != faits[2]


def test_copy_et_insert_ecrivent_la_meme_chose(boe, monkeypatch):
    """Sur SQLite, les deux sont INSERT : la comparaison n'a de sens que sur PostgreSQL, où elle tourne toujours."""
    with transaction.atomic():
        peupler(boe)
        copie = resume()
        transaction.set_rollback(True)
    monkeypatch.setattr(peuplement, "inserer", insertion.inserer_par_paquets)
    peupler(boe)
    assert resume() == copie


@pytest.mark.sqlite
def test_on_ajoute_a_ce_qui_est_deja_la_sans_y_toucher(boe, facture):
    peupler(boe, 150)
    avant = resume()
    peupler(boe, 150)
    assert set(avant) <= set(resume())
    assert Facture.objects.count() == 301
    assert Redevable.objects.filter(source="PEUPLER").count() == 9 + 9


@pytest.mark.sqlite
def test_les_contraintes_et_les_declencheurs_restent_en_place(boe, facture):
    peupler(boe, 100)
    with pytest.raises(Exception, match=MESSAGE), transaction.atomic():
        Reglement.objects.update(montant=1)
    # Une facture écrite après prend une clé libre.
    assert Facture.objects.filter(pk__gt=facture.pk).count() == 100
    facture.pk, facture.uuid, facture.numero, facture.reference = None, tirer("x", 1).uuid, "APRES", "APRES-1"
    facture.save()


@pytest.mark.sqlite
def test_une_seule_entree_au_journal(boe):
    peupler(boe, 100, graine=7)
    (entree,) = Journal.objects.all()
    assert (entree.action, entree.collectivite) == ("collectivite.peuplee", boe.pk)
    assert entree.apres == {"factures": 100, "premier_rang": 0, "graine": 7}


@pytest.mark.sqlite
def test_interrompue_elle_n_a_rien_ecrit(boe, monkeypatch):
    monkeypatch.setattr(peuplement, "PAR_LOT", 100)

    def couper(faites):
        if faites == 200:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        peupler(boe, 300, progres=couper)
    assert (Facture.objects.count(), Redevable.objects.count(), Usager.objects.count()) == (0, 0, 0)


@pytest.mark.sqlite
def test_la_coupe_en_lots_ne_change_rien(boe, monkeypatch):
    with transaction.atomic():
        peupler(boe)
        d_un_coup = resume()
        transaction.set_rollback(True)
    monkeypatch.setattr(peuplement, "PAR_LOT", 100)
    peupler(boe)
    assert resume() == d_un_coup


def test_les_urnes_ont_cent_issues():
    assert (len(RECENTES), len(ANCIENNES)) == (100, 100)


def test_le_tirage_ne_depend_que_de_la_graine_et_du_rang():
    assert tirer("1:M470310001", 12) == tirer("1:M470310001", 12)
    assert len({tirer("1:M470310001", rang).uuid for rang in range(1000)}) == 1000
    assert {tirer("1:M470310001", rang).code for rang in range(50)} == set(SERVICES)


def test_cent_factures_font_cinq_redevables():
    assert [redevable_de(rang) for rang in (0, 3, 4, 99, 100, 250)] == [0, 0, 1, 4, 5, 13]


# La commande.


@pytest.mark.sqlite
def test_la_commande_peuple_la_commune_par_defaut_ou_celle_qu_on_nomme(boe, ailleurs, capsys):
    call_command("peupler", "--factures", "100")
    call_command("peupler", "--factures", "200", "--collectivite", ailleurs.lien)
    assert (boe.factures.count(), ailleurs.factures.count()) == (100, 200)
    assert "200 / 200" in capsys.readouterr().out


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("options", "phrase"),
    [
        (("--factures", "0"), "au moins 1"),
        (("--factures", "10", "--collectivite", "M000000000"), "Aucune commune M000000000"),
    ],
)
def test_une_demande_impossible_est_refusee_en_une_phrase(boe, options, phrase):
    with pytest.raises(CommandError, match=phrase):
        call_command("peupler", *options)


@pytest.mark.sqlite
def test_sans_demo_rien_n_est_ecrit(boe, settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="que pour la démonstration"):
        call_command("peupler", "--factures", "10")
    assert not Facture.objects.exists()


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "adresse", ["https://factures.exemple.fr", "http://10.0.0.1:8000", "https://localhost.exemple.fr"]
)
def test_meme_avec_demo_une_base_qui_a_une_commune_publique_est_refusee(boe, ailleurs, adresse):
    type(ailleurs).objects.filter(pk=ailleurs.pk).update(adresse=adresse)
    with pytest.raises(CommandError, match="a une adresse publique"):
        call_command("peupler", "--factures", "10")
    assert not Facture.objects.exists()


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "adresse", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:8000", "http://boe.localhost"]
)
def test_une_adresse_de_la_machine_est_acceptee(boe, adresse):
    type(boe).objects.update(adresse=adresse)
    call_command("peupler", "--factures", "10")
    assert Facture.objects.count() == 10


@pytest.mark.postgresql
def test_les_statistiques_sont_a_jour_a_la_fin(boe):
    peupler(boe, 500)
    with connection.cursor() as curseur:
        curseur.execute("SELECT reltuples FROM pg_class WHERE relname = 'factures_facture'")
        assert curseur.fetchone()[0] >= 500
