"""Un document déposé est un PDF simple, ou la ligne le dit."""

import io
import zipfile

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, String

from factures.imports.documents import DocumentRefuse
from factures.imports.pdf import PAGES_MAXIMUM, porte, verifier
from factures.services import composer_document
from tests.factures.outils_pdf import avec, pdf


def refus(contenu):
    with pytest.raises(DocumentRefuse) as refuse:
        verifier(contenu)
    return str(refuse.value)


def test_un_pdf_simple_est_garde():
    verifier(pdf())
    verifier(pdf(pages=PAGES_MAXIMUM))
    verifier(pdf() + b"\r\n\0\0")


@pytest.mark.django_db
def test_nos_propres_factures_passent(facture):
    verifier(composer_document(facture))


def test_une_ouverture_a_la_bonne_page_n_est_pas_un_script():
    def ouvrir(document):
        document.Root.OpenAction = Array([document.pages[0].obj, Name.Fit])

    verifier(avec(ouvrir))


def test_trop_de_pages_ou_aucune():
    assert refus(pdf(pages=PAGES_MAXIMUM + 1)) == "ce PDF a 201 pages ; 200 au plus."
    assert refus(pdf(pages=0)) == "ce PDF a 0 pages ; 200 au plus."


@pytest.mark.parametrize(
    "contenu", [b"", b"bonjour", b"<html>", b"\n" + pdf(), b"PK\x03\x04" + pdf(), b"<script></script>" + pdf()]
)
def test_ce_qui_ne_commence_pas_comme_un_pdf(contenu):
    assert refus(contenu) == "ce document n'est pas un PDF."


def test_un_pdf_qui_est_aussi_autre_chose():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as z:
        z.writestr("virus.exe", "MZ")
    for suite in (archive.getvalue(), b"<script>alert(1)</script>", b"x"):
        assert refus(pdf() + suite) == "ce PDF est coupé, ou suivi d'autre chose."


@pytest.mark.parametrize("garde", [0.3, 0.6, 0.9])
def test_un_pdf_coupe(garde):
    entier = pdf()
    assert refus(entier[: int(len(entier) * garde)]) == "ce PDF est coupé, ou suivi d'autre chose."


@pytest.mark.parametrize("mots", [{"user": "", "owner": "x"}, {"user": "x", "owner": "x"}])
def test_un_pdf_chiffre_meme_sans_mot_de_passe_a_l_ouverture(mots):
    assert refus(pdf(encryption=pikepdf.Encryption(**mots))) == "ce PDF est protégé par un mot de passe."


ACTIONS = {
    "/JavaScript": lambda: Dictionary(S=Name.JavaScript, JS=String("app.alert(1)")),
    "/Launch": lambda: Dictionary(S=Name.Launch, F=String("cmd.exe")),
    "/SubmitForm": lambda: Dictionary(S=Name.SubmitForm, F=String("https://exemple.fr")),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("indirecte", [True, False])
def test_une_action_a_l_ouverture(action, indirecte):
    def ouvrir(document):
        document.Root.OpenAction = document.make_indirect(ACTIONS[action]()) if indirecte else ACTIONS[action]()

    assert "du contenu actif ou caché." in refus(avec(ouvrir))


CACHES = {
    "/AA": lambda d: d.pages[0].obj.__setitem__("/AA", Dictionary(O=Dictionary(S=Name.GoTo))),
    "/EmbeddedFiles": lambda d: d.attachments.__setitem__("a.exe", b"MZ"),
    "/XFA": lambda d: d.Root.__setitem__("/AcroForm", Dictionary(XFA=String("<x/>"), Fields=Array([]))),
    "/RichMedia": lambda d: d.Root.__setitem__("/Extra", Array([Dictionary(RichMedia=Dictionary())])),
    "/JavaScript": lambda d: d.Root.__setitem__("/Names", Dictionary(JavaScript=Dictionary(Names=Array([])))),
}


@pytest.mark.parametrize("cle", CACHES)
def test_un_contenu_cache(cle):
    assert refus(avec(CACHES[cle])) == f"ce PDF contient {cle} : du contenu actif ou caché."


def test_un_nom_ecrit_en_hexadecimal_est_reconnu():
    """« #4a » est « J » : chercher les mots dans les octets ne suffirait pas."""
    actif = avec(lambda d: d.Root.__setitem__("/OpenAction", Dictionary(S=Name("/JavaScript"), JS=String("1"))))
    assert b"/J#61vaScript" not in actif
    deguise = actif.replace(b"/JavaScript", b"/J#61vaScript").replace(b"/JS", b"/J#53")
    assert "actif ou caché" in refus(deguise)


def test_des_imbrications_sans_fin_sont_refusees():
    def creuser(document):
        fond = Dictionary(A=1)
        for _ in range(200):
            fond = Dictionary(A=fond)
        document.Root.Extra = fond

    assert refus(avec(creuser)) in {"ce PDF est trop compliqué.", "ce PDF est abîmé."}


@given(st.binary(max_size=300))
def test_aucun_octet_ne_fait_tomber_la_verification(octets):
    refus(b"%PDF-1.7\n" + octets + b"\n%%EOF")


SAIN = pdf()


@given(st.integers(min_value=9, max_value=len(SAIN) - 8), st.binary(min_size=1, max_size=6))
def test_aucune_corruption_ne_fait_tomber_la_verification(ou, octets):
    try:
        abime = SAIN[:ou] + octets + SAIN[ou + len(octets) :]
        assert porte(abime, "2026-1") in {True, False}
        verifier(abime)
    except DocumentRefuse as refuse:
        assert str(refuse).startswith("ce ")  # noqa: PT017  # l'un ou l'autre sort convient
