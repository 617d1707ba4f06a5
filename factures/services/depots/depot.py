"""Recevoir un fichier de règlements, le lire et dire ce que son enregistrement ferait."""

import hashlib
from typing import BinaryIO

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from factures.etats.depots import DEPOTS_VIVANTS, EtatDepot, SortReglement
from factures.imports.bac import lire_les_recus
from factures.imports.rangees import Rangee
from factures.imports.reglements import comprendre
from factures.models import DepotReglements, LigneDepot
from factures.services.depots.etapes import DepotIndisponible, verrouiller
from factures.services.depots.rapprochement import rapprocher
from factures.services.examen import examiner_le_fichier
from portail.journal import noter
from portail.models import Regie

MOTIF_MAXIMUM = 300
SORT = ("sort", "motif", "facture", "moyen", "montant", "surplus", "jour", "bordereau", "reference", "reglement")


class DejaDepose(Exception):
    """Ce contenu est déjà celui de ``depot``, qui vit encore."""

    def __init__(self, depot: DepotReglements) -> None:
        super().__init__()
        self.depot = depot


def deposer(*, regie: Regie, fichier: BinaryIO, libelle: str) -> DepotReglements:
    """Le dépôt, à vérifier ; ``FichierRefuse`` s'il n'est pas lisible, ``DejaDepose`` si c'est encore le même."""
    examiner_le_fichier(fichier)
    rangees, non_dits = lire_les_recus(fichier)
    fichier.seek(0)
    empreinte = hashlib.sha256(fichier.read()).hexdigest()
    depot = DepotReglements(
        collectivite_id=regie.collectivite_id,
        regie=regie,
        libelle=libelle[-120:],
        empreinte=empreinte,
        non_dits=non_dits,
    )
    try:
        with transaction.atomic():
            depot.save(force_insert=True)  # la base choisit ici entre deux dépôts simultanés
            LigneDepot.objects.bulk_create(_rapprochees(depot, rangees), batch_size=500)
            noter("depot.depose", sur=depot, apres={"etat": depot.etat, "lignes": len(rangees)})
    except IntegrityError:
        vivant = DepotReglements.objects.filter(regie=regie, empreinte=empreinte, etat__in=DEPOTS_VIVANTS).first()
        if vivant is None:
            raise
        raise DejaDepose(vivant) from None
    return depot


@transaction.atomic
def relire(*, depot: DepotReglements) -> None:
    """Rapproche de nouveau : des factures ont pu être publiées, payées ou annulées depuis."""
    tenu = verrouiller(depot)
    if tenu.etat != EtatDepot.A_VERIFIER:
        raise DepotIndisponible(_("Ce fichier n'est plus à vérifier."))
    lignes = list(tenu.lignes.all())
    relues = _rapprochees(tenu, [Rangee(li.rang, li.cellules, li.cellules.get("defaut", "")) for li in lignes])
    for ligne, relue in zip(lignes, relues, strict=True):
        for champ in SORT:
            setattr(ligne, champ, getattr(relue, champ))
    LigneDepot.objects.bulk_update(lignes, SORT, batch_size=500)


def _rapprochees(depot: DepotReglements, rangees: list[Rangee]) -> list[LigneDepot]:
    return rapprocher(depot.regie, [_ligne(depot, rangee) for rangee in rangees])


def _ligne(depot: DepotReglements, rangee: Rangee) -> LigneDepot:
    lue = comprendre(rangee)
    cellules = {**rangee.cellules, **({"defaut": rangee.defaut} if rangee.defaut else {})}
    ligne = LigneDepot(depot=depot, collectivite_id=depot.collectivite_id, rang=rangee.numero, cellules=cellules)
    if isinstance(lue, str):
        ligne.sort, ligne.motif = SortReglement.FAUTIVE, lue[:MOTIF_MAXIMUM]
        return ligne
    ligne.montant, ligne.jour, ligne.moyen = lue.montant, lue.jour, lue.moyen
    ligne.bordereau, ligne.reference = lue.bordereau, lue.piece
    ligne.cellules |= {"numero": lue.numero, "reference": lue.reference}
    return ligne
