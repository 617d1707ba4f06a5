"""Le CSV : mêmes lignes quels que soient l'encodage et le séparateur, et une phrase pour chaque défaut."""

import csv
import io
from dataclasses import asdict
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factures.imports import COLONNES, FichierRefuse, Ligne, Rejet, interpreter
from factures.imports.lecteur_csv import CARACTERES_PAR_LIGNE, lire
from tests.factures.outils_imports import ENTETE, ecrire_csv, rangee


def lues(octets, **options):
    return [interpreter(r) for r in lire(io.BytesIO(octets), **options)]


def phrases(octets):
    return [rejet.phrase for lue in lues(octets) if not isinstance(lue, Ligne) for rejet in lue]


def refus(octets):
    with pytest.raises(FichierRefuse) as refuse:
        lues(octets)
    return str(refuse.value)


ATTENDUE = Ligne(
    numero_de_ligne=2,
    source="EAU-SOFT",
    code_redevable="C1",
    nom="LŒUVRE",
    prenom="Élodie",
    adresse="1 rue de l'Été",
    code_postal="47550",
    ville="Boé",
    courriel="elodie@exemple.fr",
    numero="2026-1",
    reference="X2026-1",
    exercice=2026,
    objet="Eau, 1er semestre",
    montant=Decimal("243.11"),
    date_emission=date(2026, 11, 2),
    date_echeance=date(2026, 12, 15),
    date_limite_en_ligne=date(2027, 2, 15),
    date_prelevement=None,
    fichier_pdf="",
)


def test_l_en_tete_du_contrat_est_celui_que_nous_lisons():
    assert list(COLONNES) == ENTETE


