"""Écrire des classeurs d'essai : XLSX par openpyxl, ODS à la main."""

import io
import zipfile
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

from openpyxl import Workbook

from tests.factures.outils_imports import ENTETE, rangee


def typee(**champs):
    """Une rangée comme un tableur la tient : montants en nombres, dates en dates."""
    valeurs = rangee(**champs)
    jours = {
        nom: date(int(v[6:]), int(v[3:5]), int(v[:2])) if v else None
        for nom, v in valeurs.items()
        if nom.startswith("date_") and isinstance(v, str) and len(v) in {0, 10}
    }
    return valeurs | jours | {"exercice": 2026, "montant": champs.get("montant", 243.11)}


def xlsx(*rangees, entete=ENTETE, changer=lambda _: None):
    classeur = Workbook()
    feuille = classeur.active
    feuille.append(entete)
    for valeurs in rangees:
        feuille.append([valeurs[nom] for nom in entete])
    changer(classeur)
    sortie = io.BytesIO()
    classeur.save(sortie)
    return sortie.getvalue()


def retouche(classeur, membre, changer):
    """Le même classeur, un de ses fichiers internes changé."""
    sortie = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(classeur)) as source, zipfile.ZipFile(sortie, "w", zipfile.ZIP_DEFLATED) as copie:
        for nom in source.namelist():
            contenu = source.read(nom)
            copie.writestr(nom, changer(contenu) if nom == membre else contenu)
    return sortie.getvalue()


_ESPACES = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
)


def ods(*rangees, entete=ENTETE, lignes=None, prologue="", avant="", apres=""):
    contenu = lignes or "".join(
        f"<table:table-row>{''.join(map(_cellule, valeurs))}</table:table-row>"
        for valeurs in (entete, *([r[nom] for nom in entete] for r in rangees))
    )
    xml = (
        f'<?xml version="1.0" encoding="UTF-8"?>{prologue}<office:document-content {_ESPACES}>{avant}<office:body>'
        f'<office:spreadsheet><table:table table:name="F">{contenu}</table:table>{apres}'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    sortie = io.BytesIO()
    with zipfile.ZipFile(sortie, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", xml)
    return sortie.getvalue()


def _cellule(valeur):
    if valeur in {None, ""}:
        return "<table:table-cell/>"
    if isinstance(valeur, date):
        return f'<table:table-cell office:value-type="date" office:date-value="{valeur}"/>'
    if isinstance(valeur, int | float | Decimal):
        return f'<table:table-cell office:value-type="float" office:value={quoteattr(str(valeur))}/>'
    paragraphes = "".join(f"<text:p>{escape(p)}</text:p>" for p in valeur.split("\n"))
    return f'<table:table-cell office:value-type="string">{paragraphes}</table:table-cell>'
