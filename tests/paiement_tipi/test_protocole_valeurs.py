"""Le protocole, suite : l'objet que l'on nettoie et les dates de Paris."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from paiement_tipi.protocole import REGLES
from paiement_tipi.valeurs import LONGUEUR_OBJET, PARIS, date_de_paris, nettoyer_objet


@pytest.mark.parametrize(
    ("texte", "nettoye"),
    [
        ("L'été à l'école – n°1", "L ete a l ecole n1"),
        ("L’été à l’école", "L ete a l ecole"),
        ("test_ref-0", "testref 0"),
        ("Eau / assainissement", "Eau assainissement"),
        ("  Cantine \t\n janvier ", "Cantine janvier"),
        ("Crèche\u00a0: œuvre", "Creche uvre"),
        ("ﬁn d’année", "fin d annee"),
        ("", ""),
        ("€ – …", ""),
        ("日本", ""),
        ("a" * 99, "a" * 99),
        ("a" * 100, "a" * 99),
        ("a" * 98 + " b", "a" * 98),
    ],
)
def test_l_objet_est_nettoye(texte, nettoye):
    assert nettoyer_objet(texte) == nettoye


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=300))
@example("a" * 98 + " b")
def test_un_objet_nettoye_respecte_toujours_la_regle_et_ne_change_plus(texte):
    nettoye = nettoyer_objet(texte)
    assert re.fullmatch(REGLES["objet"][0], nettoye, re.ASCII)
    assert (nettoye, len(nettoye) <= LONGUEUR_OBJET) == (nettoyer_objet(nettoye), True)


@pytest.mark.parametrize(
    ("jour", "heure", "instant"),
    [
        ("15072026", "1430", "2026-07-15T12:30"),
        ("15012026", "1430", "2026-01-15T13:30"),
        ("01012026", "0000", "2025-12-31T23:00"),
        ("31122026", "2359", "2026-12-31T22:59"),
        ("29022028", "1200", "2028-02-29T11:00"),
        ("28032026", "0230", "2026-03-28T01:30"),
        ("29032026", "0159", "2026-03-29T00:59"),
        ("29032026", "0230", "2026-03-29T01:30"),  # cette heure-là n'existe pas : l'horloge saute de 2 h à 3 h
        ("29032026", "0300", "2026-03-29T01:00"),
        ("25102026", "0159", "2026-10-24T23:59"),
        ("25102026", "0230", "2026-10-25T00:30"),  # celle-ci existe deux fois : la première
        ("25102026", "0300", "2026-10-25T02:00"),
    ],
)
def test_une_date_de_paris_devient_un_instant_utc(jour, heure, instant):
    assert date_de_paris(jour, heure) == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("jour", "heure"),
    [
        ("", ""),
        ("15072026", ""),
        ("", "1430"),
        ("1507202", "1430"),
        ("150720266", "1430"),
        ("15072026", "143"),
        ("15072026", "143000"),
        ("15juil26", "1430"),
        ("15072026", "14h3"),
        ("32012026", "1430"),
        ("15132026", "1430"),
        ("29022026", "1430"),
        ("00000000", "0000"),
        ("15072026", "2400"),
        ("15072026", "1260"),
        ("15072026\n", "1430"),
        ("١٥٠٧٢٠٢٦", "1430"),
        ("01010001", "0000"),  # avant le premier instant que Python sait dire en UTC
    ],
)
def test_une_date_absente_ou_impossible_n_est_pas_une_date(jour, heure):
    assert date_de_paris(jour, heure) is None


@settings(deadline=None, max_examples=300)
@given(st.from_regex(r"[0-9]{8}", fullmatch=True), st.from_regex(r"[0-9]{4}", fullmatch=True))
def test_huit_et_quatre_chiffres_sont_une_date_ou_rien(jour, heure):
    lue = date_de_paris(jour, heure)
    assert lue is None or lue.tzinfo is UTC


@settings(deadline=None, max_examples=300)
@given(st.datetimes(min_value=datetime(2015, 1, 1), max_value=datetime(2040, 1, 1), timezones=st.just(UTC)))
def test_toute_minute_de_paris_se_relit_a_l_heure_d_hiver_pres(instant):
    minute = instant.replace(second=0, microsecond=0)
    a_paris = minute.astimezone(PARIS)
    lue = date_de_paris(f"{a_paris:%d%m%Y}", f"{a_paris:%H%M}")
    assert lue == minute - (timedelta(hours=1) if a_paris.fold else timedelta())
