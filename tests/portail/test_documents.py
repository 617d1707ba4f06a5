"""Le moteur des documents : ce qu'il refuse de lire, ce qu'il garantit de chaque PDF."""

import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from django.core.files.base import ContentFile
from django.db.models.fields.files import FieldFile
from PIL import Image

from portail import documents
from portail.models import Collectivite

PAGE = '<!DOCTYPE html><html lang="fr"><head><title>Essai</title>{tete}</head><body><p>Visible</p>{corps}</body></html>'


@pytest.fixture(scope="module")
def moteur() -> documents.Moteur:
    return documents._moteur()


@pytest.fixture
def secret(tmp_path: Path) -> str:
    """Un fichier du disque, qui ne doit se retrouver dans aucun document."""
    fichier = tmp_path / "secret.txt"
    fichier.write_text("CANARI")
    return fichier.as_uri()


def contexte(nom: str = "Ville de Boé") -> dict[str, object]:
    commune = Collectivite(nom=nom, telephone="05 61 00 19 30", horaires="le matin")
    return {"collectivite": commune, "titre": "Essai n° 1", "description": "Un essai"}


def texte(pdf: bytes) -> str:
    """Tout le texte, chaque suite d'espaces (insécables comprises) réduite à une espace."""
    with pypdfium2.PdfDocument(pdf) as document:
        pages = [document[n].get_textpage().get_text_range() for n in range(len(document))]
    return " ".join(" ".join(pages).split())


def image(mode: str = "PNG") -> bytes:
    octets = BytesIO()
    Image.new("RGB", (64, 64), "#1f5c99").save(octets, mode)
    return octets.getvalue()


def deposer(nom: str, contenu: bytes) -> FieldFile:
    logo = Collectivite().logo
    logo.save(nom, ContentFile(contenu), save=False)
    return logo


REFUSES = {
    "une image du disque": ("", '<img src="{url}" alt="x">'),
    "une image vectorielle": ("", '<object data="{url}"></object><embed src="{url}">'),
    "une feuille de style": ('<link rel="stylesheet" href="{url}">', ""),
    "une feuille importée": ('<style>@import url("{url}");</style>', ""),
    "un fond": ('<style>p {{ background: url("{url}") }}</style>', ""),
    "une puce": ('<style>p {{ display: list-item; list-style-image: url("{url}") }}</style>', ""),
    "un contenu": ('<style>p::before {{ content: url("{url}") }}</style>', ""),
    "une police": ('<style>@font-face {{ font-family: f; src: url("{url}") }} p {{ font-family: f }}</style>', ""),
    "une pièce jointe": ('<link rel="attachment" href="{url}">', '<a rel="attachment" href="{url}">jointe</a>'),
    "un chemin relatif": ('<base href="{url}">', '<img src="secret.txt" alt="x">'),
}


@pytest.mark.parametrize(("tete", "corps"), REFUSES.values(), ids=REFUSES)
@pytest.mark.parametrize("adresse", ["secret", "file:///etc/passwd", "http://127.0.0.1:9/x", "https://exemple.fr/x",
                                     "ftp://exemple.fr/x", "data:text/plain,CANARI", "document:../secret"])  # fmt: skip
def test_un_document_ne_lit_rien_d_autre_que_nos_polices_et_le_logo(moteur, secret, adresse, tete, corps, monkeypatch):
    # Arrange
    url = secret if adresse == "secret" else adresse
    demandes, lire = [], documents.Lecteur.__call__
    monkeypatch.setattr(documents.Lecteur, "__call__", lambda soi, quoi: demandes.append(quoi) or lire(soi, quoi))

    # Act
    html = PAGE.format(tete=tete.format(url=url), corps=corps.format(url=url))
    pdf = moteur.composer(html, feuille="", images={})

    # Assert
    assert demandes, "la demande devait passer par notre lecteur"
    assert not set(demandes) & set(documents.POLICES)
    assert "Visible" in texte(pdf)
    with pikepdf.open(BytesIO(pdf)) as ouvert:
        flux = [o.read_bytes() for o in ouvert.objects if isinstance(o, pikepdf.Stream)]
        assert "/EmbeddedFiles" not in ouvert.Root.get("/Names", {})
    assert not [f for f in flux if b"CANARI" in f or b"root:" in f]


@pytest.mark.parametrize(
    "adresse", ["file:///etc/passwd", "http://exemple.fr/", "document:logo", "document:police/", ""]
)
def test_le_lecteur_refuse_une_adresse_qui_n_est_pas_la_notre(adresse):
    with pytest.raises(documents.RessourceRefusee):
        documents.Lecteur(dict, {})(adresse)


def test_une_ressource_refusee_est_journalisee(moteur, caplog):
    with caplog.at_level(logging.ERROR, logger="weasyprint"):
        moteur.composer(PAGE.format(tete="", corps='<img src="file:///etc/passwd" alt="x">'), feuille="", images={})

    assert "RessourceRefusee: file:///etc/passwd" in caplog.text


def test_la_feuille_et_les_gabarits_ne_font_aucun_reproche_a_weasyprint(caplog):
    documents._moteur.cache_clear()

    with caplog.at_level(logging.WARNING, logger="weasyprint"):
        documents.rendre("documents/base.html", contexte(), logo=deposer("propre.png", image()))

    assert caplog.messages == []


