"""Les montants : exacts ou refusés, en Python comme en base."""

from decimal import Decimal

import factories
import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F, Max, Sum
from hypothesis import given, settings
from hypothesis import strategies as st

from factures.argent import depuis_centimes, en_centimes
from factures.models import Facture, MontantField

# Ce que garde un bigint, et donc le plus grand montant que la base sache tenir.
BIGINT = 2**63 - 1
# Au-delà des vingt-huit chiffres que Python garde par défaut, un calcul arrondit sans le dire.
HORS_PRECISION = f"1.{'0' * 40}1"


@pytest.mark.parametrize(
    ("euros", "centimes"),
    [
        ("243.11", 24311),
        ("0", 0),
        ("0.00", 0),
        ("0.01", 1),
        ("-38.2", -3820),
        ("1E+2", 10000),
        ("1.10000", 110),
        ("99999999999999.99", 9999999999999999),
    ],
)
def test_un_montant_exact_devient_des_centimes(euros, centimes):
    assert en_centimes(Decimal(euros)) == centimes


@pytest.mark.parametrize(
    "euros", ["19.999", "0.001", "-0.005", "1E-3", "NaN", "sNaN", "Infinity", "-Infinity", "1E+18", HORS_PRECISION]
)
def test_ce_qui_n_est_pas_un_nombre_entier_de_centimes_est_refuse(euros):
    with pytest.raises(ValueError, match="nombre entier de centimes"):
        en_centimes(Decimal(euros))


@pytest.mark.parametrize("valeur", [1.1, 1, "1.10", None, True])
def test_seul_un_decimal_est_un_montant(valeur):
    with pytest.raises(TypeError, match="Un montant est un Decimal"):
        en_centimes(valeur)


def test_les_centimes_rendent_toujours_deux_decimales():
    assert [str(depuis_centimes(n)) for n in (24311, 100, 5, 0, -3820)] == ["243.11", "1.00", "0.05", "0.00", "-38.20"]


@settings(deadline=None)
@given(st.integers(min_value=-BIGINT, max_value=BIGINT))
def test_l_aller_et_retour_rend_les_memes_centimes(centimes):
    assert en_centimes(depuis_centimes(centimes)) == centimes


@settings(deadline=None)
@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_le_retour_et_aller_rend_le_meme_montant(euros):
    assert depuis_centimes(en_centimes(euros)) == euros


@settings(deadline=None)
@given(st.lists(st.integers(min_value=0, max_value=10**10), max_size=50))
def test_additionner_des_euros_ou_des_centimes_revient_au_meme(centimes):
    assert en_centimes(sum(map(depuis_centimes, centimes), Decimal(0))) == sum(centimes)


@pytest.mark.sqlite
@pytest.mark.parametrize("euros", ["0.01", "0.10", "19.99", "243.11", "1005.55", "99999999999999.99"])
def test_la_base_garde_des_centimes_entiers_et_les_rend_exacts(boe, ada, eau, euros):
    facture = factories.facture(factories.redevable(boe, ada), eau, montant=Decimal(euros))
    with connection.cursor() as curseur:
        curseur.execute("SELECT montant, reste_du FROM factures_facture")
        lignes = curseur.fetchall()
    assert lignes == [(en_centimes(Decimal(euros)),) * 2]
    assert str(Facture.objects.get(pk=facture.pk).montant) == euros


@pytest.mark.sqlite
def test_une_somme_de_la_base_est_exacte_et_en_euros(boe, ada, eau):
    redevable = factories.redevable(boe, ada)
    for montant in ("0.10", "0.20", "1005.55"):
        factories.facture(redevable, eau, montant=Decimal(montant))
    sommes = Facture.objects.aggregate(somme=Sum("montant"), maximum=Max("montant"))
    vide = Facture.objects.none().aggregate(s=Sum("montant"), zero=Sum("montant", default=Decimal(0)))
    assert sommes == {"somme": Decimal("1005.85"), "maximum": Decimal("1005.55")}
    assert vide == {"s": None, "zero": Decimal(0)}


@pytest.mark.sqlite
def test_on_filtre_en_euros_des_deux_cotes_d_une_borne(boe, ada, eau):
    factories.facture(factories.redevable(boe, ada), eau, montant=Decimal("1.00"))
    comptes = [Facture.objects.filter(**{f"montant__{borne}": Decimal("1.00")}).count() for borne in ("lt", "gte")]
    autour = [Facture.objects.filter(montant__gt=Decimal(m)).count() for m in ("0.99", "1.00", "1.01")]
    assert (comptes, autour) == ([0, 1], [1, 0, 0])


@pytest.mark.parametrize(("saisi", "lu"), [("243.11", "243.11"), (12, "12.00"), ("0.5", "0.50")])
def test_le_champ_lit_ce_qu_une_personne_ecrit(saisi, lu):
    assert str(MontantField().to_python(saisi)) == lu


@pytest.mark.parametrize("saisi", ["", "abc", "12,5", "1.999", "NaN", 0.1 + 0.2])
def test_le_champ_refuse_le_reste_avec_une_phrase(saisi):
    with pytest.raises(ValidationError) as refus:
        MontantField().to_python(saisi)
    assert refus.value.messages == ["Écrivez un montant en euros, par exemple 243.11."]


@pytest.mark.parametrize("valeur", [None, Decimal("1.00"), F("autre")])
def test_le_champ_laisse_passer_l_absence_le_decimal_et_l_expression(valeur):
    prepare = MontantField().get_prep_value(valeur)
    assert prepare == (100 if isinstance(valeur, Decimal) else valeur)


def test_une_fraction_de_centime_n_entre_pas_en_base(boe, ada, eau):
    redevable = factories.redevable(boe, ada)
    with pytest.raises(ValueError, match="nombre entier de centimes"), transaction.atomic():
        factories.facture(redevable, eau, montant=Decimal("1.999"))
    assert Facture.objects.count() == 0
