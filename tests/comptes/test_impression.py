"""Les codes sur le papier : un courrier par redevable, un fichier pour l'imprimeur, et nulle part ailleurs."""

import csv
import io
import re
from io import BytesIO

import factories
import pikepdf
import pypdfium2
import pytest

from comptes import codes
from comptes.models import CodeActivation
from comptes.services import exporter_codes, imprimer_codes, reconnaitre
from comptes.services.impression import COLONNES

pytestmark = pytest.mark.django_db
CODE = re.compile(rf"[{codes.ALPHABET}]{{4}}(?:-[{codes.ALPHABET}]{{4}}){{2}}")


@pytest.fixture
def trois(boe):
    return [factories.redevable(boe, code=f"C-{n}", nom=f"PERSONNE{n}", adresse=f"{n} rue des Lilas") for n in range(3)]


def pages(octets: bytes) -> list[str]:
    with pypdfium2.PdfDocument(octets) as pdf:
        return [" ".join(pdf[n].get_textpage().get_text_range().split()) for n in range(len(pdf))]


def test_chaque_redevable_a_sa_page_son_code_et_lui_seul(boe, trois):
    courriers = pages(imprimer_codes(redevables=trois, chez=boe))
    assert len(courriers) == 3
    for n, courrier in enumerate(courriers):
        [code] = CODE.findall(courrier)
        assert reconnaitre(client=f"C-{n}", code=codes.lire(code), chez=boe).redevable == trois[n]
        assert re.findall(r"PERSONNE(\d)", courrier) == [str(n)]
        assert f"{n} rue des Lilas" in courrier
        assert "Page" not in courrier  # chacun part seul


def test_le_courrier_dit_quoi_faire_et_ou(boe, trois):
    [courrier] = pages(imprimer_codes(redevables=trois[:1], chez=boe))
    phrases = [
        f"{boe.adresse}/?LIEN={boe.lien}", "Cliquez sur « J'active mon compte ».", "Code client C-0",
        "Personne ne vous le demandera, ni au téléphone, ni par message.", "Téléphone : 05 61 00 19 30",
        "Valable jusqu'au", "vos factures continuent d'arriver par courrier",
    ]  # fmt: skip
    assert [p for p in phrases if p not in courrier] == []


def test_le_courrier_est_un_pdf_balise(boe, trois):
    with pikepdf.open(BytesIO(imprimer_codes(redevables=trois, chez=boe))) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert (str(pdf.Root.Lang), str(pdf.docinfo.Title)) == ("fr", "Votre code d'activation — Ville de Boé")
        genres = [str(o.S) for o in pdf.objects if isinstance(o, pikepdf.Dictionary) and "/S" in o and "/P" in o]
        assert (genres.count("/H1"), genres.count("/H2"), genres.count("/L")) == (3, 6, 3)


def test_le_fichier_de_l_imprimeur_dit_la_meme_chose(boe, trois):
    lignes = list(csv.DictReader(io.StringIO(exporter_codes(redevables=trois)), delimiter=";"))
    assert [tuple(ligne) for ligne in lignes] == [COLONNES] * 3
    assert [ligne["nom"] for ligne in lignes] == ["PERSONNE0", "PERSONNE1", "PERSONNE2"]
    for ligne in lignes:
        assert reconnaitre(client=ligne["code_client"], code=codes.lire(ligne["code_activation"]), chez=boe)
        assert re.fullmatch(r"\d\d/\d\d/\d{4}", ligne["valable_jusqu_au"])


@pytest.mark.parametrize("nom", ["=1+1", "+33", "-2", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("http://evil";"x")'])
def test_un_tableur_n_execute_rien_de_ce_fichier(boe, nom):
    redevable = factories.redevable(boe, nom=nom, prenom='";=1+1', adresse=f"1 rue\n{nom}")
    [ligne] = csv.reader(io.StringIO(exporter_codes(redevables=[redevable]).split("\r\n", 1)[1]), delimiter=";")
    assert len(ligne) == len(COLONNES)
    assert [v for v in ligne if v.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def test_imprimer_une_seconde_fois_remplace_les_codes(boe, trois):
    premiere, seconde = (pages(imprimer_codes(redevables=trois, chez=boe)) for _ in range(2))
    [ancien], [neuf] = CODE.findall(premiere[0]), CODE.findall(seconde[0])
    trouves = [reconnaitre(client="C-0", code=codes.lire(c), chez=boe) is not None for c in (ancien, neuf)]
    assert (trouves, CodeActivation.objects.count()) == ([False, True], 3)


def test_une_adresse_ou_un_nom_hostiles_restent_du_texte(boe):
    redevable = factories.redevable(boe, nom="<b>X</b>", adresse="<img src='file:///etc/passwd'>")
    [courrier] = pages(imprimer_codes(redevables=[redevable], chez=boe))
    assert "<b>X</b>" in courrier
