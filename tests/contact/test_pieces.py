"""Une pièce jointe : reconnue à ses octets, refaite ou vérifiée, jamais un chemin ; l'antivirus a le dernier mot."""

from io import BytesIO

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from contact.pieces import COTE, EXTENSIONS, NOM_MAXIMUM, PieceRefusee, nettoyer, preparer
from portail.antivirus import AntivirusInjoignable, FichierInfecte, analyser
from portail.bornes import OCTETS_PAR_PIECE
from tests.contact.outils_pieces import LIEU, clamd, image, pdf, pdf_infecte


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_une_image_est_refaite_droite_et_sans_ses_secrets(format_):
    originale = image(format_, (60, 40), rotation=6)  # prise debout
    piece = preparer("C:\\Photos\\compteur.exe", originale)
    assert LIEU.encode() in originale
    assert LIEU.encode() not in piece.contenu
    with Image.open(BytesIO(piece.contenu)) as relue:
        assert (relue.format, relue.size, dict(relue.getexif())) == (format_, (40, 60), {})
    assert piece.nom == f"compteur.{EXTENSIONS[piece.genre]}"


def test_ce_qui_suit_une_image_ou_se_cache_dans_ses_commentaires_disparait():
    sortie = BytesIO()
    Image.new("RGB", (9, 9)).save(sortie, "JPEG", comment=b"<script>alert(1)</script>")
    cachee = sortie.getvalue() + b"PK\x03\x04 une archive"
    assert not [m for m in (b"script", b"PK") if m in preparer("a.jpg", cachee).contenu]


def test_une_grande_photo_est_ramenee_a_ce_qui_se_lit():
    with Image.open(BytesIO(preparer("a.jpg", image(taille=(5000, 2500))).contenu)) as relue:
        assert relue.size == (COTE, COTE // 2)


@pytest.mark.parametrize("cote", [8000, 20_000])
def test_une_bombe_est_refusee_sans_etre_ouverte(cote):
    sortie = BytesIO()
    Image.new("1", (cote, cote)).save(sortie, "PNG")
    assert len(sortie.getvalue()) < 100_000
    with pytest.raises(PieceRefusee, match="image est"):
        preparer("a.png", sortie.getvalue())


def test_un_pdf_simple_est_garde_tel_quel():
    contenu = pdf()
    piece = preparer("facture", contenu)
    assert (piece.nom, piece.genre, piece.contenu) == ("facture.pdf", "application/pdf", contenu)


def chiffre() -> bytes:
    document, sortie = pikepdf.new(), BytesIO()
    document.add_blank_page()
    document.save(sortie, encryption=pikepdf.Encryption(owner="a", user="b"))
    return sortie.getvalue()


REFUSEES = {
    "un script": lambda: pdf(OpenAction=pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")),
    "un mot de passe": chiffre,
    "un PDF suivi d'une page": lambda: pdf() + b"<html><script>alert(1)</script>",
    "un PDF coupé": lambda: pdf()[:-200],
    "une page nommée .pdf": lambda: b"<html>%PDF-1.4</html>",
    "un SVG": lambda: b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "un GIF": lambda: b"GIF89a" + bytes(20),
    "un programme": lambda: b"MZ" + bytes(99),
    "rien": lambda: b"",
    "une image coupée": lambda: image()[:200],
    "un JPEG qui n'en est pas un": lambda: b"\xff\xd8\xff" + bytes(99),
    "un WebP qui n'en est pas un": lambda: b"RIFF\x04\x00\x00\x00WEBPVP8 ",
    "trop lourde": lambda: b"%PDF-" + bytes(OCTETS_PAR_PIECE),
}


@pytest.mark.parametrize("quoi", REFUSEES)
def test_le_reste_est_refuse_par_une_phrase(quoi):
    with pytest.raises(PieceRefusee) as refus:
        preparer("photo.png", REFUSEES[quoi]())
    assert str(refus.value).endswith(".")


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"%PDF-", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF0000WEBP"])
)
def test_des_octets_quelconques_sont_refuses_jamais_une_panne(octets, entete):
    with pytest.raises(PieceRefusee):
        preparer("x", entete + octets)


@given(st.text(max_size=300))
def test_un_nom_n_est_jamais_un_chemin(nom):
    propre = nettoyer(nom, "image/png")
    assert propre.endswith(".png")
    assert len(propre) <= NOM_MAXIMUM + 4
    assert not [s for s in propre if s in "/\\\0\r\n\u202e"]
    assert not propre.startswith(".")


@pytest.mark.parametrize(
    ("nom", "propre"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\a\\b.txt", "b.pdf"),
        ("facture\u202efdp.exe", "facturefdp.pdf"),
        ("..", "document.pdf"),
        ("", "document.pdf"),
        ("été 2026.pdf", "été 2026.pdf"),
    ],
)
def test_quelques_noms(nom, propre):
    assert nettoyer(nom, "application/pdf") == propre


def test_sans_antivirus_rien_n_est_analyse(settings):
    settings.CLAMAV = None
    analyser(pdf_infecte())


def test_l_antivirus_lit_tout_et_voit_le_fichier_d_essai(settings):
    with clamd() as serveur:
        settings.CLAMAV = serveur.server_address
        sain = bytes(200_000)
        analyser(sain)
        with pytest.raises(FichierInfecte):
            analyser(pdf_infecte())
        assert [len(lu) for lu in serveur.analyses] == [len(sain), len(pdf_infecte())]
        for avis in (b"INSTREAM size limit exceeded. ERROR\0", b"n'importe quoi", b"\0"):
            serveur.avis = avis
            with pytest.raises(AntivirusInjoignable):
                analyser(b"x")


def test_un_antivirus_absent_n_est_pas_un_oui(settings, tmp_path):
    with clamd() as serveur:
        ferme = serveur.server_address
    for adresse in (ferme, str(tmp_path / "absente.ctl")):
        settings.CLAMAV = adresse
        with pytest.raises(AntivirusInjoignable):
            analyser(b"x")
