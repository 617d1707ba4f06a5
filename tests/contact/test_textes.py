"""Ce qu'un message ne doit pas contenir, et ce qu'il peut contenir : références, IBAN, téléphones, SIRET."""

import string

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from contact.textes import contient_une_carte, debut, luhn, refuser_plusieurs_lignes

CARTES = [
    "4111111111111111", "5555555555554444", "2223003122003222", "378282246310005", "6011111111111117",
    "3530111333300000", "4222222222222", "6304000000000000", "30569309025904",
]  # fmt: skip


def par_quatre(signes: str, separateur: str) -> str:
    return separateur.join(signes[i : i + 4] for i in range(0, len(signes), 4))


@pytest.mark.parametrize("carte", CARTES)
def test_une_carte_se_voit_d_un_bloc_en_groupes_et_au_milieu_d_une_phrase(carte):
    for separateur in ("", " ", "-", "\N{NO-BREAK SPACE}", "\n", " - "):
        ecrite = par_quatre(carte, separateur)
        assert contient_une_carte(ecrite)
        assert contient_une_carte(f"Voici ma carte : {ecrite}. Merci.")


@pytest.mark.parametrize(
    "texte",
    [
        "4111 1111 1111 1111 12/28 123",
        "4111 1111 1111 1111 123",
        "4111111111111111 123",
        "CB:4111-1111-1111-1111",
        "４１１１１１１１１１１１１１１１",
        "3782 822463 10005",
        "FR7630006000011234567890189 4111111111111111",
    ],
)
def test_ni_la_date_ni_le_cryptogramme_ni_un_iban_a_cote_ne_la_cachent(texte):
    assert contient_une_carte(texte)


@pytest.mark.parametrize(
    "texte",
    [
        "X0000301010000001317",
        "05 61 00 19 30 et 06 12 34 56 78",
        "SIRET 362 521 879 00034",
        "21310133000017",
        "2 85 05 78 006 084 36",
        "4111 1111 1111 1112",
        "RIB : 30006 00001 12345678901 89",
        "",
        "4111",
        "2026-EAU-1317",
        "index : 4111 1111 en juin, 1111 1111 en juillet",
    ],
)
def test_ce_qui_n_est_pas_une_carte_passe(texte):
    assert not contient_une_carte(texte)


@given(st.text(string.digits, min_size=19, max_size=19), st.sampled_from(["X", "T", "facture X", "n°X"]))
def test_jamais_une_reference_de_facture(chiffres, devant):
    assert not contient_une_carte(f"Ma facture {devant}{chiffres} est fausse.")


def iban(pays: str, compte: str) -> str:
    """Avec sa vraie clé."""
    nombre = "".join(str(int(signe, 36)) for signe in f"{compte}{pays}00")
    return f"{pays}{98 - int(nombre) % 97:02d}{compte}"


LONGUEURS = {"FR": 23, "DE": 18, "BE": 12, "ES": 20, "LU": 16, "PT": 21, "IT": 23, "GB": 18}


@given(st.sampled_from(sorted(LONGUEURS)), st.data(), st.sampled_from(["", " ", "-"]), st.booleans())
def test_jamais_un_iban_d_un_bloc_ou_en_groupes(pays, data, separateur, minuscules):
    signes = string.digits + (string.ascii_uppercase if pays in {"FR", "GB", "IT"} else "")
    compte = data.draw(st.text(signes, min_size=LONGUEURS[pays], max_size=LONGUEURS[pays]))
    ecrit = par_quatre(iban(pays, compte), separateur)
    assert not contient_une_carte(f"Mon IBAN est {ecrit.lower() if minuscules else ecrit}, merci.")


@given(st.sampled_from(["4", "51", "2221", "37", "65"]), st.data(), st.sampled_from(["", " ", "-"]))
def test_toujours_une_carte_d_un_grand_reseau(prefixe, data, separateur):
    manque = (15 if prefixe == "37" else 16) - 1 - len(prefixe)
    nu = prefixe + data.draw(st.text(string.digits, min_size=manque, max_size=manque))
    [carte] = [f"{nu}{cle}" for cle in range(10) if luhn(f"{nu}{cle}")]
    assert contient_une_carte(par_quatre(carte, separateur))


@given(st.text(max_size=200))
def test_aucun_texte_ne_fait_tomber_la_recherche(texte):
    assert contient_une_carte(texte) in {True, False}
    assert len(debut(texte, signes=20)) <= 20


def test_cinq_mille_signes_se_lisent_sans_attendre():
    assert not contient_une_carte("1 " * 2500 + "a" + "1" * 5000)


@pytest.mark.parametrize("signe", ["\n", "\r", "\0", "\t", "\x1b", "\u2028", "\x85"])
def test_un_champ_d_une_ligne_n_en_a_qu_une(signe):
    with pytest.raises(ValidationError):
        refuser_plusieurs_lignes(f"Objet{signe}Bcc: x@exemple.fr")
    refuser_plusieurs_lignes("Objet : l'été, « cœur » & 100 € – ok")


def test_le_debut_d_un_message_lui_sert_d_objet():
    assert debut("  Bonjour,\n\nune question. ", signes=100) == "Bonjour, une question."
    assert debut("Bonjour, une très longue question", signes=20) == "Bonjour, une très…"
