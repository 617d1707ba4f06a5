"""Le classeur d'Excel, en six fichiers d'un ZIP. openpyxl sait aussi l'écrire en continu, mais en dix fois le temps.

Montants et dates y sont des nombres, et un texte n'y est jamais une formule.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, BinaryIO
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

from portail.tableur.cellules import Valeur, neutraliser

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SCHEMAS = "http://schemas.openxmlformats.org"
_FEUILLE = f"{_SCHEMAS}/spreadsheetml/2006/main"
_LIENS = f"{_SCHEMAS}/officeDocument/2006/relationships"
_PAQUET = f"{_SCHEMAS}/package/2006"
_GENRE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_TITRE_MAXIMUM, _HORS_TITRE = 31, str.maketrans(dict.fromkeys("[]:*?/\\", " "))
_PIECES = {
    "[Content_Types].xml": f'<Types xmlns="{_PAQUET}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_GENRE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_GENRE}.styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_GENRE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PAQUET}/relationships">'
    f'<Relationship Id="rId1" Type="{_LIENS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PAQUET}/relationships">'
    f'<Relationship Id="rId1" Type="{_LIENS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_LIENS}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_FEUILLE}"><numFmts count="2">'
    '<numFmt numFmtId="164" formatCode="dd/mm/yyyy"/>'
    '<numFmt numFmtId="165" formatCode="dd/mm/yyyy\\ hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/>'
    '</font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill '
    'patternType="gray125"/></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="5"><xf/><xf fontId="1" applyFont="1"/>'
    + "".join(f'<xf numFmtId="{numero}" applyNumberFormat="1"/>' for numero in (4, 164, 165))
    + '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}
# Le rang de chaque forme dans cellXfs : titre gras, montant « 1 234,50 », jour, instant.
_TITRE, _MONTANT, _JOUR, _INSTANT = 1, 2, 3, 4
_ORIGINE = datetime(1899, 12, 30, tzinfo=UTC)  # le jour zéro d'Excel, qui croit que 1900 fut bissextile
_SECONDES_PAR_JOUR = 24 * 3600


def ecrire(sortie: BinaryIO, titre: str, colonnes: Sequence[str], lignes: Iterable[Sequence[Valeur]]) -> int:
    """Le nombre de lignes écrites sous l'en-tête."""
    nom = quoteattr(titre.translate(_HORS_TITRE)[:_TITRE_MAXIMUM])
    classeur = f'<sheets><sheet name={nom} sheetId="1" r:id="rId1"/></sheets>'
    with ZipFile(sortie, "w", ZIP_DEFLATED) as archive:
        for chemin, xml in _PIECES.items():
            archive.writestr(chemin, _XML + xml)
        racine = f'{_XML}<workbook xmlns="{_FEUILLE}" xmlns:r="{_LIENS}">'
        archive.writestr("xl/workbook.xml", f"{racine}{classeur}</workbook>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as contenu:
            return _feuille(contenu, colonnes, lignes)


def _feuille(contenu: IO[bytes], colonnes: Sequence[str], lignes: Iterable[Sequence[Valeur]]) -> int:
    figee = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    vue = f'<sheetViews><sheetView workbookViewId="0">{figee}</sheetView></sheetViews>'
    largeur = f'<cols><col min="1" max="{len(colonnes)}" width="18" customWidth="1"/></cols>'
    contenu.write(f'{_XML}<worksheet xmlns="{_FEUILLE}">{vue}{largeur}<sheetData>'.encode())
    _ligne(contenu, (_texte(colonne, _TITRE) for colonne in colonnes))
    nombre = 0
    for ligne in lignes:
        _ligne(contenu, map(_cellule, ligne))
        nombre += 1
    contenu.write(b"</sheetData></worksheet>")
    return nombre


def _ligne(contenu: IO[bytes], cellules: Iterable[str]) -> None:
    contenu.write(f"<row>{''.join(cellules)}</row>\n".encode())


def _cellule(valeur: Valeur) -> str:
    if valeur is None or valeur == "":
        return "<c/>"
    if isinstance(valeur, str):
        return _texte(valeur)
    if isinstance(valeur, bool):
        return _texte("oui" if valeur else "non")
    if isinstance(valeur, Decimal):
        return f'<c s="{_MONTANT}"><v>{valeur:f}</v></c>'
    if isinstance(valeur, date):  # un instant est aussi une date
        return _date(valeur)
    return f"<c><v>{valeur}</v></c>"


def _date(valeur: date) -> str:
    """En jours depuis l'origine, la seconde près."""
    instant = valeur if isinstance(valeur, datetime) else datetime.combine(valeur, time())
    ecart = instant.replace(tzinfo=UTC) - _ORIGINE
    jours = Decimal(ecart // timedelta(seconds=1)) / _SECONDES_PAR_JOUR
    return f'<c s="{_INSTANT if isinstance(valeur, datetime) else _JOUR}"><v>{jours:f}</v></c>'


def _texte(texte: str, forme: int = 0) -> str:
    ecrit = escape(neutraliser(texte))
    return f'<c t="inlineStr" s="{forme}"><is><t xml:space="preserve">{ecrit}</t></is></c>'
