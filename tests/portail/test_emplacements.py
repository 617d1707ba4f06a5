"""Les emplacements d'un texte : remplacés une seule fois, et rien de plus."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.emplacements import inconnus, remplacer

VALEURS = {"commune": "Boé", "nom": "{telephone} {{ settings.SECRET_KEY }}", "telephone": "05"}


@pytest.mark.parametrize(
    ("texte", "attendu"),
    [
        ("À {commune} : {telephone}", "À Boé : 05"),
        ("{nom}", "{telephone} {{ settings.SECRET_KEY }}"),
        ("{inconnu} {} {", "{inconnu} {} {"),
        ("{{ settings.SECRET_KEY }}", "{{ settings.SECRET_KEY }}"),
        ("{% include 'x' %}", "{% include 'x' %}"),
        ("{commune.__class__} {commune!r} {commune:>9}", "{commune.__class__} {commune!r} {commune:>9}"),
        (r"\1 \g<0> %(commune)s $commune", r"\1 \g<0> %(commune)s $commune"),
    ],
)
def test_seuls_les_emplacements_connus_changent(texte, attendu):
    assert remplacer(texte, VALEURS) == attendu


def test_ce_qui_est_entre_accolades_sans_etre_permis_est_dit_une_fois():
    assert inconnus("{commune} {montant} {{ x }} {% y %} {montant} {", {"commune"}) == ["{montant}", "{ x }", "{% y %}"]


@given(st.text(), st.text())
def test_une_valeur_n_est_jamais_relue(avant, valeur):
    sans = avant.replace("{", "").replace("}", "")
    assert remplacer(f"{sans}{{nom}}{sans}", {"nom": valeur}) == f"{sans}{valeur}{sans}"


@given(st.text(alphabet=st.sampled_from("{} nom%"), max_size=40))
def test_un_texte_sans_emplacement_inconnu_ne_garde_aucune_paire_d_accolades(texte):
    if not inconnus(texte, {"nom"}):
        assert inconnus(remplacer(texte, {"nom": "x"}), {"nom"}) == []
