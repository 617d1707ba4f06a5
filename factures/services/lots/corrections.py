"""Ce qu'un lot change à des factures et à des redevables qui existaient avant lui, et comment on le défait."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Any, cast

from django.db.models import Field, Q

from comptes.models import Redevable
from factures.argent import en_centimes
from factures.etats import SortLigne
from factures.models import Facture, LigneImport, LotImport
from factures.services.lots.comparaison import CORRIGEABLES, IDENTITE, remplacees, touchee
from factures.services.reglements import SOLDE, solder
from portail.journal import noter, noter_chacun

PAR_PAQUET = 1000
LAISSEES = (SortLigne.CONFLIT, SortLigne.ECARTEE)


class Perime(Exception):
    """Depuis l'analyse, la base a changé."""

    def __str__(self) -> str:
        return "Des factures de ce lot ont changé depuis l'analyse : analysez-le de nouveau."


def corriger_les_factures(lot: LotImport) -> None:
    """Applique les lignes modifiées ; ``Perime`` si l'une des factures n'est plus ce que l'analyse a vu."""
    for lignes in _par_paquets(LigneImport.objects.filter(lot=lot, sort=SortLigne.MODIFIEE)):
        factures = _intactes(lignes)
        for ligne in lignes:
            facture = factures[ligne.facture]
            if _texte(remplacees(facture, ligne, _champs(ligne))) != _texte(ligne.avant):
                raise Perime
            _noter_le_montant(facture, ligne, apres=ligne.montant)
            _ecrire(facture, {champ: getattr(ligne, champ) for champ in ligne.avant})
        _enregistrer(factures, lignes, "facture.corrigee")


def retablir_les_factures(lot: LotImport) -> None:
    """Rend aux factures modifiées leurs valeurs d'avant ; ``Perime`` si quelqu'un les a touchées depuis."""
    for lignes in _par_paquets(LigneImport.objects.filter(lot=lot, sort=SortLigne.MODIFIEE)):
        factures = _intactes(lignes)
        for ligne in lignes:
            facture = factures[ligne.facture]
            if remplacees(facture, ligne, tuple(ligne.avant)):
                raise Perime
            _noter_le_montant(facture, ligne, apres=Decimal(ligne.avant.get("montant", 0)))
            _ecrire(facture, ligne.avant)
        _enregistrer(factures, lignes, "facture.retablie")


def corriger_les_redevables(lot: LotImport) -> None:
    """Noms, adresses et courriels tels que le fichier les dit ; le mode d'envoi n'est jamais touché."""
    for lignes in _par_paquets(_qui_changent_un_redevable(lot)):
        redevables = _redevables(lignes)
        for ligne in lignes:
            redevable = redevables[ligne.source, ligne.code_redevable]
            _ecrire(redevable, {champ: getattr(ligne, champ) for champ in ligne.redevable_avant})
        Redevable.objects.bulk_update(redevables.values(), IDENTITE, batch_size=500)
        noter_chacun("redevable.corrige", sur=redevables.values(), apres={"lot": lot.pk})


def retablir_les_redevables(lot: LotImport) -> None:
    """Rend à chacun ce que le lot lui avait changé, sauf ce qui a encore changé depuis."""
    for lignes in _par_paquets(_qui_changent_un_redevable(lot)):
        redevables = _redevables(lignes)
        for ligne in lignes:
            redevable = redevables[ligne.source, ligne.code_redevable]
            inchanges = [c for c in ligne.redevable_avant if getattr(redevable, c) == getattr(ligne, c)]
            _ecrire(redevable, {champ: ligne.redevable_avant[champ] for champ in inchanges})
        Redevable.objects.bulk_update(redevables.values(), IDENTITE, batch_size=500)
        noter_chacun("redevable.retabli", sur=redevables.values(), apres={"lot": lot.pk})


def _par_paquets(lignes: Any) -> Iterator[list[LigneImport]]:
    suite = iter(lignes.order_by("rang").iterator(chunk_size=PAR_PAQUET))
    while paquet := list(islice(suite, PAR_PAQUET)):
        yield paquet


def _intactes(lignes: list[LigneImport]) -> dict[Any, Facture]:
    """Les factures, verrouillées ; ``Perime`` si l'une a disparu, ou a été lue ou payée."""
    factures = Facture.objects.filter(uuid__in=[ligne.facture for ligne in lignes])
    trouvees = {f.uuid: f for f in factures.select_for_update(of=("self",)).order_by("pk")}
    if len(trouvees) != len(lignes) or factures.filter(touchee()).exists():
        raise Perime
    return trouvees


def _qui_changent_un_redevable(lot: LotImport) -> Any:
    return LigneImport.objects.filter(~Q(redevable_avant={}), lot=lot).exclude(sort__in=LAISSEES)


def _redevables(lignes: list[LigneImport]) -> dict[tuple[str, str], Redevable]:
    codes = {ligne.code_redevable for ligne in lignes}
    redevables = Redevable.objects.filter(collectivite_id=lignes[0].collectivite_id, code__in=codes)
    return {(r.source, r.code): r for r in redevables.select_for_update(of=("self",)).order_by("pk")}


def _ecrire(objet: Facture | Redevable, valeurs: dict[str, Any]) -> None:
    for champ, valeur in valeurs.items():
        setattr(objet, champ, cast("Field[Any, Any]", objet._meta.get_field(champ)).to_python(valeur))


def _enregistrer(factures: dict[Any, Facture], lignes: list[LigneImport], action: str) -> None:
    for facture in factures.values():
        solder(facture)
    Facture.objects.bulk_update(factures.values(), (*CORRIGEABLES, "montant", *SOLDE), batch_size=500)
    noter_chacun(action, sur=factures.values(), apres={"lot": lignes[0].lot_id})


def _champs(ligne: LigneImport) -> tuple[str, ...]:
    """Ce que la ligne peut changer : le montant, seulement si un agent l'a décidé."""
    return (*CORRIGEABLES, "montant") if "montant" in ligne.avant else CORRIGEABLES


def _noter_le_montant(facture: Facture, ligne: LigneImport, *, apres: Decimal) -> None:
    if "montant" in ligne.avant:
        avant = {"montant": en_centimes(facture.montant)}
        noter("facture.montant", sur=facture, avant=avant, apres={"montant": en_centimes(apres), "lot": ligne.lot_id})


def _texte(valeurs: dict[str, Any]) -> dict[str, str]:
    return {champ: str(valeur) for champ, valeur in valeurs.items()}