def test_un_document_dit_son_titre_sa_langue_et_son_auteur():
    pdf = documents.rendre("documents/base.html", contexte())

    with pikepdf.open(BytesIO(pdf)) as ouvert:
        assert ouvert.Root.Lang == "fr"
        assert ouvert.Root.ViewerPreferences.DisplayDocTitle is True
        assert ouvert.Root.MarkInfo.Marked is True
        assert ouvert.docinfo["/Title"] == "Essai n° 1 — Ville de Boé"
        assert ouvert.docinfo["/Author"] == "Ville de Boé"
        assert ouvert.docinfo["/Subject"] == "Un essai"
        with ouvert.open_metadata() as xmp:
            assert xmp["pdfuaid:part"] == "1"
            assert xmp["dc:title"] == "Essai n° 1 — Ville de Boé"


@pytest.mark.parametrize("mode", ["PNG", "JPEG", "WEBP"])
def test_le_logo_porte_le_nom_de_la_commune(mode):
    pdf = documents.rendre("documents/base.html", contexte(), logo=deposer(f"logo.{mode.lower()}", image(mode)))

    with pikepdf.open(BytesIO(pdf)) as ouvert:
        figures = [o for o in ouvert.objects if isinstance(o, pikepdf.Dictionary) and o.get("/S") == "/Figure"]
        assert [str(f.Alt) for f in figures] == ["Logo : Ville de Boé"]


def test_sans_logo_ni_couleur_le_document_se_compose():
    assert "Ville de Boé" in texte(documents.rendre("documents/base.html", contexte(), logo=Collectivite().logo))


def test_un_logo_perdu_ne_prive_personne_de_son_document(caplog):
    logo = deposer("perdu.png", image())
    logo.storage.delete(logo.name)

    pdf = documents.rendre("documents/base.html", contexte(), logo=logo)

    assert "Ville de Boé" in texte(pdf)
    assert "Logo illisible" in caplog.text


def test_un_logo_qui_n_est_pas_une_image_laisse_son_texte():
    pdf = documents.rendre("documents/base.html", contexte(), logo=deposer("faux.png", b"pas une image"))

    assert "Logo : Ville de Boé" in texte(pdf)


def test_un_logo_svg_ne_fait_lire_aucun_fichier(secret):
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="{secret}"/></svg>'

    pdf = documents.rendre("documents/base.html", contexte(), logo=deposer("piege.png", svg.encode()))

    assert b"CANARI" not in pdf
    assert "Ville de Boé" in texte(pdf)


def test_un_nom_de_commune_ne_devient_jamais_du_html():
    assert "<img src=x> & Cie" in texte(documents.rendre("documents/base.html", contexte("<img src=x> & Cie")))


def test_la_couleur_de_la_commune_colore_son_document():
    bleu = documents.rendre("documents/base.html", contexte(), feuille=":root { --couleur-commune: #000080 }")
    vert = documents.rendre("documents/base.html", contexte(), feuille=":root { --couleur-commune: #004000 }")

    assert [_premiere_couleur(pdf) for pdf in (bleu, vert)] == [(0, 0, 128), (0, 64, 0)]


def _premiere_couleur(pdf: bytes) -> tuple[int, int, int]:
    """Celle du filet, en haut de la première page."""
    with pypdfium2.PdfDocument(pdf) as document:
        couleur: tuple[int, int, int] = document[0].render().to_pil().convert("RGB").getpixel((100, 2))
    return couleur


def test_les_memes_donnees_donnent_les_memes_octets():
    assert documents.rendre("documents/base.html", contexte()) == documents.rendre("documents/base.html", contexte())


def test_d_autres_donnees_donnent_un_autre_identifiant():
    un, autre = (documents.rendre("documents/base.html", contexte(nom)) for nom in ("Boé", "Agen"))

    assert _identifiant(un) != _identifiant(autre)


def _identifiant(pdf: bytes) -> bytes:
    with pikepdf.open(BytesIO(pdf)) as ouvert:
        return bytes(ouvert.trailer.ID[0])


def test_plusieurs_fils_composent_en_meme_temps_sans_se_meler():
    noms = [f"Commune {n}" for n in range(12)]
    attendus = [documents.rendre("documents/base.html", contexte(nom)) for nom in noms]

    with ThreadPoolExecutor(max_workers=6) as fils:
        obtenus = list(fils.map(lambda nom: documents.rendre("documents/base.html", contexte(nom)), noms))

    assert obtenus == attendus


def test_le_site_demarre_sans_charger_weasyprint():
    code = "import django; django.setup(); import factures.services, sys; print('weasyprint' in sys.modules)"
    sortie = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert sortie.stdout.strip() == "False"


def test_sans_pango_l_erreur_dit_ce_qu_il_faut_installer(monkeypatch):
    # Arrange : ce que lève « import weasyprint » quand une bibliothèque du système manque.
    documents._moteur.cache_clear()
    importer = __import__

    def sans_pango(nom, *args, **kwargs):
        if nom == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return importer(nom, *args, **kwargs)

    monkeypatch.setattr("builtins.__import__", sans_pango)

    # Act, Assert
    with pytest.raises(documents.DocumentImpossible, match="installez libpango"):
        documents.rendre("documents/base.html", contexte())
