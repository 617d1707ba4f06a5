"""Dix jours ouvrés, fériés compris."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contact.delais import est_ouvre, il_y_a, paques


@pytest.mark.parametrize(
    "jour", [date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5), date(2027, 3, 28), date(2038, 4, 25)]
)
def test_paques(jour):
    assert paques(jour.year) == jour


@pytest.mark.parametrize(
    ("jour", "ouvre"),
    [
        (date(2026, 11, 11), False),
        (date(2026, 11, 14), False),
        (date(2026, 11, 15), False),
        (date(2026, 11, 16), True),
        (date(2026, 4, 6), False),
        (date(2026, 5, 14), False),
        (date(2026, 5, 25), False),
    ],
)
def test_ni_fin_de_semaine_ni_jour_ferie(jour, ouvre):
    assert est_ouvre(jour) is ouvre


def test_dix_jours_ouvres_enjambent_les_feries():
    assert il_y_a(10, avant=date(2026, 11, 23)) == date(2026, 11, 6)
    assert il_y_a(0, avant=date(2026, 11, 23)) == date(2026, 11, 23)


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(0, 30))
def test_autant_de_jours_ouvres_qu_on_en_demande(avant, jours):
    depuis = il_y_a(jours, avant=avant)
    entre = [depuis + timedelta(n) for n in range((avant - depuis).days)]
    assert sum(map(est_ouvre, entre)) == jours
