"""Une adresse écrite dans un fichier n'est jamais suivie : une prise écoute, et personne n'y vient."""

import contextlib
import io
import select
import socket
import tempfile
import zipfile

import pytest
from openpyxl.packaging.relationship import Relationship
from openpyxl.workbook.external_link import ExternalLink
from openpyxl.workbook.external_link.external import ExternalBook
from pikepdf import Array, Dictionary, Name, String

from factures.imports import FichierRefuse
from factures.imports.bac import Convention, Pieces, lire_les_recus, ouvrir_lecture, verifier_le_document
from factures.imports.documents import DocumentRefuse
from tests.factures.outils_classeurs import ods, retouche, typee, xlsx
from tests.factures.outils_imports import ENTETE
from tests.factures.outils_pdf import avec

pytestmark = pytest.mark.usefixtures("vrai_bac")


@pytest.fixture
def ecoute():
    with socket.create_server(("127.0.0.1", 0)) as prise:
        yield prise


def approchee(prise):
    return bool(select.select([prise], [], [], 0)[0])


def classeur(url):
    """Un lien sur une cellule, un autre classeur dont celui-ci dit dépendre, et une formule qui appellerait."""

    def lier(neuf):
        neuf.active["A2"].hyperlink = url
        neuf.active.cell(1, len(ENTETE) + 1, "appel")
        neuf.active.cell(2, len(ENTETE) + 1, f'=WEBSERVICE("{url}")')
        autre = ExternalLink(externalBook=ExternalBook())
        autre.file_link = Relationship(type="externalLinkPath", Target=url, TargetMode="External")
        neuf._external_links.append(autre)

    return xlsx(typee(numero="A"), changer=lier)


def tableau(url):
    """Un lien dans une cellule et une feuille qui se dit copiée d'ailleurs."""
    xlink = f' xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="{url}"'
    lie = f"<text:a{xlink}>A</text:a>".encode()
    source = f"<table:table-source{xlink}/><table:table-row>".encode()
    return retouche(
        ods(typee(numero="A")),
        "content.xml",
        lambda xml: xml.replace(b"<text:p>A</text:p>", b"<text:p>" + lie + b"</text:p>").replace(
            b"<table:table-row>", source, 1
        ),
    )


def xml(url):
    """Une DTD, une entité, un schéma et une inclusion, tous ailleurs."""
    return (
        f'<?xml version="1.0"?><!DOCTYPE x SYSTEM "{url}" [<!ENTITY e SYSTEM "{url}">]>'
        f'<x xmlns:i="http://www.w3.org/2001/XInclude" xmlns:s="http://www.w3.org/2001/XMLSchema-instance" '
        f's:noNamespaceSchemaLocation="{url}"><i:include href="{url}"/>&e;</x>'
    ).encode()


def pdf_qui_appelle(url):
    def lier(document):
        page = document.pages[0].obj
        action = Dictionary(S=Name.URI, URI=String(url))
        page.Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=action)])
        page.Contents = document.make_stream(b"", F=Dictionary(FS=Name.URL, F=String(url)))

    return avec(lier)


def fichier(octets):
    depose = tempfile.TemporaryFile()  # noqa: SIM115  # fermé avec le test
    depose.write(octets)
    depose.flush()
    return depose


def lire_partout(octets):
    """Par le lecteur des factures, puis par celui des règlements ; les numéros lus, s'il y en a."""
    lus = []
    with contextlib.suppress(FichierRefuse), contextlib.closing(fichier(octets)) as depose:
        bac, lecture = ouvrir_lecture(depose)
        with bac:
            identite = {titre: titre for titre in lecture.entete.titres}
            lus = [comprise.ligne.numero for comprise in lecture.lignes(Convention(correspondance=identite))]
    with contextlib.suppress(FichierRefuse):
        lire_les_recus(io.BytesIO(octets))
    return lus


def test_aucune_adresse_d_un_fichier_n_est_suivie(ecoute):
    url = f"http://127.0.0.1:{ecoute.getsockname()[1]}/x"
    assert [lire_partout(forme(url)) for forme in (classeur, tableau, xml)] == [["A"], ["A"], []]
    document = pdf_qui_appelle(url)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as copie:
        copie.writestr("A.pdf", document)
    with contextlib.suppress(DocumentRefuse):
        verifier_le_document(document)
    with contextlib.closing(fichier(archive.getvalue())) as depose:
        pieces = Pieces(depose, motif="{numero}.pdf")
        assert pieces.pour({"fichier_pdf": "", "numero": "A", "reference": "R", "code_redevable": "C"})[0] == "A.pdf"
        pieces.fermer()
    assert not approchee(ecoute)
    socket.create_connection(ecoute.getsockname()).close()  # le témoin : la prise voit qui vient
    assert approchee(ecoute)
