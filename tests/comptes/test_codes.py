"""Les codes d'activation : assez de hasard, faciles à recopier, jamais gardés en clair."""

import contextlib
import math
import re

import factories
import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from comptes import codes
from comptes.models import ECHECS_PAR_CODE, CodeActivation, empreinte_code
from comptes.services import LotTropGrand, emettre, reconnaitre
from comptes.services import codes as service
from portail.models import Journal

JOUR = 24 * 3600
BITS = codes.LONGUEUR * math.log2(len(codes.ALPHABET))


def test_un_code_porte_plus_de_quarante_bits_sans_lettre_ambigue():
    assert BITS > 55
    assert len(set(codes.ALPHABET)) == len(codes.ALPHABET) == 24
    assert set("01OIL") & set(codes.ALPHABET) == set()


def test_un_code_tire_a_la_forme_imprimee():
    tires = {codes.presenter(codes.tirer()) for _ in range(200)}
    assert len(tires) == 200
    assert [
        t for t in tires if re.fullmatch(r"([2-9CDFHJKMNPQRTVWXY]{4}-){2}[2-9CDFHJKMNPQRTVWXY]{4}", t) is None
    ] == []


def test_le_code_de_la_demonstration_se_lit():
    assert codes.lire("7K4M-Q2XH-9RWT") == "7K4MQ2XH9RWT"


TIRES = st.text(alphabet=codes.ALPHABET, min_size=codes.LONGUEUR, max_size=codes.LONGUEUR)
SEPARATEURS = st.sampled_from(["", " ", "-", " - ", "\u00a0", "–", "_", ".", "\u2011", "\t"])
CONFONDUES = {"8": "8B", "6": "6G", "5": "5S", "2": "2Z"}


@given(TIRES, st.data())
def test_un_code_se_tape_comme_on_veut(code, data):
    tape = "".join(
        data.draw(SEPARATEURS) + data.draw(st.sampled_from([signe.lower(), signe, *CONFONDUES.get(signe, "")]))
        for signe in code
    )
    assert codes.lire(tape) == code


@given(TIRES, st.integers(0, codes.LONGUEUR - 1), st.sampled_from("01OILAEU*éÀ"))
def test_une_lettre_qui_n_y_figure_jamais_est_refusee_clairement(code, rang, intruse):
    with pytest.raises(codes.CodeIllisible):
        codes.lire(code[:rang] + intruse + code[rang + 1 :])


@given(st.text(max_size=80))
def test_n_importe_quel_texte_est_un_code_ou_un_refus(texte):
    with contextlib.suppress(codes.CodeIllisible):
        assert codes.lire(codes.presenter(codes.lire(texte))) == codes.lire(texte)


def chance_par_jour(bits: float, *, vivants: int = 100_000) -> float:
    """Qu'un seul essai d'une journée tombe sur l'un des codes vivants, même si le code client ne protégeait rien."""
    permis, secondes = settings.LIMITES["codes-en-tout"]
    return (permis * JOUR / secondes) * vivants / 2**bits


def test_un_jour_d_attaque_sur_cent_mille_codes_a_moins_d_une_chance_sur_un_million():
    assert chance_par_jour(BITS) < 1e-6
    assert chance_par_jour(BITS - 4) > 1e-6  # une lettre de moins ne suffirait plus : le calcul n'est pas vide
    assert ECHECS_PAR_CODE / 2**BITS < 1e-14  # en visant un seul code, avant qu'il brûle


def test_la_limite_d_ensemble_laisse_passer_une_grande_journee_de_distribution():
    permis, secondes = settings.LIMITES["codes-en-tout"]
    assert permis * JOUR / secondes > 50_000


@pytest.fixture
def redevable(boe):
    return factories.redevable(boe, code="C-17")


