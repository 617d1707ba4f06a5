"""Le compteur des limites : exact aux bornes, exact en course, illisible en base."""

from functools import partial
from ipaddress import ip_network

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from portail import limites
from portail.limites import TropDeDemandes, compter
from portail.models import Compteur
from portail.tasks import purger_les_compteurs
from tests.paiement_tipi.outils_courses import ensemble

INSTANT = 1_800_000_000


@pytest.fixture
def horloge(settings):
    settings.LIMITES = {"essai": (3, 60), "autre": (1, 60)}
    with time_machine.travel(INSTANT, tick=False) as voyage:
        yield voyage


def refus(nom="essai", sujet="a") -> tuple[int, bool] | None:
    """L'attente et « premier refus de la série », ou rien si la demande passe."""
    try:
        compter(nom, sujet)
    except TropDeDemandes as trop:
        return trop.attente, trop.premiere
    return None


@pytest.mark.sqlite
@pytest.mark.django_db
def test_la_limite_passe_et_la_suivante_attend_la_fin_de_la_duree(horloge):
    assert [refus() for _ in range(5)] == [None, None, None, (60, True), (60, False)]
    horloge.shift(59)
    assert refus() == (1, False)
    horloge.shift(1)
    assert [refus() for _ in range(4)] == [None, None, None, (60, True)]


@pytest.mark.django_db
def test_chaque_sujet_et_chaque_limite_ont_leur_compte(horloge):
    assert [refus() for _ in range(4)][3] is not None
    assert (refus(sujet="b"), refus("autre", "a")) == (None, None)


@pytest.mark.django_db
def test_une_demande_rendue_ne_compte_plus_et_on_n_en_rend_jamais_plus_qu_il_n_y_en_a(horloge):
    for _ in range(5):
        limites.rendre("essai", "a")
    assert [refus() for _ in range(3)] == [None] * 3
    limites.rendre("essai", "a")
    assert (refus(), refus()) == (None, (60, True))


@pytest.mark.django_db
def test_un_sujet_oublie_repart_de_zero(horloge):
    assert [refus() for _ in range(4)][3] is not None
    limites.oublier("essai", "a")
    assert refus() is None


@pytest.mark.sqlite
@pytest.mark.django_db
def test_compter_est_une_seule_requete(horloge):
    with CaptureQueriesContext(connection) as requetes:
        compter("essai", "a")
    assert len(requetes) == 1


@pytest.mark.django_db
def test_ni_l_adresse_mail_ni_son_empreinte_simple_ne_sont_en_base(horloge):
    compter("essai", "ada@exemple.fr")
    cle = Compteur.objects.get().cle
    assert (len(cle), "ada" in cle) == (64, False)


@pytest.mark.django_db
def test_la_purge_ne_retire_que_ce_dont_la_duree_est_passee(horloge):
    compter("essai", "a")
    horloge.shift(1)
    compter("essai", "b")
    horloge.shift(59)
    purger_les_compteurs.func()
    assert [compteur.fin for compteur in Compteur.objects.all()] == [INSTANT + 61]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="course sur PostgreSQL")
def test_vingt_demandes_au_meme_instant_comptent_pour_vingt(settings):
    settings.LIMITES = {"essai": (5, 3600)}
    faites = ensemble(*(partial(refus) for _ in range(20)))
    assert sorted(str(fait is None) for fait in faites) == ["False"] * 15 + ["True"] * 5
    assert Compteur.objects.get().nombre == 20
    assert [fait[1] for fait in faites if fait is not None].count(True) == 1  # un seul premier refus


@pytest.mark.django_db(transaction=True)
def test_une_demande_refusee_dans_une_transaction_n_en_abime_pas_le_compte(horloge):
    for _ in range(3):
        compter("essai", "a")
    with pytest.raises(TropDeDemandes), transaction.atomic():
        compter("essai", "a")
    assert refus() is not None


@pytest.mark.parametrize(
    ("adresse", "sujet"),
    [
        ("203.0.113.5", "ip:203.0.113.5"),
        ("2001:db8:1:2:aaaa::1", "ip:2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "ip:2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "ip:2001:db8:1:3::/64"),
        ("", "ip:"),
    ],
)
def test_un_anonyme_est_son_adresse_ou_son_reseau_en_ipv6(adresse, sujet):
    requete = RequestFactory().get("/", REMOTE_ADDR=adresse)
    requete.user = AnonymousUser()
    assert limites.demandeur(requete) == sujet


def test_une_personne_connectee_est_son_compte_quelle_que_soit_son_adresse(ada):
    requete = RequestFactory().get("/", REMOTE_ADDR="203.0.113.5")
    requete.user = ada
    assert limites.demandeur(requete) == f"compte:{ada.pk}"


@pytest.mark.parametrize(("reseaux", "statuts"), [([], [200, 200, 429]), (["127.0.0.1"], [200, 200, 200])])
def test_derriere_un_mandataire_chaque_visiteur_a_son_compte_et_sans_lui_l_en_tete_n_y_fait_rien(
    client, boe, settings, reseaux, statuts
):
    settings.LIMITES = settings.LIMITES | {"connexions": (2, 60)}
    settings.PROXYS_DE_CONFIANCE = [ip_network(reseau) for reseau in reseaux]
    recus = [
        client.post(
            "/connexion/",
            {"login": f"inconnu-{n}@exemple.fr", "password": "x"},
            HTTP_HOST="localhost",
            HTTP_X_FORWARDED_FOR=f"1.2.3.4, 203.0.113.{n}",
        ).status_code
        for n in range(3)
    ]
    assert recus == statuts
