"""Les comptes : une adresse sous une seule forme, des redevables uniques par commune et par logiciel."""

import factories
import pytest
from django.db import IntegrityError, transaction

from comptes.models import Redevable, Usager, normaliser_courriel


@pytest.mark.parametrize(
    ("ecrite", "unique"),
    [
        ("ada@exemple.fr", "ada@exemple.fr"),
        ("  ADA@Exemple.FR ", "ada@exemple.fr"),
        ("ada@exemple.fr.", "ada@exemple.fr"),
        ("ａｄａ@exemple.fr", "ada@exemple.fr"),
        ("ada\u00a0@exemple.fr", "ada @exemple.fr"),
        ("e\u0301lodie@exemple.fr", "\u00e9lodie@exemple.fr"),
        ("ﬁona@exemple.fr", "fiona@exemple.fr"),
        ("ada+eau@exemple.fr", "ada+eau@exemple.fr"),
        ("", ""),
    ],
)
def test_une_adresse_n_a_qu_une_forme(ecrite, unique):
    assert normaliser_courriel(ecrite) == unique
    assert normaliser_courriel(unique) == unique


@pytest.mark.sqlite
@pytest.mark.django_db
def test_deux_ecritures_de_la_meme_adresse_ne_font_pas_deux_comptes():
    Usager.objects.create_user("Ada@exemple.fr", nom="A")
    with pytest.raises(IntegrityError), transaction.atomic():
        Usager.objects.create_user(" ada@EXEMPLE.fr", nom="B")


@pytest.mark.sqlite
@pytest.mark.django_db
def test_la_base_refuse_une_adresse_en_majuscules():
    with pytest.raises(IntegrityError), transaction.atomic():
        Usager.objects.create(email="ADA@exemple.fr", nom="A")


@pytest.mark.django_db
def test_un_compte_sans_mot_de_passe_n_en_a_aucun_de_bon():
    usager = Usager.objects.create_user("ada@exemple.fr", nom="A")
    assert (usager.has_usable_password(), usager.check_password("")) == (False, False)


@pytest.mark.django_db
def test_un_exploitant_est_agent_et_superutilisateur():
    exploitant = Usager.objects.create_superuser("op@exemple.fr", "secret", nom="OP")
    assert (exploitant.is_staff, exploitant.is_superuser, exploitant.is_active) == (True, True, True)


@pytest.mark.django_db
def test_la_cle_naturelle_est_l_adresse_sous_toutes_ses_ecritures():
    usager = Usager.objects.create_user("ada@exemple.fr", nom="A")
    assert Usager.objects.get_by_natural_key("ADA@exemple.fr ") == usager
    with pytest.raises(Usager.DoesNotExist):
        Usager.objects.get_by_natural_key(None)


def test_nettoyer_un_compte_met_son_adresse_en_forme():
    usager = Usager(email=" ADA@exemple.fr", nom="A")
    usager.clean()
    assert usager.email == "ada@exemple.fr"


def test_les_noms_sont_ceux_de_la_navigation_et_du_courrier():
    usager = Usager(prenom="Test", nom="SISTEC560")
    redevable = Redevable(civilite="Madame", nom="SISTEC560", prenom="Test", source="DEMO", code="1")
    assert (usager.get_full_name(), str(usager), usager.get_short_name()) == (
        "Test SISTEC560",
        "Test SISTEC560",
        "Test",
    )
    assert (Usager(nom="MAIRIE").get_full_name(), Usager(nom="MAIRIE").get_short_name()) == ("MAIRIE", "MAIRIE")
    assert (redevable.nom_complet, str(redevable)) == ("Madame SISTEC560 Test", "Madame SISTEC560 Test (DEMO 1)")
    assert Redevable(nom="SCI DU PORT").nom_complet == "SCI DU PORT"


@pytest.mark.sqlite
def test_un_code_client_est_unique_par_commune_et_par_logiciel(boe, ailleurs):
    factories.redevable(boe, source="EAU", code="1")
    factories.redevable(boe, source="CANTINE", code="1")
    factories.redevable(ailleurs, source="EAU", code="1")
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.redevable(boe, source="EAU", code="1")


def test_un_redevable_n_est_a_une_personne_que_rattache_et_que_dans_sa_commune(boe, ailleurs, ada, bob):
    le_sien = factories.redevable(boe, ada)
    assert list(Redevable.objects.de(ada, chez=boe)) == [le_sien]
    assert list(Redevable.objects.de(ada, chez=ailleurs)) == []
    assert le_sien not in Redevable.objects.de(bob, chez=boe)


@pytest.mark.sqlite
def test_une_personne_n_est_rattachee_qu_une_fois_a_un_redevable(boe, ada):
    redevable = factories.redevable(boe, ada)
    with pytest.raises(IntegrityError), transaction.atomic():
        redevable.rattachements.create(collectivite=boe, usager=ada)


def test_un_compte_rattache_ne_s_efface_pas_avec_son_redevable(boe, ada):
    redevable = factories.redevable(boe, ada)
    with pytest.raises(IntegrityError):
        redevable.delete()
