"""Le classeur de LibreOffice, en trois fichiers d'un ZIP ; aucune bibliothèque entretenue ne l'écrit en continu."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, BinaryIO
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from portail.tableur.cellules import Valeur, neutraliser

_GENRE = "application/vnd.oasis.opendocument.spreadsheet"
_MANIFESTE = f"""<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.3">
<manifest:file-entry manifest:full-path="/" manifest:version="1.3" manifest:media-type="{_GENRE}"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>
</manifest:manifest>"""
_JOUR = '<number:day number:style="long"/><number:text>/</number:text><number:month number:style="long"/>'
_JOUR += '<number:text>/</number:text><number:year number:style="long"/>'
_HEURE = '<number:text> </number:text><number:hours number:style="long"/><number:text>:</number:text>'
_HEURE += '<number:minutes number:style="long"/><number:text>:</number:text><number:seconds number:style="long"/>'
_ESPACES = {
    "fo": "xsl-fo-compatible",
    "number": "datastyle",
    **{nom: nom for nom in ("office", "style", "table", "text")},
}
_RACINE = " ".join(
    f'xmlns:{nom}="urn:oasis:names:tc:opendocument:xmlns:{suite}:1.0"' for nom, suite in _ESPACES.items()
)
_DEBUT = f"""<?xml version="1.0" encoding="UTF-8"?>
<office:document-content {_RACINE} office:version="1.3"><office:automatic-styles>
<number:number-style style:name="n"><number:number number:decimal-places="2" number:min-integer-digits="1"
 number:grouping="true"/></number:number-style><number:date-style style:name="j">{_JOUR}</number:date-style>
<number:date-style style:name="i">{_JOUR}{_HEURE}</number:date-style>
<style:style style:name="montant" style:family="table-cell" style:data-style-name="n"/>
<style:style style:name="jour" style:family="table-cell" style:data-style-name="j"/>
<style:style style:name="instant" style:family="table-cell" style:data-style-name="i"/>
<style:style style:name="titre" style:family="table-cell"><style:text-properties fo:font-weight="bold"/></style:style>
</office:automatic-styles><office:body><office:spreadsheet>"""
_FIN = "</table:table></office:spreadsheet></office:body></office:document-content>"


def ecrire(sortie: BinaryIO, titre: str, colonnes: Sequence[str], lignes: Iterable[Sequence[Valeur]]) -> int:
    """Le nombre de lignes écrites sous l'en-tête."""
    with ZipFile(sortie, "w", ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", _GENRE, ZIP_STORED)  # le premier et nu : c'est à lui qu'on reconnaît le genre
        archive.writestr("META-INF/manifest.xml", _MANIFESTE)
        with archive.open("content.xml", "w", force_zip64=True) as contenu:
            return _tableau(contenu, titre, colonnes, lignes)


def _tableau(contenu: IO[bytes], titre: str, colonnes: Sequence[str], lignes: Iterable[Sequence[Valeur]]) -> int:
    contenu.write(f"{_DEBUT}<table:table table:name={quoteattr(titre)}>".encode())
    _ligne(contenu, (_textuelle(colonne, "titre") for colonne in colonnes))
    nombre = 0
    for ligne in lignes:
        _ligne(contenu, map(_cellule, ligne))
        nombre += 1
    contenu.write(_FIN.encode())
    return nombre


def _ligne(contenu: IO[bytes], cellules: Iterable[str]) -> None:
    contenu.write(f"<table:table-row>{''.join(cellules)}</table:table-row>\n".encode())


def _cellule(valeur: Valeur) -> str:
    if valeur is None or valeur == "":
        return "<table:table-cell/>"
    if isinstance(valeur, str):
        return _textuelle(valeur)
    if isinstance(valeur, bool):
        return _textuelle("oui" if valeur else "non")
    if isinstance(valeur, date):  # un instant est aussi une date
        style = "instant" if isinstance(valeur, datetime) else "jour"
        return _typee("date", style, f'office:date-value="{valeur.isoformat()}"')
    if isinstance(valeur, Decimal):
        return _typee("float", "montant", f'office:value="{valeur:f}"')
    return _typee("float", "Default", f'office:value="{valeur}"')


def _typee(genre: str, style: str, valeur: str) -> str:
    return f'<table:table-cell table:style-name="{style}" office:value-type="{genre}" {valeur}/>'


def _textuelle(texte: str, style: str = "Default") -> str:
    paragraphes = "".join(f"<text:p>{_blancs(escape(ligne))}</text:p>" for ligne in neutraliser(texte).split("\n"))
    return f'<table:table-cell table:style-name="{style}" office:value-type="string">{paragraphes}</table:table-cell>'


def _blancs(ligne: str) -> str:
    """Deux espaces qui se suivent, une espace en tête, une tabulation : LibreOffice les réunirait en une espace."""
    gardes = re.sub("^ +|(?<= ) +", lambda blancs: f'<text:s text:c="{len(blancs[0])}"/>', ligne)
    return gardes.replace("\t", "<text:tab/>")