@pytest.mark.parametrize("encodage", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separateur", [";", ",", "\t", "|"])
@pytest.mark.parametrize("fin", ["\r\n", "\n", "\r"])
def test_le_meme_fichier_se_lit_de_toutes_les_facons(encodage, separateur, fin):
    assert lues(ecrire_csv(rangee(), encodage=encodage, separateur=separateur, fin=fin)) == [ATTENDUE]


def test_latin_1_est_lu_comme_windows_1252():
    assert lues(ecrire_csv(rangee(nom="Bénédicte"), encodage="latin-1"))[0].nom == "Bénédicte"


def test_l_euro_et_l_oe_de_windows_1252_sont_lus():
    [ligne] = lues(ecrire_csv(rangee(objet="Cœur à 3 €"), encodage="cp1252"))
    assert ligne.objet == "Cœur à 3 €"


def test_un_montant_negatif_est_garde_et_les_espaces_insecables_disparaissent():
    [ligne] = lues(ecrire_csv(rangee(montant="-1\u202f234,50\u00a0€", nom="\u00a0LE\u00a0 GOFF ")))
    assert (ligne.montant, ligne.nom) == (Decimal("-1234.50"), "LE GOFF")


def test_une_adresse_garde_ses_lignes_et_les_autres_colonnes_non():
    [ligne] = lues(ecrire_csv(rangee(adresse="Résidence A\r\n\r\n 1 rue B", objet="Eau\nfroide")))
    assert (ligne.adresse, ligne.objet) == ("Résidence A\n1 rue B", "Eau froide")


def test_l_en_tete_se_reconnait_sans_accent_ni_casse_et_les_colonnes_inconnues_sont_oubliees():
    titres = [f" {nom.upper().replace('_', ' ')}" for nom in ENTETE]
    octets = ecrire_csv(rangee()).replace(";".join(ENTETE).encode(), ";".join([*titres, "NIR"]).encode())
    octets = octets.replace(b"2027;;", b"2027;;;1850747550123")
    assert lues(octets) == [ATTENDUE]


def test_un_autre_en_tete_se_lit_par_une_correspondance():
    octets = ecrire_csv(rangee()).replace(b"montant", "Net à payer".encode())
    assert lues(octets, correspondance={"net à payer": "montant"}) == [ATTENDUE]
    assert refus(octets).startswith("Il manque des colonnes : montant. La première ligne attendue est source;code_")


def test_les_lignes_vides_et_les_points_virgules_de_trop_ne_genent_pas():
    octets = b"\r\n;;\r\n" + ecrire_csv(rangee()).replace(b"2027;;", b"2027;;;;") + b"\r\n;;;;;\r\n\r\n"
    [ligne] = lues(octets)
    assert ligne == Ligne(**{**asdict(ATTENDUE), "numero_de_ligne": 4})


def test_le_numero_d_une_ligne_est_celui_du_fichier():
    octets = ecrire_csv(rangee(adresse="A\nB"), rangee(montant="12.3.4"), fin="\n")
    assert phrases(octets) == ["Ligne 4 : le montant « 12.3.4 » n'est pas un nombre."]


def test_tous_les_defauts_d_une_ligne_sont_dits_a_la_fois():
    mauvaise = rangee(montant="1.234", date_emission="31/02/2026", nom=" ", objet="x" * 161, courriel="chez moi")
    assert phrases(ecrire_csv(mauvaise)) == [
        "Ligne 2 : l'adresse mail « chez moi » n'est pas valable ; corrigez-la ou videz la case.",
        f"Ligne 2 : « {'x' * 60}… » est trop long pour la colonne « objet » (160 caractères au plus).",
        "Ligne 2 : le montant « 1.234 » se lit de deux façons ; écrivez les centimes avec deux chiffres (1234,00).",
        "Ligne 2 : la date « 31/02/2026 » n'existe pas (jour, mois, année).",
        "Ligne 2 : la colonne « nom » est vide.",
    ]


OBLIGATOIRES = ["source", "code_redevable", "nom", "numero", "reference", "objet", "montant", "date_emission"]


@pytest.mark.parametrize("champ", OBLIGATOIRES)
def test_chaque_colonne_obligatoire_manque_avec_son_nom(champ):
    assert phrases(ecrire_csv(rangee(**{champ: ""}))) == [f"Ligne 2 : la colonne « {champ} » est vide."]
    assert refus(ecrire_csv(rangee(), entete=[nom for nom in ENTETE if nom != champ])).startswith(
        f"Il manque des colonnes : {champ}."
    )


def test_les_colonnes_facultatives_peuvent_ne_pas_y_etre():
    [ligne] = lues(ecrire_csv(rangee(), entete=OBLIGATOIRES))
    assert (ligne.prenom, ligne.exercice, ligne.date_echeance, ligne.fichier_pdf) == ("", None, None, "")


def test_une_ligne_coupee_ou_trop_longue_n_est_pas_devinee():
    [courte] = lues(ecrire_csv(rangee()).replace(b";15/12/2026;15/02/2027;;", b""))
    [longue] = lues(ecrire_csv(rangee()).replace(b"2027;;", b"2027;;;oups"))
    assert (courte, longue) == (
        (Rejet(2, "", "la ligne a 14 cellules au lieu de 18 ; est-elle entière ?"),),
        (Rejet(2, "", "la ligne a 19 cellules au lieu de 18 ; est-elle entière ?"),),
    )


@pytest.mark.parametrize("caractere", ["\x00", "\x01", "\x81", "\ufffd", "\u202e", "\ue000"])
def test_un_caractere_illisible_est_montre_a_sa_ligne(caractere):
    assert phrases(ecrire_csv(rangee(nom=f"A{caractere}B"))) == [
        "Ligne 2 : la colonne « nom » contient un caractère illisible ; retapez-la."
    ]


def test_deux_encodages_melanges_se_voient():
    octets = ecrire_csv(rangee()) + ecrire_csv(rangee("2026-2"), encodage="cp1252").split(b"\r\n")[1]
    assert "Ligne 2 : « LÅ’UVRE » mélange deux encodages ; exportez de nouveau le fichier en UTF-8." in phrases(octets)


@pytest.mark.parametrize(
    ("octets", "phrase"),
    [
        (b"", "Ce fichier est vide."),
        (b"\xef\xbb\xbf", "Ce fichier est vide."),
        (b"\r\n ;; \r\n", "Ce fichier est vide."),
        (b"\x81\xff", "Ce fichier n'est pas du texte lisible ; exportez-le de nouveau en CSV UTF-8."),
        ("é".encode("utf-16")[:-1], "Ce fichier n'est pas du texte lisible ; exportez-le de nouveau en CSV UTF-8."),
        ("é".encode("utf-32"), "Ce fichier est en UTF-32 ; exportez-le de nouveau en CSV UTF-8."),
        (ecrire_csv(rangee(), entete=[*ENTETE, "nom"]), "Une colonne est là deux fois : nom."),
        (b";" * 200, "Ce fichier est vide."),
        (b"a;" * 200, "Ce fichier a plus de 200 colonnes : ce n'est pas un tableau de factures."),
        (
            ecrire_csv(rangee()) + b'"ouverte',
            "Ligne 3 : des guillemets sont mal fermés ; la suite du fichier ne peut pas être lue.",
        ),
        (
            ecrire_csv(rangee(objet="x" * 10_000_000)),
            "Ligne 2 : plus de 100000 caractères ; ce n'est pas un tableau de factures.",
        ),
    ],
)
def test_un_fichier_qui_n_en_est_pas_un_est_refuse_en_entier(octets, phrase):
    assert refus(octets) == phrase


def test_une_ligne_au_plus_longue_se_lit_encore():
    reste = CARACTERES_PAR_LIGNE - len(ecrire_csv(rangee(objet="")).splitlines(keepends=True)[1].decode())
    for longueur, attendu in ((reste, "trop long"), (reste + 1, "ce n'est pas un tableau")):
        octets = ecrire_csv(rangee(objet="x" * longueur))
        assert attendu in (phrases(octets)[0] if longueur == reste else refus(octets))


TEXTES = st.text(st.characters(blacklist_categories=["C", "Zl", "Zp"]), min_size=1, max_size=80)


@given(st.lists(st.fixed_dictionaries({"nom": TEXTES, "adresse": TEXTES, "objet": TEXTES})))
def test_ce_qui_est_ecrit_est_relu(personnes):
    propres = [{cle: " ".join(texte.split()) or "X" for cle, texte in p.items()} for p in personnes]
    octets = ecrire_csv(*(rangee(**p) for p in propres), encodage="utf-8-sig")
    for lue, ecrite in zip(lues(octets), propres, strict=True):
        if isinstance(lue, Ligne):
            assert {cle: getattr(lue, cle) for cle in ecrite} == ecrite
        else:  # seul un texte qui ressemble à un mélange d'encodages est refusé
            assert {rejet.motif.split("»")[-1] for rejet in lue} == {
                " mélange deux encodages ; exportez de nouveau le fichier en UTF-8."
            }


@given(st.integers(min_value=-(10**11) + 1, max_value=10**11 - 1).filter(bool))
def test_tout_montant_ecrit_est_relu_au_centime(centimes):
    ecrit = f"{'-' if centimes < 0 else ''}{abs(centimes) // 100},{abs(centimes) % 100:02d}"
    [ligne] = lues(ecrire_csv(rangee(montant=ecrit)))
    assert ligne.montant.scaleb(2) == centimes


def sans_autre_exception(octets):
    """Des lignes, des rejets ou un refus, et des phrases entières."""
    phrases = []
    try:
        for lue in lues(octets):
            phrases += [] if isinstance(lue, Ligne) else [rejet.phrase for rejet in lue]
    except FichierRefuse as refuse:
        phrases.append(f"{refuse}")
    assert [phrase for phrase in phrases if not phrase.endswith((".", "?", ";fichier_pdf."))] == []


@given(st.binary(max_size=400))
def test_aucun_octet_ne_fait_tomber_le_lecteur(octets):
    sans_autre_exception(octets)


@given(st.binary(max_size=200), st.sampled_from(["utf-8", "utf-16", "cp1252"]))
def test_aucun_octet_sous_un_bon_en_tete_ne_fait_tomber_le_lecteur(octets, encodage):
    sans_autre_exception(";".join(ENTETE).encode(encodage) + b"\r\n" + octets)


@given(st.lists(st.lists(st.text(max_size=20), max_size=20), max_size=5))
def test_aucune_cellule_ne_fait_tomber_le_lecteur(cellules):
    texte = io.StringIO(newline="")
    csv.writer(texte, delimiter=";", quoting=csv.QUOTE_ALL).writerows([ENTETE, *cellules])
    sans_autre_exception(texte.getvalue().encode("utf-8", "replace"))