@pytest.mark.sqlite
def test_un_code_emis_n_est_garde_que_hache(redevable):
    [emis] = emettre(redevables=[redevable])
    en_base = CodeActivation.objects.values().get()
    assert emis.code not in str(en_base)
    assert codes.lire(emis.code) not in str(en_base)
    assert en_base["empreinte"].startswith("md5$")  # le hachage des mots de passe : argon2 hors des tests
    assert not [f for f in Journal.objects.values_list("apres", flat=True) if f]


def test_l_empreinte_depend_du_code_client_et_de_la_commune(boe, ailleurs):
    empreintes = {
        empreinte_code("7K4MQ2XH9RWT", client=client, chez=chez) for client in ("A", "B") for chez in (boe, ailleurs)
    }
    assert len(empreintes) == 4
    assert empreinte_code("x", client=" a", chez=boe) == empreinte_code("x", client="A", chez=boe)


@pytest.mark.sqlite
@pytest.mark.parametrize("client", ["C-17", "c-17", " C-17 "])
def test_le_bon_code_est_reconnu_quelle_que_soit_la_casse_du_code_client(redevable, client):
    [emis] = emettre(redevables=[redevable])
    trouve = reconnaitre(client=client, code=codes.lire(emis.code), chez=redevable.collectivite)
    assert trouve.redevable == redevable


def test_deux_logiciels_au_meme_code_client_ont_chacun_leur_code(boe):
    eau, cantine = (factories.redevable(boe, source=source, code="1") for source in ("EAU", "CANTINE"))
    emis = emettre(redevables=[eau, cantine])
    assert [reconnaitre(client="1", code=codes.lire(e.code), chez=boe).redevable for e in emis] == [eau, cantine]


def test_un_code_ne_vaut_que_dans_sa_commune(redevable, ailleurs):
    factories.redevable(ailleurs, code="C-17")
    [emis] = emettre(redevables=[redevable])
    assert reconnaitre(client="C-17", code=codes.lire(emis.code), chez=ailleurs) is None


@pytest.mark.sqlite
def test_dix_echecs_brulent_le_code_et_le_onzieme_essai_juste_ne_vaut_rien(redevable, boe):
    [emis] = emettre(redevables=[redevable])
    juste = codes.lire(emis.code)
    for _ in range(ECHECS_PAR_CODE - 1):
        assert reconnaitre(client="C-17", code="222222222222", chez=boe) is None
    assert reconnaitre(client="C-17", code=juste, chez=boe) is not None  # neuf échecs : encore bon, et rien de plus
    assert CodeActivation.objects.get().echecs == ECHECS_PAR_CODE - 1
    reconnaitre(client="C-17", code="222222222222", chez=boe)
    assert reconnaitre(client="C-17", code=juste, chez=boe) is None


@pytest.mark.parametrize(("jours", "vaut"), [(89, True), (90, False)])
def test_un_code_vaut_quatre_vingt_dix_jours(redevable, boe, jours, vaut, avancer):
    [emis] = emettre(redevables=[redevable])
    avancer(days=jours)
    assert (reconnaitre(client="C-17", code=codes.lire(emis.code), chez=boe) is not None) == vaut


def test_un_code_neuf_remplace_le_precedent(redevable, boe):
    ancien, neuf = (emettre(redevables=[redevable])[0].code for _ in range(2))
    trouves = [reconnaitre(client="C-17", code=codes.lire(c), chez=boe) is not None for c in (ancien, neuf)]
    assert trouves == [False, True]


def test_un_code_employe_ne_sert_plus(redevable, boe):
    [emis] = emettre(redevables=[redevable])
    code = reconnaitre(client="C-17", code=codes.lire(emis.code), chez=boe)
    assert [service.consommer(code), service.consommer(code)] == [True, False]
    assert reconnaitre(client="C-17", code=codes.lire(emis.code), chez=boe) is None


def test_un_lot_trop_grand_est_refuse_sans_rien_emettre(redevable, monkeypatch, boe):
    monkeypatch.setattr(service, "PAR_LOT", 1)
    with pytest.raises(LotTropGrand):
        emettre(redevables=[redevable, factories.redevable(boe)])
    assert not CodeActivation.objects.exists()
