"""Un GET n'écrit rien : la garde le refuse, sauf aux vues de cette liste."""

from functools import partial
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import RequestFactory
from django.urls import get_resolver

from portail.lecture import EcritureEnLecture, LectureSeule, ecrit_en_lecture
from portail.models import Collectivite
from tests.test_acces import adresses

pytestmark = pytest.mark.sqlite

# L'issue d'un paiement au retour de PayFiP ou postée par lui, et la première lecture d'une facture : rien d'autre.
EXCEPTIONS = {"paiement_tipi:resultat", "paiement_tipi:retour", "factures:detail"}


def test_les_vues_dont_le_get_ecrit_sont_celles_ci():
    marquees = {nom for nom, vue in adresses(get_resolver()).items() if getattr(vue, "ecrit_en_lecture", False)}
    assert marquees == EXCEPTIONS


def demander(methode: str, vue, acte) -> None:
    """Passe la garde comme le fait Django : process_view, puis la vue."""

    def repondre(requete):
        garde.process_view(requete, vue)
        return acte()

    garde = LectureSeule(repondre)
    requete = RequestFactory().generic(methode, "/")
    requete.resolver_match = SimpleNamespace(route="/")
    garde(requete)


def vue(_requete) -> None:
    """Une vue comme les autres."""


def ecrire() -> None:
    Collectivite.objects.update(horaires="le matin")


@pytest.mark.parametrize("methode", ["GET", "HEAD"])
def test_une_lecture_qui_ecrit_est_refusee_et_rien_ne_change(boe, methode):
    with pytest.raises(EcritureEnLecture), transaction.atomic():
        demander(methode, vue, ecrire)
    boe.refresh_from_db()
    assert boe.horaires == "du lundi au vendredi, de 7h à 22h"


def test_un_envoi_ecrit(boe):
    demander("POST", vue, ecrire)
    boe.refresh_from_db()
    assert boe.horaires == "le matin"


def test_une_vue_marquee_ecrit(boe):
    demander("GET", ecrit_en_lecture(partial(vue)), ecrire)
    boe.refresh_from_db()
    assert boe.horaires == "le matin"


def test_lire_et_se_servir_du_cache_restent_permis(boe):
    def lire():
        cache.set("essai", 1)
        return list(Collectivite.objects.all())

    demander("GET", vue, lire)
    assert cache.get("essai") == 1
