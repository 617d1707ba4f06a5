"""Un texte devient une valeur, ou une phrase qui dit pourquoi ; jamais une devinette."""

from datetime import date
from decimal import Decimal

import pytest

from factures.imports import valeurs
from factures.imports.valeurs import ValeurRefusee


@pytest.mark.parametrize(
    ("texte", "attendu"),
    [
        ("243,11", "243.11"),
        ("243.11", "243.11"),
        ("12,5", "12.50"),
        ("12.5", "12.50"),
        ("12", "12.00"),
        ("007,10", "7.10"),
        ("+5,00", "5.00"),
        ("-5,00", "-5.00"),
        ("\u22125,00", "-5.00"),
        ("1 234,56", "1234.56"),
        ("1 234 567,89", "1234567.89"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1.234.567,89", "1234567.89"),
        ("12,50 €", "12.50"),
        ("12,50€", "12.50"),
        ("12,50 EUR", "12.50"),
        ("0,01", "0.01"),
        ("999999999,99", "999999999.99"),
    ],
)
def test_un_montant_qui_ne_se_lit_que_d_une_facon(texte, attendu):
    lu = valeurs.montant(texte)
    assert (lu, str(lu)) == (Decimal(attendu), attendu)


@pytest.mark.parametrize(
    ("texte", "motif"),
    [
        ("12.3.4", "le montant « 12.3.4 » n'est pas un nombre."),
        ("12,345", "le montant « 12,345 » se lit de deux façons ; écrivez les centimes avec deux chiffres (1234,00)."),
        ("1.234", "le montant « 1.234 » se lit de deux façons ; écrivez les centimes avec deux chiffres (1234,00)."),
        ("0,005", "le montant « 0,005 » se lit de deux façons ; écrivez les centimes avec deux chiffres (1234,00)."),
        ("1234,567", "le montant « 1234,567 » a plus de deux décimales."),
        ("0,0001", "le montant « 0,0001 » a plus de deux décimales."),
        ("0", "le montant est nul."),
        ("-0,00", "le montant est nul."),
        ("1000000000", "le montant « 1000000000 » est trop grand."),
        ("9" * 50, f"le montant « {'9' * 50} » est trop grand."),
    ],
)
def test_un_montant_douteux_est_refuse_avec_sa_raison(texte, motif):
    with pytest.raises(ValeurRefusee) as refus:
        valeurs.montant(texte)
    assert str(refus.value) == motif


PAS_DES_NOMBRES = [
    *("12 34,56", "(5,00)", "5,00-", "1e3", "١٢", "NaN", "Infinity", "=1+1", "12,", ",5", "--5", "€"),
    *("1,234,56", "1 234.567,00"),
]


@pytest.mark.parametrize("texte", PAS_DES_NOMBRES)
def test_ce_qui_n_est_pas_un_nombre_est_refuse(texte):
    with pytest.raises(ValeurRefusee) as refus:
        valeurs.montant(texte)
    assert str(refus.value) == f"le montant « {texte} » n'est pas un nombre."


@pytest.mark.parametrize(
    ("texte", "attendu"),
    [
        ("01/02/2026", date(2026, 2, 1)),
        ("1/2/2026", date(2026, 2, 1)),
        ("01-02-2026", date(2026, 2, 1)),
        ("01.02.2026", date(2026, 2, 1)),
        ("2026-02-01", date(2026, 2, 1)),
        ("29/02/2028", date(2028, 2, 29)),
        ("01/01/1990", date(1990, 1, 1)),
        ("31/12/2100", date(2100, 12, 31)),
    ],
)
def test_une_date_est_francaise_ou_iso(texte, attendu):
    assert valeurs.jour(texte) == attendu


@pytest.mark.parametrize(
    ("texte", "motif"),
    [
        ("31/02/2026", "la date « 31/02/2026 » n'existe pas (jour, mois, année)."),
        ("12/25/2026", "la date « 12/25/2026 » n'existe pas (jour, mois, année)."),
        ("01/02/26", "la date « 01/02/26 » ne se comprend pas ; écrivez l'année avec quatre chiffres."),
        ("46054", "la date « 46054 » ne se comprend pas ; écrivez JJ/MM/AAAA."),
        ("1 février 2026", "la date « 1 février 2026 » ne se comprend pas ; écrivez JJ/MM/AAAA."),
        ("31/12/1989", "la date « 31/12/1989 » est hors des années 1990 à 2100."),
        ("01/01/2101", "la date « 01/01/2101 » est hors des années 1990 à 2100."),
        ("٠١/٠٢/٢٠٢٦", "la date « ٠١/٠٢/٢٠٢٦ » ne se comprend pas ; écrivez JJ/MM/AAAA."),
    ],
)
def test_une_date_douteuse_est_refusee_avec_sa_raison(texte, motif):
    with pytest.raises(ValeurRefusee) as refus:
        valeurs.jour(texte)
    assert str(refus.value) == motif


@pytest.mark.parametrize("texte", ["26", "20266", "1989", "2101", "deux mille", "²⁰²⁶"])
def test_un_exercice_est_une_annee(texte):
    assert valeurs.exercice("2026") == 2026
    with pytest.raises(ValeurRefusee, match="n'est pas une année"):
        valeurs.exercice(texte)


@pytest.mark.parametrize("texte", ["a@b.fr", "prenom.nom+eau@sous.domaine.exemple.fr", "élodie@exemple.fr"])
def test_une_adresse_mail_est_gardee(texte):
    assert valeurs.courriel(texte) == texte


@pytest.mark.parametrize(
    "texte", ["a", "a@b", "a@b.fr,c@d.fr", "a@b.fr c@d.fr", "Ada <a@b.fr>", "a@@b.fr", "a@b..fr", "@b.fr"]
)
def test_une_adresse_mail_impossible_est_refusee(texte):
    with pytest.raises(ValeurRefusee, match="n'est pas valable"):
        valeurs.courriel(texte)
