"""Ce qu'un mot de passe peut être, et ce qu'il ne peut pas être."""

import math
import string

import factories
import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from comptes.forms import NouveauMotDePasseForm
from comptes.models import Usager
from comptes.mots_de_passe import LONGUEUR, LONGUEUR_MAXIMALE, mots, refuser, solidite

BOE = "Ville de Boé"
MARIE = Usager(nom="DUPOND-MARTIN", prenom="Marie", email="marie.dupont47@exemple.fr")


def juger(mot_de_passe: str, usager: Usager, commune: str) -> None:
    validate_password(mot_de_passe, usager)
    refuser(mot_de_passe, mots(commune))


def refus(mot_de_passe: str, usager: Usager = MARIE, commune: str = BOE) -> list[str]:
    """Les raisons du refus, dans l'ordre."""
    try:
        juger(mot_de_passe, usager, commune)
    except ValidationError as erreur:
        return [e.code for e in erreur.error_list]
    return []


@pytest.mark.parametrize(
    "mot_de_passe",
    [
        "kzqwrtplmnbvaejfoudx",
        "mon chat dort au soleil",
        "quatre mots à moi",
        "correcthorsebatterystaple",
        "7294 boussoles",
        "éàüçñø ßœ¿ 漢字 ok",
    ],
)
def test_seule_la_longueur_compte(mot_de_passe):
    assert refus(mot_de_passe) == []


def test_douze_signes_suffisent_et_onze_non():
    assert (refus("kzqwrtplmnbv"), refus("kzqwrtplmnb")) == ([], ["trop-court"])
    assert LONGUEUR == 12


@pytest.mark.parametrize(
    "mot_de_passe",
    [
        "Password123456",
        "P@ssw0rd1234!",
        "M0tdep@sse2026",
        "motdepasse2026",
        "passwordpassword",
        "Azertyuiop12",
        "qwertyqwerty123",
        "1q2w3e4r5t6y7u8i",
        "123456789012",
        "aaaaaaaaaaaa",
        "abababababab",
        "soleil-soleil-1",
        "chocolatnoisette",
        "jetaimejetaime",
        "Toulouse311234",
    ],
)
def test_un_mot_de_passe_tres_courant_est_refuse_meme_allonge(mot_de_passe):
    assert refus(mot_de_passe) == ["courant"]


@pytest.mark.parametrize(
    ("mot_de_passe", "mot"),
    [
        ("la mairie de chez nous", "mairie"),
        ("Mes Factures arrivent", "facture"),
        ("Portail Factures", "facture"),
        ("P4yF1p est super bien", "payfip"),
        ("j'habite à Boé depuis", "boe"),
        ("je suis une dupond-heureuse", "dupond"),
        ("qui est Marie au juste", "marie"),
        ("le chien dupont aboie", "dupont"),
    ],
)
def test_un_mot_que_tout_le_monde_sait_est_refuse_et_nomme(mot_de_passe, mot):
    with pytest.raises(ValidationError) as erreur:
        juger(mot_de_passe, MARIE, BOE)
    assert [e.code for e in erreur.value.error_list] == ["contexte"]
    assert f"« {mot} »" in erreur.value.messages[0]


def test_les_mots_d_un_autre_sont_permis():
    autre = Usager(nom="MARTINEZ", prenom="Bob", email="bob@exemple.fr")
    assert refus("qui est Marie au juste", autre) == []
    assert refus("j'habite à Boé depuis", commune="Commune d'Ailleurs") == []


@given(st.text(string.ascii_lowercase, min_size=1, max_size=40))
def test_un_mot_de_passe_accepte_en_minuscules_vaut_au_moins_cinquante_bits(mot_de_passe):
    if refus(mot_de_passe) == []:
        assert len(mot_de_passe) * math.log2(26) >= 50


def test_onze_lettres_vaudraient_assez_mais_la_borne_de_la_propriete_mord():
    assert 10 * math.log2(26) < 50 < LONGUEUR * math.log2(26)


@given(st.text(max_size=200))
def test_aucun_texte_ne_fait_tomber_le_jugement(mot_de_passe):
    assert set(refus(mot_de_passe)) <= {"trop-court", "courant", "contexte"}


@pytest.mark.parametrize(
    ("longueur", "mot"), [(12, "correct"), (15, "correct"), (16, "solide"), (19, "solide"), (20, "très solide")]
)
def test_la_solidite_se_dit_en_mots(longueur, mot):
    assert solidite("x" * longueur) == mot


def formulaire(boe, nouveau, confirmation=None):
    envoi = {"nouveau": nouveau, "confirmation": nouveau if confirmation is None else confirmation}
    return NouveauMotDePasseForm(envoi, usager=MARIE, collectivite=boe)


PHRASE = " Voici une phrase assez longue pour un mot, et avec des espaces au bout "


@pytest.mark.parametrize("longueur", [64, 128, 129, LONGUEUR_MAXIMALE])
def test_rien_n_est_coupe_ni_rogne(boe, longueur):
    long = (PHRASE * 20)[: longueur - 1] + " "
    form = formulaire(boe, long)
    assert form.is_valid(), form.errors
    usager = factories.usager(password=form.cleaned_data["nouveau"])
    assert usager.check_password(long)
    assert [usager.check_password(autre) for autre in (long[:-1], long.strip(), long.lower(), f"{long[:-1]}x")] == [
        False
    ] * 4


def test_au_dela_du_maximum_il_est_refuse_et_non_coupe(boe):
    form = formulaire(boe, (PHRASE * 20)[: LONGUEUR_MAXIMALE + 1])
    assert form.errors["nouveau"] == ["Ce mot de passe est trop long : 1000 signes au plus."]


@pytest.mark.parametrize(
    ("nouveau", "confirmation", "erreurs"),
    [
        (
            "",
            "",
            {
                "nouveau": ["Écrivez le nouveau mot de passe."],
                "confirmation": ["Écrivez le nouveau mot de passe une seconde fois."],
            },
        ),
        ("court", "court", {"nouveau": ["Trop court : il a 5 signes, il en faut au moins 12."]}),
        (
            "quatre mots à moi",
            "quatre mots à toi",
            {"confirmation": ["Les deux mots de passe ne sont pas les mêmes. Écrivez-les à nouveau."]},
        ),
        (
            "Password123456",
            "Password123456",
            {"nouveau": ["Trop facile à deviner : il est fait de mots ou de suites que tout le monde essaie."]},
        ),
        (
            "la mairie de chez nous",
            "la mairie de chez nous",
            {"nouveau": ["Trop facile à deviner : il contient « mairie ». Choisissez d'autres mots."]},
        ),
    ],
)
def test_chaque_refus_dit_quoi_faire(boe, nouveau, confirmation, erreurs):
    assert formulaire(boe, nouveau, confirmation).errors == erreurs


def test_les_champs_laissent_travailler_les_gestionnaires_de_mots_de_passe(boe):
    champs = formulaire(boe, "", "").fields
    assert [(c.widget.input_type, c.widget.attrs["autocomplete"]) for c in champs.values()] == [
        ("password", "new-password")
    ] * 2
