"""Deux agents au même interrupteur : un seul l'emporte, et sans le verrou les deux croiraient l'avoir fait."""

from datetime import timedelta

import factories
import pytest
from django.utils import timezone

from portail import services
from portail.etats import EtatSuspension
from portail.models import Journal, Regie
from portail.services import suspension
from tests.paiement_tipi.outils_courses import RendezVous, avant, ensemble, sans_verrous

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def regie(transactional_db):
    return factories.regie(factories.collectivite(par_defaut=True))


@pytest.fixture
def agents(transactional_db):
    return [factories.usager(is_staff=True) for _ in range(2)]


def suspendre_ensemble(monkeypatch, regie, agents, *, verrou):
    """Chacun écrit quand l'autre est prêt à écrire aussi."""
    avant(monkeypatch, suspension, "_ecrire", RendezVous(2, verrou=verrou).attendre)
    debut = timezone.now() + timedelta(hours=1)
    un, autre = agents
    return ensemble(
        lambda: services.suspendre_le_paiement(regie=regie, auteur=un, message="le mien"),
        lambda: services.suspendre_le_paiement(regie=regie, auteur=autre, debut=debut, message="le sien"),
    )


def test_de_deux_qui_suspendent_un_seul_l_emporte(monkeypatch, regie, agents):
    gagnes = suspendre_ensemble(monkeypatch, regie, agents, verrou=True)
    regie.refresh_from_db()
    gagnant = gagnes.index(True)
    assert sorted(gagnes) == [False, True]
    assert (regie.suspension_auteur, regie.suspension_message) == (agents[gagnant].pk, ["le mien", "le sien"][gagnant])
    assert Journal.objects.filter(action="regie.suspendue").count() == 1


def test_sans_le_verrou_les_deux_croiraient_l_avoir_fait(monkeypatch, regie, agents):
    sans_verrous(monkeypatch)
    assert suspendre_ensemble(monkeypatch, regie, agents, verrou=False) == [True, True]


def test_de_deux_reprises_pendant_une_suspension_programmee_une_seule_l_annule(monkeypatch, regie, agents):
    debut = timezone.now() + timedelta(hours=1)
    assert services.suspendre_le_paiement(regie=regie, auteur=agents[0], debut=debut)
    avant(monkeypatch, suspension, "_ecrire", RendezVous(2, verrou=True).attendre)
    etaient = ensemble(*[lambda: services.reprendre_le_paiement(regie=regie)] * 2)
    assert sorted(etaient) == [EtatSuspension.AUCUNE, EtatSuspension.PROGRAMMEE]
    assert Regie.objects.get(pk=regie.pk).suspension == EtatSuspension.AUCUNE
    assert Journal.objects.filter(action="regie.reprise").count() == 1


def test_changer_une_suspension_reprise_entre_temps_ne_la_ranime_pas(regie, agents):
    assert services.suspendre_le_paiement(regie=regie, auteur=agents[0])
    assert services.reprendre_le_paiement(regie=regie) == EtatSuspension.EN_COURS
    assert services.changer_la_suspension(regie=regie, message="trop tard") is False
    assert Regie.objects.get(pk=regie.pk).suspension_message == ""
