"""Du HTML au PDF balisé (PDF/UA-1), sans jamais rien chercher ailleurs que chez nous."""

import logging
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from threading import Lock
from typing import Any

from django.db.models.fields.files import FieldFile
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from PIL import ImageFile

journal = logging.getLogger(__name__)

ADRESSE_LOGO = "document:logo"
POLICES = {
    f"document:police/{fichier.name}": fichier
    for fichier in (files("fontpkg_atkinson_hyperlegible") / "files").iterdir()
}

# Une carte de polices Pango ne se partage pas entre fils : un document à la fois par processus.
_VERROU = Lock()


class DocumentImpossible(RuntimeError):
    """Cette machine ne peut composer aucun document ; la phrase dit ce qu'il faut y installer."""


class RessourceRefusee(ValueError):
    """Un document a demandé autre chose que nos polices et le logo de la commune."""


def rendre(
    gabarit: str,
    contexte: dict[str, Any],
    *,
    feuille: str = "",
    logo: FieldFile | None = None,
    images: Mapping[str, bytes] | None = None,
) -> bytes:
    """Le PDF/UA du gabarit, à la couleur (``feuille``) et au logo de la commune ; mêmes données, mêmes octets.

    ``images`` : celles que nomme le gabarit, par adresse.
    """
    du_logo = _images(logo)
    html = render_to_string(gabarit, {**contexte, "adresse_logo": next(iter(du_logo), "")})
    with _VERROU:
        return _moteur().composer(html, feuille=feuille, images={**du_logo, **(images or {})})


def _images(logo: FieldFile | None) -> dict[str, bytes]:
    """Le logo lu dans le stockage privé ; une image perdue ne prive personne de sa facture."""
    if not logo:
        return {}
    try:
        with logo.open() as fichier:
            return {ADRESSE_LOGO: fichier.read()}
    except OSError:
        journal.exception("Logo illisible : %s", logo.name)
        return {}


class Lecteur:
    """Tout ce que WeasyPrint peut lire : nos polices et les images qu'on lui passe, ni le réseau ni le disque."""

    _fail_on_errors = False  # lu par WeasyPrint : ce qui est refusé est journalisé, le document continue sans

    def __init__(self, reponse: Any, images: Mapping[str, bytes]) -> None:
        self._reponse = reponse
        self._images = images

    def __call__(self, url: str) -> Any:
        if url in self._images:
            return self._reponse(url, self._images[url])
        if url in POLICES:
            return self._reponse(url, POLICES[url].read_bytes(), {"Content-Type": "font/ttf"})
        raise RessourceRefusee(url)


class Moteur:
    """WeasyPrint, sa feuille et ses polices, chargés une fois : chaque document coûte alors deux fois moins."""

    def __init__(self, weasyprint: Any) -> None:
        self._weasyprint = weasyprint
        self._polices = weasyprint.text.fonts.FontConfiguration()
        self._feuille = self._lire_feuille(render_to_string("documents/document.css"))

    def composer(self, html: str, *, feuille: str, images: Mapping[str, bytes]) -> bytes:
        """Le PDF ; son identifiant vient de ce dont il est fait."""
        source = self._weasyprint.HTML(string=html, url_fetcher=self._lecteur(images))
        octets: bytes = source.write_pdf(
            stylesheets=[self._feuille, self._lire_feuille(feuille)],
            font_config=self._polices,
            pdf_variant="pdf/ua-1",
            pdf_identifier=_empreinte(html, feuille, images),
            finisher=completer_balises,
        )
        return octets

    def _lire_feuille(self, css: str) -> Any:
        return self._weasyprint.CSS(string=css, url_fetcher=self._lecteur({}), font_config=self._polices)

    def _lecteur(self, images: Mapping[str, bytes]) -> Lecteur:
        return Lecteur(self._weasyprint.urls.URLFetcherResponse, images)


@cache
def _moteur() -> Moteur:
    """Le moteur du processus. DocumentImpossible sans Pango, que le reste du site n'attend pas pour démarrer."""
    try:
        import weasyprint
    except (ImportError, OSError) as erreur:
        raise DocumentImpossible(
            _("Les documents PDF ne peuvent pas être composés : installez libpango-1.0-0, libpangoft2-1.0-0 et "
              "libharfbuzz-subset0, puis redémarrez.")
        ) from erreur  # fmt: skip
    # WeasyPrint fait accepter à Pillow, dans tout le processus, des images coupées : un logo envoyé doit être entier.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)  # huit lignes par document sinon
    return Moteur(weasyprint)


def _empreinte(html: str, feuille: str, images: Mapping[str, bytes]) -> bytes:
    contenu = sha256(html.encode())
    for morceau in (feuille.encode(), *images.values()):
        contenu.update(sha256(morceau).digest())
    return contenu.hexdigest()[:32].encode()


def completer_balises(_document: Any, pdf: Any) -> None:
    """Ce que PDF/UA demande et que WeasyPrint 70 n'écrit pas."""
    for objet in (o for o in pdf.objects if isinstance(o, dict)):
        if objet.get("S") == "/TH" and "A" in objet:
            groupe = _suivre(pdf, _suivre(pdf, objet["P"])["P"])
            objet["A"]["Scope"] = "/Column" if groupe["S"] == "/THead" else "/Row"
        elif objet.get("Subtype") == "/Link":
            objet["F"] = 4  # le lien s'imprime
        elif objet.get("Type") == "/Page":
            _ecarter_le_pied(pdf, objet)


def _ecarter_le_pied(pdf: Any, page: Any) -> None:
    """Le pied de page devient un artefact : aucun lecteur d'écran ne le relit au milieu d'un tableau."""
    racine = _suivre(pdf, pdf.catalog["StructTreeRoot"])
    elements = _suivre(pdf, racine["ParentTree"])["Nums"][2 * page["StructParents"] + 1]
    flux = _suivre(pdf, page["Contents"]).stream
    for rang, marque in enumerate(flux):
        if isinstance(marque, dict) and "MCID" in marque and not _est_dans_l_arbre(pdf, elements[marque["MCID"]]):
            elements[marque.pop("MCID")] = "null"
            marque["Type"] = "/Pagination"
            flux[rang - 1] = "/Artifact"


def _est_dans_l_arbre(pdf: Any, reference: bytes) -> bool:
    """Vrai si l'élément descend du document ; WeasyPrint décrit les pieds de page sans les y rattacher."""
    parent = _suivre(pdf, _suivre(pdf, reference)["P"])
    while parent["S"] != "/Document":
        reference = parent.reference
        parent = _suivre(pdf, parent["P"])
    return reference in parent["K"]


def _suivre(pdf: Any, reference: bytes) -> Any:
    """L'objet que désigne « 12 0 R »."""
    return pdf.objects[int(reference.split()[0])]
