"""Un document déposé est un PDF simple, ou n'est pas gardé : ni script, ni pièce jointe, ni mot de passe."""

import io
import re
from collections.abc import Iterator

import pikepdf
import pypdfium2 as pdfium

from factures.imports.documents import DocumentRefuse

PAGES_MAXIMUM = 200
OBJETS_MAXIMUM = 50_000
PROFONDEUR_MAXIMUM = 20
PAGES_LUES = 3

# Ce qui agit à l'ouverture, cache un fichier ou remplace la page par un formulaire.
_ACTIFS = {"/JavaScript", "/JS", "/AA", "/EmbeddedFiles", "/RichMedia", "/XFA"}
_ACTIONS = {"/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/Rendition", "/GoToE"}
_FIN = re.compile(rb"%%EOF[\s\0]*\Z")


def verifier(contenu: bytes) -> None:
    """``DocumentRefuse`` si ce n'est pas un PDF que l'on peut montrer sans crainte."""
    if not contenu.startswith(b"%PDF-"):
        raise DocumentRefuse("ce document n'est pas un PDF.")
    if _FIN.search(contenu[-2048:]) is None:
        raise DocumentRefuse("ce PDF est coupé, ou suivi d'autre chose.")
    try:
        with pikepdf.open(io.BytesIO(contenu)) as document:
            _verifier(document)
    except pikepdf.PasswordError as erreur:
        raise DocumentRefuse("ce PDF est protégé par un mot de passe.") from erreur
    except (pikepdf.PdfError, RuntimeError, ValueError, TypeError, KeyError, RecursionError) as erreur:
        if isinstance(erreur, DocumentRefuse):
            raise
        raise DocumentRefuse("ce PDF est abîmé.") from erreur


def porte(contenu: bytes, *mentions: str) -> bool:
    """Vrai si le texte du PDF contient l'une des mentions, ou s'il n'a pas de texte où la chercher (une image)."""
    try:
        with pdfium.PdfDocument(contenu) as document:
            pages = (document[rang] for rang in range(min(len(document), PAGES_LUES)))
            texte = _compact("".join(page.get_textpage().get_text_bounded() for page in pages))
    except pdfium.PdfiumError:
        return False
    return not texte or any(_compact(mention) in texte for mention in mentions)


def _compact(texte: str) -> str:
    """Sans casse, espaces ni ponctuation : un numéro s'imprime de bien des façons."""
    return "".join(filter(str.isalnum, texte)).casefold()


def _verifier(document: pikepdf.Pdf) -> None:
    if document.is_encrypted:
        raise DocumentRefuse("ce PDF est protégé par un mot de passe.")
    if not 1 <= len(document.pages) <= PAGES_MAXIMUM:
        raise DocumentRefuse(f"ce PDF a {len(document.pages)} pages ; {PAGES_MAXIMUM} au plus.")
    if len(document.objects) > OBJETS_MAXIMUM:
        raise DocumentRefuse("ce PDF est trop compliqué.")
    for objet in document.objects:
        for dictionnaire in _dictionnaires(objet, PROFONDEUR_MAXIMUM):
            _verifier_le_dictionnaire(dictionnaire)


def _dictionnaires(objet: object, profondeur: int) -> Iterator[pikepdf.Object]:
    """Celui-ci et ceux qu'il contient directement ; les autres sont des objets du document, vus à leur tour."""
    if not isinstance(objet, pikepdf.Dictionary | pikepdf.Stream | pikepdf.Array):
        return
    if profondeur == 0:
        raise DocumentRefuse("ce PDF est trop compliqué.")
    if isinstance(objet, pikepdf.Array):
        contenus = list(objet)
    else:
        yield objet
        contenus = [objet[cle] for cle in objet.keys()]  # noqa: SIM118  # un Stream se parcourt autrement
    for contenu in contenus:
        if isinstance(contenu, pikepdf.Object) and not contenu.is_indirect:
            yield from _dictionnaires(contenu, profondeur - 1)


def _verifier_le_dictionnaire(dictionnaire: pikepdf.Object) -> None:
    interdits = _ACTIFS & set(dictionnaire.keys())
    action = str(dictionnaire.get("/S", ""))
    if interdits or action in _ACTIONS:
        raise DocumentRefuse(f"ce PDF contient {', '.join(sorted(interdits)) or action} : du contenu actif ou caché.")
