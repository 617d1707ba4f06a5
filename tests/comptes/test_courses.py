"""Deux comptes valident la même adresse au même instant : la base n'en laisse passer qu'un."""

import factories
import pytest
from django.db import connection

from comptes import jetons, services
from comptes.models import Usager
from comptes.services import adresses
from tests.comptes.test_adresse import NEUVE, jetons_de
from tests.paiement_tipi.outils_courses import RendezVous, avant, ensemble

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def boe(transactional_db):
    return factories.collectivite(nom="Ville de Boé", lien="M470310001", adresse="http://localhost", par_defaut=True)


def courir(monkeypatch, boe):
    """Chacun écrit l'adresse quand l'autre est prêt à l'écrire aussi."""
    jetons = jetons_de(boe, *(factories.usager(email=f"{nom}@exemple.fr") for nom in ("ada", "bob")))
    avant(monkeypatch, adresses, "_ecrire", RendezVous(2).attendre)
    return ensemble(
        *(lambda j=jeton: services.valider_l_adresse(jeton=j, session=None, collectivite=boe) for jeton in jetons)
    )


def test_un_seul_l_obtient_et_l_autre_garde_la_sienne(monkeypatch, boe):
    resultats = courir(monkeypatch, boe)
    assert sorted(type(r).__name__ for r in resultats) == ["AdressePrise", "DemandeAdresse"]
    assert Usager.objects.filter(email=NEUVE).count() == 1
    assert Usager.objects.exclude(email=NEUVE).get().email in {"ada@exemple.fr", "bob@exemple.fr"}


def test_sans_la_contrainte_d_unicite_les_deux_l_obtiendraient(monkeypatch, boe):
    champ = Usager._meta.get_field("email")
    sans = champ.clone()
    sans._unique = False
    sans.set_attributes_from_name("email")
    sans.model = Usager
    with connection.schema_editor() as editeur:
        editeur.alter_field(Usager, champ, sans)
    try:
        resultats = courir(monkeypatch, boe)
        assert [type(r).__name__ for r in resultats] == ["DemandeAdresse"] * 2
        assert Usager.objects.filter(email=NEUVE).count() == 2
    finally:
        Usager.objects.all().delete()
        with connection.schema_editor() as editeur:
            editeur.alter_field(Usager, sans, champ)


def test_le_meme_lien_de_mot_de_passe_ne_sert_qu_a_un_seul_des_deux_envois(monkeypatch, boe):
    ada = factories.usager(email="ada@exemple.fr")
    jeton = jetons.signer("mot-de-passe", ada.pk, jetons.etat_de_connexion(ada), chez=boe)
    resultats = ensemble(
        *(
            lambda m=mot: services.reinitialiser(jeton=jeton, mot_de_passe=m, collectivite=boe, reseau="")
            for mot in ("quatre mots à moi", "quatre mots à toi")
        )
    )
    assert sorted(r is None for r in resultats) == [False, True]
