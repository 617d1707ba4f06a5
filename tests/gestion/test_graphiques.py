"""Les dessins : rien hors du cadre, jamais autre chose que des entiers, et la somme des parts est le tout."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from portail.gestion.graphiques import HAUTEUR, LARGEUR, Barre, Courbe, decouper, segments

NOMBRES = st.integers(0, 10**12)
SERIES = st.integers(1, 60).flatmap(
    lambda n: st.lists(st.lists(st.integers(-(10**12), 10**12), min_size=n, max_size=n), min_size=1, max_size=3)
)
JOURS = st.dates(date(2000, 1, 1), date(2100, 12, 31))


@given(st.lists(NOMBRES, max_size=6))
def test_les_parts_d_une_barre_la_remplissent_bout_a_bout(nombres):
    poses = segments([(f"c{n}", nombre) for n, nombre in enumerate(nombres)])
    assert sum(segment.largeur for segment in poses) == (LARGEUR if sum(nombres) else 0)
    fin = 0
    for segment in poses:
        assert (segment.x, segment.largeur > 0) == (fin, True)
        fin = segment.x + segment.largeur
    total = sum(nombres)
    for n, nombre in enumerate(nombres):  # à l'entier près, chaque longueur est proportionnelle
        largeur = next((s.largeur for s in poses if s.classe == f"c{n}"), 0)
        assert total == 0 or abs(largeur * total - LARGEUR * nombre) <= total


@given(SERIES)
def test_une_courbe_reste_dans_son_cadre(series):
    courbe = Courbe((), (), {f"c{n}": serie for n, serie in enumerate(series)}, "", "")
    assert 0 <= courbe.zero <= HAUTEUR
    for (_classe, ligne), serie in zip(courbe.lignes, series, strict=True):
        points = [tuple(map(int, point.split(","))) for point in ligne.split()]
        assert len(points) == max(len(serie), 2)
        assert (points[0][0], points[-1][0]) == (0, LARGEUR)
        assert all(0 <= x <= LARGEUR and 0 <= y <= HAUTEUR for x, y in points)
        assert [x for x, _y in points] == sorted(x for x, _y in points)
        for (_x, y), valeur in zip(points, serie, strict=False):
            assert y == HAUTEUR or valeur > courbe.bas or courbe.haut == courbe.bas


def test_le_plus_grand_touche_le_haut_et_zero_le_bas():
    [(_classe, ligne)] = Courbe((), (), {"a": [0, 50, 100]}, "", "").lignes
    assert ligne == f"0,{HAUTEUR} {LARGEUR // 2},{HAUTEUR // 2} {LARGEUR},0"
    assert Barre("x", (("a", 1), ("b", 3)), "").segments[1].x == LARGEUR // 4


@given(JOURS, st.integers(0, 20000))
def test_les_periodes_se_suivent_sans_trou_et_ne_sont_jamais_trop(du, jours):
    au = min(du + timedelta(days=jours), date(2100, 12, 31))
    periodes = decouper(du, au)
    assert (periodes[0].du, periodes[-1].au) == (du, au)
    assert all(p.du <= p.au for p in periodes)
    assert all(b.du - a.au == timedelta(days=1) for a, b in pairwise(periodes))
    assert len(periodes) <= 102
