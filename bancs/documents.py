"""Le document d'une facture : ce qu'il coûte par le web, dans un seul processus, et où passe ce temps."""

import cProfile
import os
import pstats
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import pydyf
import weasyprint
from django.template import loader
from weasyprint import document as moteur
from weasyprint.text import line_break

from bancs import requetes
from bancs.mesure import Sujet, mesurer
from bancs.navigateur import Connexion, obtenir
from bancs.pages import HABITANTE, chemin_de_la_facture
from bancs.serveur import memoire_mo, serveur
from factures.models import Facture
from factures.services import composer_document
from paiement_tipi.management.demo import MOT_DE_PASSE
from portail import documents

TOURS, SECONDES = 3, 5.0
RENDUS, PROFILES = 40, 20

# Les étapes se suivent sans se contenir ; leur nom, et les fonctions par lesquelles on y entre.
ETAPES: dict[str, tuple[Callable[..., Any], ...]] = {
    "gabarit Django": (loader.render_to_string,),
    "lecture du HTML": (weasyprint.HTML.__init__,),
    "feuille de la commune": (weasyprint.CSS.__init__,),
    "styles calculés": (moteur.get_all_computed_styles,),
    "construction des boîtes": (moteur.build_formatting_structure,),
    "mise en page": (moteur.layout_document,),
    "dessin": (moteur.Page.paint,),
    "polices (sous-ensembles)": (weasyprint.pdf.build_fonts_dictionary,),
    "balises (PDF/UA)": (weasyprint.pdf.add_tags, documents.completer_balises),
    "écriture et compression": (pydyf.PDF.write,),
}
DONT_TEXTE = line_break.split_first_line


def mesurer_le_pdf() -> tuple[dict[str, float], list[tuple[str, float]], list[tuple[str, float]]]:
    """Les figures de ``pdf``, ses étapes et ses fonctions les plus lourdes (en part du temps, de 0 à 1)."""
    chemin = f"{chemin_de_la_facture()}pdf/"
    with serveur() as port:
        session = Connexion(port).ouvrir(HABITANTE, MOT_DE_PASSE)
        sujet = Sujet.page("pdf", port, obtenir(port, chemin, session))
        communes = mesurer([sujet], tours=TOURS, secondes=SECONDES)
    sql = requetes.compter(requetes.client(HABITANTE, MOT_DE_PASSE), chemin)
    facture = Facture.objects.select_related("collectivite").get(uuid=chemin.split("/")[2])
    figures = sujet.figures() | communes | {"requetes_sql": sql} | _seul(facture)
    profil = cProfile.Profile()
    profil.enable()
    for _ in range(PROFILES):
        composer_document(facture)
    profil.disable()
    mesures = pstats.Stats(profil).stats  # type: ignore[attr-defined]  # absent des types de la bibliothèque standard
    return figures, list(_etapes(mesures)), _fonctions(mesures)


def _seul(facture: Facture) -> dict[str, float]:
    """Sans le web ni le profileur : le temps du premier, puis des suivants, et la mémoire qu'ils ont prise."""
    durees = []
    for rang in range(RENDUS):
        debut = time.perf_counter()
        octets = len(composer_document(facture))
        durees.append(1000 * (time.perf_counter() - debut))
        if rang == RENDUS // 2:
            avant = memoire_mo(os.getpid())
    return {
        "ms_compose": statistics.median(durees),
        "ms_compose_p95": statistics.quantiles(durees, n=20)[-1],
        "octets": octets,
        "mo_par_rendu": (memoire_mo(os.getpid()) - avant) / (RENDUS // 2),
    }


def _etapes(mesures: dict[Any, Any]) -> Iterator[tuple[str, float]]:
    total, rendu = _cumul(mesures, composer_document), _cumul(mesures, documents.rendre)
    reste = 1 - (total - rendu) / total
    yield "requêtes SQL et données", 1 - reste
    for nom, fonctions in ETAPES.items():
        part = sum(_cumul(mesures, fonction) for fonction in fonctions) / total
        reste -= part
        yield nom, part
        if nom == "mise en page":
            yield "— dont texte (Pango)", _cumul(mesures, DONT_TEXTE) / total
    yield "le reste", reste


def _cumul(mesures: dict[Any, Any], fonction: Callable[..., Any]) -> float:
    """Le temps passé dans cette fonction et ce qu'elle appelle ; KeyError si elle n'a pas servi."""
    code = fonction.__code__
    cumul: float = mesures[code.co_filename, code.co_firstlineno, code.co_name][3]
    return cumul


def _fonctions(mesures: dict[Any, Any]) -> list[tuple[str, float]]:
    """Les douze fonctions les plus lourdes, sans ce qu'elles appellent."""
    total = sum(valeurs[2] for valeurs in mesures.values())
    lourdes = sorted(mesures.items(), key=lambda paire: -paire[1][2])[:12]
    return [
        (f"{'/'.join(fichier.split('/')[-2:])} {nom}", valeurs[2] / total) for (fichier, _, nom), valeurs in lourdes
    ]
