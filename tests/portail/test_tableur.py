"""Les trois écrivains de tableaux : ce qu'on y met en ressort, et rien n'y devient une formule."""

import csv
import io
import re
import zipfile
from datetime import date, datetime
from decimal import Decimal

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from portail.tableur import FORMATS, neutraliser, restaurer
from portail.tableur.cellules import FORMULES

BUREAU, TABLE, TEXTE = (f"{{urn:oasis:names:tc:opendocument:xmlns:{n}:1.0}}" for n in ("office", "table", "text"))
COLONNES = ["Numéro", "Montant", "Jour", "Instant", "Nombre", "Payée"]

PIEGES = st.sampled_from(
    ["=1+1", "+33", "-2", "@SUM(A1)", "\t=x", "\rx", "\0=x", "＝1", "'=x", "''-1", "#N/A", "'t Hooft"]
)
TEXTES = PIEGES | st.text(st.characters(blacklist_categories=("Cs", "Cc"))) | st.text("=+-@'\t\n;\" aé€\0", max_size=8)
MONTANTS = st.integers(-(10**12), 10**12).map(lambda centimes: Decimal(centimes) / 100)
LIGNES = st.lists(
    st.tuples(
        TEXTES,
        MONTANTS | st.none(),
        st.dates(date(1901, 1, 1), date(2200, 1, 1)) | st.none(),
        st.datetimes(datetime(1901, 1, 1), datetime(2200, 1, 1)).map(lambda d: d.replace(microsecond=0)),
        st.integers(-(10**9), 10**9),
        st.booleans(),
    ),
    max_size=5,
)


def ecrire(nom: str, lignes) -> io.BytesIO:
    sortie = io.BytesIO()
    assert FORMATS[nom].ecrire(sortie, "Factures [2026] / é", COLONNES, iter(lignes)) == len(lignes)
    sortie.seek(0)
    return sortie


def attendue(ligne) -> tuple:
    """Ce qui doit ressortir : sans les caractères qu'aucun tableur n'accepte."""
    texte, *valeurs, payee = ligne
    return (propre(texte), *valeurs, "oui" if payee else "non")


def propre(texte: str) -> str:
    return texte.replace("\0", "").replace("\r", "\n")


def lire_csv(sortie: io.BytesIO) -> list[tuple]:
    rangees = csv.reader(io.StringIO(sortie.getvalue().decode("utf-8-sig"), newline=""), delimiter=";")
    assert next(rangees) == COLONNES
    lues = []
    for texte, montant, jour, instant, nombre, payee in rangees:
        assert not texte.startswith(FORMULES)
        lues.append((
            restaurer(texte),
            Decimal(montant.replace(",", ".")) if montant else None,
            datetime.strptime(jour, "%d/%m/%Y").date() if jour else None,
            datetime.strptime(instant, "%d/%m/%Y %H:%M:%S"),
            int(nombre),
            payee,
        ))  # fmt: skip
    return lues


def lire_xlsx(sortie: io.BytesIO) -> list[tuple]:
    feuille = load_workbook(sortie).active
    lues = []
    for rangee in feuille.iter_rows(min_row=2, max_col=len(COLONNES)):
        assert {cellule.data_type for cellule in rangee} <= {"s", "n", "d"}  # ni formule, ni erreur
        texte, montant, jour, instant, nombre, payee = (cellule.value for cellule in rangee)
        lues.append((
            restaurer(texte or ""),
            None if montant is None else Decimal(str(montant)).quantize(Decimal("0.01")),
            jour.date() if jour else None,
            instant,
            nombre,
            payee,
        ))  # fmt: skip
    return lues


def lire_ods(sortie: io.BytesIO) -> list[tuple]:
    with zipfile.ZipFile(sortie) as archive:
        assert archive.infolist()[0].filename == "mimetype"
        racine = fromstring(archive.read("content.xml"))
    lues = []
    for rangee in list(racine.iter(f"{TABLE}table-row"))[1:]:
        assert not any(cellule.get(f"{TABLE}formula") for cellule in rangee)
        texte, montant, jour, instant, nombre, payee = rangee
        du = montant.get(f"{BUREAU}value")
        lues.append((
            restaurer("\n".join(map(paragraphe, texte))),
            None if du is None else Decimal(du),
            date.fromisoformat(jour.get(f"{BUREAU}date-value")) if len(jour.attrib) > 1 else None,
            datetime.fromisoformat(instant.get(f"{BUREAU}date-value")),
            int(nombre.get(f"{BUREAU}value")),
            payee[0].text,
        ))  # fmt: skip
    return lues


def paragraphe(element) -> str:
    """Comme le lit LibreOffice : les blancs réunis, sauf ceux qui sont des balises."""
    assert not re.search("^ |  |\t", element.text or "")
    suites = {"s": lambda e: " " * int(e.get(f"{TEXTE}c")), "tab": lambda _: "\t"}
    return (element.text or "") + "".join(suites[e.tag.removeprefix(TEXTE)](e) + (e.tail or "") for e in element)


@pytest.mark.parametrize(("nom", "lire"), [("csv", lire_csv), ("xlsx", lire_xlsx), ("ods", lire_ods)])
@given(lignes=LIGNES)
@settings(max_examples=60)
def test_ce_qu_on_ecrit_se_relit_a_l_identique_et_sans_formule(nom, lire, lignes):
    assert lire(ecrire(nom, lignes)) == [attendue(ligne) for ligne in lignes]


@given(TEXTES)
def test_neutraliser_se_defait_toujours(texte):
    assert not neutraliser(texte).startswith(FORMULES)
    assert restaurer(neutraliser(texte)) == propre(texte)


def test_un_montant_negatif_reste_un_nombre():
    assert b";-5,00;" in ecrire("csv", [("a", Decimal("-5.00"), None, datetime(2026, 1, 1), 1, True)]).getvalue()
    assert neutraliser("-5,00") == "'-5,00"
    assert neutraliser("DUPONT-MARTIN") == "DUPONT-MARTIN"
