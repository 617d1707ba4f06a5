"""Qui doit recevoir ses factures d'un service par la poste."""

import csv
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from comptes.models import ModeEnvoi, Redevable
from factures.etats import Statut
from factures.models import Facture
from portail.journal import noter
from portail.models import Regie
from portail.tableur import neutraliser

COLONNES = ("source", "code_redevable", "civilite", "nom", "prenom", "adresse", "code_postal", "ville")
PAR_LECTURE = 2000


def au_papier(*, regie: Regie, depuis: date) -> QuerySet[Redevable]:
    """Les redevables restés au papier dont ce service a publié une facture depuis ce jour, chacun une fois."""
    minuit = datetime.combine(depuis, time.min, ZoneInfo(regie.collectivite.fuseau))
    factures = Facture.objects.filter(
        redevable=OuterRef("pk"), regie=regie, statut=Statut.PUBLIEE, publiee_le__gte=minuit
    )
    papier = Redevable.objects.filter(collectivite=regie.collectivite_id, mode_envoi=ModeEnvoi.PAPIER)
    return papier.filter(Exists(factures)).order_by("nom", "prenom", "pk")


@transaction.atomic
def exporter_le_papier(*, regie: Regie, depuis: date) -> Iterator[str]:
    """Leur CSV, ligne à ligne ; l'export est au journal avant la première."""
    redevables = au_papier(regie=regie, depuis=depuis)
    noter("regie.papier_exporte", sur=regie, apres={"depuis": str(depuis), "nombre": redevables.count()})
    return _lignes(redevables)


class _Ligne:
    """Ce que ``csv`` écrit, rendu au lieu d'être gardé."""

    def write(self, texte: str) -> str:
        return texte


def _lignes(redevables: QuerySet[Redevable]) -> Iterator[str]:
    ecrivain: Any = csv.writer(_Ligne(), delimiter=";", lineterminator="\r\n")
    yield ecrivain.writerow(COLONNES)
    for r in redevables.iterator(chunk_size=PAR_LECTURE):
        adresse = " ".join(r.adresse.split())
        valeurs = (r.source, r.code, r.civilite, r.nom, r.prenom, adresse, r.code_postal, r.ville)
        yield ecrivain.writerow([neutraliser(valeur) for valeur in valeurs])
