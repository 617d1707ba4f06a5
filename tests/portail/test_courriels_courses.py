"""Deux ouvriers, un courriel : sur PostgreSQL, mis en scène par un rendez-vous, et montré perdu sans sa garde."""

from collections import Counter

import pytest
from django.db import connection

from portail import courriels
from portail.courriels import envoi
from portail.models import Courriel, Journal
from tests.paiement_tipi.outils_courses import RendezVous, avant, ensemble
from tests.portail.outils_courriels import ESSAI, deposer, en_tete

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="SQLite n'a qu'un écrivain à la fois : rien à courir."
    ),
]
OUVRIERS, COURRIELS = 4, 10


def envoyer_ensemble(boe, monkeypatch):
    """Quatre ouvriers qui ont tous lu la même file avant qu'aucun n'ait rien réservé."""
    for rang in range(COURRIELS):
        deposer(boe, f"essai:{rang}")
    avant(monkeypatch, envoi, "_distribuer", RendezVous(OUVRIERS).attendre)
    ensemble(*[courriels.envoyer] * OUVRIERS)


def test_quatre_ouvriers_n_envoient_chaque_courriel_qu_une_fois(boe, bureau, monkeypatch):
    envoyer_ensemble(boe, monkeypatch)
    assert sorted(Counter(en_tete(o, "Message-ID") for o in bureau.recus).values()) == [1] * COURRIELS
    assert set(Courriel.objects.values_list("etat", "essais")) == {("envoye", 1)}
    assert Journal.objects.filter(action="courriel.envoye").count() == COURRIELS


def test_temoin_sans_la_reservation_deux_ouvriers_envoient_deux_textes(boe, bureau, monkeypatch):
    monkeypatch.setattr(envoi, "_a_nous", lambda courriel: Courriel.objects.filter(pk=courriel.pk))
    deposer(boe)
    for etape in ("_distribuer", "_traiter", "preparer"):
        avant(monkeypatch, envoi, etape, RendezVous(2).attendre)
    ensemble(courriels.envoyer, courriels.envoyer)
    [textes] = bureau.par_message_id().values()
    assert len(set(textes)) == 2
    # Même alors, un seul clôt.
    assert Journal.objects.filter(action="courriel.envoye").count() == 1


def test_vingt_depots_de_la_meme_cle_ne_font_qu_un_courriel(boe, bureau):
    valeurs = {"sorte": ESSAI, "cle": "x", "collectivite": boe, "destinataire": "ada@exemple.fr", "contexte": {}}
    rendus = ensemble(*[lambda: courriels.deposer(**valeurs)] * 20)
    assert (Counter(rendus), Courriel.objects.count()) == ({True: 1, False: 19}, 1)
