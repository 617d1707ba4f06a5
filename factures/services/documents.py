"""Le document d'une facture quand le service n'en a pas déposé."""

import re
import unicodedata
from io import BytesIO
from typing import IO, Any

from django.utils.translation import gettext as _

from factures import registre
from factures.etats import Empechement, Nature
from factures.etats.explications import Explication
from factures.models import Facture, FactureQuerySet
from factures.services.explications import expliquer, moyens_de
from portail.charte import feuille
from portail.documents import DocumentImpossible, rendre
from portail.models import Collectivite
from portail.qr import dessiner

# Ce qui est trop passager pour un papier qu'on garde : le document dit alors comment payer.
PASSAGERS = frozenset({"", Empechement.PAIEMENT_ABANDONNE, Empechement.GUICHET_EN_PANNE})
ADRESSE_QR = "document:qr"


def ouvrir_document(facture: Facture, *, relue: bool = False) -> IO[bytes]:
    """Le document déposé par le service, sinon celui que nous composons ; DocumentImpossible si ni l'un ni l'autre.

    ``relue`` : elle vient de ``a_composer``.
    """
    if not facture.pdf:
        return BytesIO(_composer(facture) if relue else composer_document(facture))
    try:
        return facture.pdf.open()
    except OSError as erreur:  # en composer un autre à sa place donnerait deux documents pour une facture
        raise DocumentImpossible(f"Le fichier déposé de la facture {facture.uuid} est perdu.") from erreur


def composer_document(facture: Facture) -> bytes:
    """Le PDF balisé de la facture, composé des mêmes données que sa page (trois requêtes) ; n'écrit rien."""
    return _composer(a_composer(Facture.objects.filter(pk=facture.pk), facture.collectivite).get())


def a_composer(factures: FactureQuerySet, chez: Collectivite) -> FactureQuerySet:
    """Ces factures d'une commune, avec tout ce qu'en dit leur document : trois requêtes par paquet."""
    avec_etat = factures.avec_etat(chez.aujourd_hui()).select_related("collectivite", "regie", "redevable")
    return avec_etat.prefetch_related("lignes", "reglements")


def _composer(facture: Facture) -> bytes:
    contexte = _contexte(facture)
    return rendre(
        "documents/facture.html",
        contexte | {"aujourd_hui": facture.collectivite.aujourd_hui()},
        feuille=feuille(facture.collectivite),
        logo=facture.collectivite.logo,
        images={ADRESSE_QR: dessiner(contexte["papier"])} if contexte["papier"] else {},
    )


def _contexte(facture: Facture) -> dict[str, Any]:
    lignes, explication = list(facture.lignes.all()), _explication(facture)
    return {
        "titre": _titre(facture),
        "description": facture.objet,
        "facture": facture,
        "collectivite": facture.collectivite,
        "lignes": lignes,
        "avec_quantites": any(ligne.quantite or ligne.prix_unitaire for ligne in lignes),
        "reglements": list(facture.reglements.all()),
        "explication": explication,
        "papier": "" if explication else registre.adresse_de_papier(facture),
        "adresse_qr": ADRESSE_QR,
        "moyens": moyens_de(facture),
    }


def _explication(facture: Facture) -> Explication | None:
    """Pourquoi et comment faire autrement, dans les mots de la page ; rien si la facture se paie en ligne."""
    return None if facture.empechement in PASSAGERS else expliquer(facture)


def _titre(facture: Facture) -> str:
    titre = _("Avoir n° %(numero)s") if facture.nature == Nature.AVOIR else _("Facture n° %(numero)s")
    return titre % {"numero": facture.numero}


def nom_du_document(facture: Facture) -> str:
    """« facture-2026-1317.pdf » : un nom de fichier sûr, quel que soit le numéro imprimé."""
    numero = re.sub(r"[^\w-]+", "-", unicodedata.normalize("NFKC", facture.numero)).strip("-_")
    return f"{facture.nature}-{numero or 'sans-numero'}.pdf"
