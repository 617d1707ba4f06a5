"""Les couleurs : chaque couple employé se lit, en clair, en sombre, et à la couleur de n'importe quelle commune."""

import re
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from portail.charte import FONDS_CLAIRS, FONDS_SOMBRES, nuances
from portail.couleurs import CONTRASTE_MINIMAL, contraste

CSS = Path(__file__).resolve().parents[2] / "static" / "css"
FEUILLES = {f.name: re.sub(r"/\*.*?\*/", "", f.read_text("utf-8"), flags=re.DOTALL) for f in CSS.glob("*.css")}
TEXTE, REPERE = CONTRASTE_MINIMAL, 3.0
TONS = ("neutre", "info", "succes", "attente", "echec", "mauve")

FONDS = ("fond", "surface", "surface-douce")
COUPLES_DE_TEXTE = {
    *((encre, fond) for encre in ("encre", "encre-douce", "lien") for fond in (*FONDS, "voile")),
    *((ton, f"{ton}-fond") for ton in TONS),
    *(("encre", f"{ton}-fond") for ton in TONS),  # le texte d'une alerte
    *((ton, "surface") for ton in ("echec", "succes", "attente")),  # erreur, pastille en pointillés, avertissement
    ("succes", "fond"),
    ("sur-plein", "plein"),
    ("sur-plein", "plein-survol"),
    ("sur-commune", "couleur-commune"),
}
COUPLES_DE_REPERE = {
    *(("trait-fort", fond) for fond in FONDS),
    *(("plein", fond) for fond in FONDS),
    *(("focus", fond) for fond in FONDS),
    ("focus", "focus-halo"),  # l'un des deux anneaux se voit sur n'importe quel fond, couleur de commune comprise
    ("echec", "surface"),
}


def jetons(bloc: str) -> dict[str, str]:
    """Les couleurs d'un bloc, en ``#rrggbb``."""
    trouves = re.findall(r"--([\w-]+):\s*(#[0-9a-f]{3,6});", bloc)
    return {nom: valeur if len(valeur) == 7 else "#" + "".join(c * 2 for c in valeur[1:]) for nom, valeur in trouves}


def themes() -> dict[str, dict[str, str]]:
    clair, sombre = FEUILLES["jetons.css"].split("@media (prefers-color-scheme: dark)")
    return {"clair": jetons(clair), "sombre": jetons(clair) | jetons(sombre)}


def insuffisants(theme: dict[str, str]) -> dict[tuple[str, str], float]:
    exigences = {**dict.fromkeys(COUPLES_DE_REPERE, REPERE), **dict.fromkeys(COUPLES_DE_TEXTE, TEXTE)}
    mesures = {couple: contraste(theme[couple[0]], theme[couple[1]]) for couple in exigences}
    return {couple: mesure for couple, mesure in mesures.items() if mesure < exigences[couple]}


@pytest.mark.parametrize("theme", ["clair", "sombre"])
def test_chaque_couple_se_lit(theme):
    assert insuffisants(themes()[theme]) == {}


def test_le_controle_voit_une_couleur_trop_pale():
    assert insuffisants(themes()["clair"] | {"encre-douce": "#999999"}).keys() == {
        ("encre-douce", fond) for fond in (*FONDS, "voile")
    }


@given(st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}"))
@example("#000000")
@example("#767676")  # la plus claire des grises admises
@example("#0000ff")
@example("#c500c5")
def test_a_la_couleur_de_n_importe_quelle_commune_chaque_couple_se_lit_encore(couleur):
    assume(contraste(couleur, "#ffffff") >= CONTRASTE_MINIMAL)
    claires, sombres = nuances(couleur)
    assert insuffisants(themes()["clair"] | claires) == {}
    assert insuffisants(themes()["sombre"] | claires | sombres) == {}


def test_la_charte_connait_les_fonds_et_les_valeurs_par_defaut_sont_les_siennes():
    clair, sombre = themes()["clair"], themes()["sombre"]
    assert {*FONDS_CLAIRS} == {clair[fond] for fond in FONDS}
    assert {*FONDS_SOMBRES} == {sombre[fond] for fond in FONDS}
    claires, sombres = nuances(clair["couleur-commune"])
    assert (claires, sombres) == ({nom: clair[nom] for nom in claires}, {nom: sombre[nom] for nom in sombres})


def test_seuls_les_jetons_ecrivent_des_couleurs():
    couleurs = re.compile(r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|color-mix)\w*\(|:\s*(?:black|white|red)\b", re.IGNORECASE)
    assert {nom: c for nom, css in FEUILLES.items() if nom != "jetons.css" and (c := couleurs.findall(css))} == {}


def regles() -> list[tuple[str, dict[str, str]]]:
    """Chaque règle de chaque feuille : son sélecteur et ses déclarations."""
    blocs = [bloc for css in FEUILLES.values() for bloc in re.findall(r"([^{}]+)\{([^{}]*)\}", css)]
    return [
        (" ".join(selecteur.split()), dict(re.findall(r"([\w-]+)\s*:\s*([^;]+)", corps))) for selecteur, corps in blocs
    ]


# Le fond et l'encre d'un ton passent par ces jetons locaux, posés ensemble par la même règle.
LOCAUX = {("ton", "ton-fond"), ("pastille-encre", "pastille-fond")}


def test_une_regle_qui_pose_un_texte_sur_un_fond_emploie_un_couple_prouve():
    couples = {
        (encre[1], fond[1])
        for _, corps in regles()
        if (encre := re.fullmatch(r"var\(--([\w-]+)\)", corps.get("color", "")))
        and (fond := re.fullmatch(r"var\(--([\w-]+)\)", corps.get("background", "")))
    }
    assert couples - COUPLES_DE_TEXTE - LOCAUX == {("encre", "ton-fond")}  # une alerte : chaque ton l'admet, plus haut
    assert len(couples) > 6  # la règle lit bien les feuilles


def test_les_jetons_locaux_d_une_regle_sont_d_un_meme_ton():
    poses = [
        (corps[f"--{encre}"], corps[f"--{fond}"])
        for _, corps in regles()
        for encre, fond in LOCAUX
        if f"--{fond}" in corps
    ]
    noms = [tuple(v.removeprefix("var(--").removesuffix(")") for v in paire) for paire in poses]
    assert len(noms) > 10
    assert [paire for paire in noms if paire not in COUPLES_DE_TEXTE] == []


def test_chaque_encre_et_chaque_fond_est_un_jeton_connu():
    connus = {*themes()["sombre"], *(jeton for couple in LOCAUX for jeton in couple)}
    employes = {
        nom
        for _, corps in regles()
        for propriete in ("color", "background", "border-color", "outline", "border")
        for nom in re.findall(r"var\(--([\w-]+)\)", corps.get(propriete, ""))
    }
    assert employes - connus == set()
