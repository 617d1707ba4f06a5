"""Les codes sur le papier : un courrier par redevable, ou un fichier pour l'imprimeur."""

import csv
import io
from collections.abc import Sequence

from django.utils.translation import gettext as _

from comptes.models import Redevable
from comptes.services.codes import CodeEmis, emettre
from portail.charte import feuille
from portail.documents import rendre
from portail.models import Collectivite
from portail.tableur import neutraliser

COLONNES = (
    "code_client",
    "civilite",
    "nom",
    "prenom",
    "adresse",
    "code_postal",
    "ville",
    "code_activation",
    "valable_jusqu_au",
)


def imprimer_codes(*, redevables: Sequence[Redevable], chez: Collectivite) -> bytes:
    """Les courriers, en un seul PDF : les codes n'existent en clair que là."""
    emis = emettre(redevables=redevables)
    contexte = {
        "titre": _("Votre code d'activation"),
        "description": _("Ouvrir votre compte sur le portail des factures"),
        "collectivite": chez,
        "codes": emis,
    }
    return rendre("documents/codes.html", contexte, feuille=feuille(chez), logo=chez.logo)


def exporter_codes(*, redevables: Sequence[Redevable]) -> str:
    """Le même contenu en CSV, pour un imprimeur."""
    sortie = io.StringIO()
    ecrivain = csv.writer(sortie, delimiter=";", lineterminator="\r\n")
    ecrivain.writerow(COLONNES)
    ecrivain.writerows([neutraliser(valeur) for valeur in _ligne(emis)] for emis in emettre(redevables=redevables))
    return sortie.getvalue()


def _ligne(emis: CodeEmis) -> tuple[str, ...]:
    r = emis.redevable
    adresse = " ".join(r.adresse.split())
    return (
        r.code,
        r.civilite,
        r.nom,
        r.prenom,
        adresse,
        r.code_postal,
        r.ville,
        emis.code,
        f"{emis.expire_le:%d/%m/%Y}",
    )
