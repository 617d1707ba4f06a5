"""À quelle facture va chaque ligne, ce qu'elle y fait, et pourquoi elle n'y va pas."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q
from django.utils.translation import gettext as _

from factures.etats import Nature, Sens, Statut
from factures.etats.depots import SortReglement
from factures.models import Facture, FactureQuerySet, LigneDepot, Reglement
from factures.models.situation import engagee
from factures.services.reglements import Recu
from portail.models import Regie

PAR_LECTURE = 1000


@dataclass
class Compte:
    """Une facture pendant qu'on lui rapproche des lignes : ce qu'il lui reste dû, et l'argent qu'elle a déjà."""

    facture: Facture
    reste: Decimal
    origines: dict[str, bool] = field(default_factory=dict)
    lignes: dict[str, int] = field(default_factory=dict)


def recu(ligne: LigneDepot) -> Recu:
    """Le règlement que dit une ligne comprise."""
    if ligne.jour is None:
        raise ValueError("Une ligne fautive ne dit aucun règlement.")
    return Recu(ligne.moyen, ligne.montant, ligne.jour, ligne.bordereau, ligne.reference)


def rapprocher(regie: Regie, lignes: list[LigneDepot]) -> list[LigneDepot]:
    """Les mêmes, chacune avec sa facture et son sort, dans l'ordre du fichier : la première servie est la première."""
    comprises = [ligne for ligne in lignes if ligne.sort != SortReglement.FAUTIVE]
    factures = _factures(regie, comprises)
    for ligne in comprises:
        _trouver(ligne, factures)
    trouvees = {ligne.facture.pk: ligne.facture for ligne in comprises if ligne.facture}
    return _juger(regie, lignes, comptes(trouvees.values()))


def comptes(factures: Iterable[Facture]) -> dict[int, Compte]:
    """Où en est chacune, lue maintenant."""
    ouverts = {facture.pk: Compte(facture, facture.reste_du) for facture in factures}
    encaissements = Reglement.objects.filter(facture__in=list(ouverts), sens=Sens.ENCAISSEMENT)
    for facture, origine, reprise in encaissements.values_list("facture", "origine", "reprise"):
        ouverts[facture].origines[origine] = reprise is not None
    return ouverts


def _juger(regie: Regie, lignes: list[LigneDepot], ouverts: dict[int, Compte]) -> list[LigneDepot]:
    aujourd_hui = regie.collectivite.aujourd_hui()
    for ligne in lignes:
        if ligne.jour and ligne.jour > aujourd_hui:
            ligne.sort, ligne.motif, ligne.facture = SortReglement.FAUTIVE, _("ce jour n'est pas encore venu."), None
        elif ligne.facture:
            juger(ligne, ouverts[ligne.facture.pk])
    return lignes


def juger(ligne: LigneDepot, compte: Compte) -> None:
    """Le sort d'une ligne qui a sa facture ; le compte retient ce qu'elle y prend."""
    argent, facture = recu(ligne), compte.facture
    ligne.surplus, ligne.motif = Decimal(0), ""
    if argent.cle in compte.lignes:
        ligne.sort = SortReglement.DEJA_ENREGISTRE
        ligne.motif = _("La même que la ligne %(rang)d.") % {"rang": compte.lignes[argent.cle]}
    elif argent.origine(compte.origines) is None:
        ligne.sort = SortReglement.DEJA_ENREGISTRE
    else:
        annulee = facture.statut == Statut.ANNULEE
        du = Decimal(0) if annulee else compte.reste
        compte.lignes[argent.cle] = ligne.rang
        compte.reste = max(compte.reste - ligne.montant, Decimal(0))
        ligne.surplus = max(ligne.montant - du, Decimal(0))
        ligne.sort = SortReglement.TROP_PERCU if ligne.surplus else SortReglement.RAPPROCHE
        ligne.motif = _remarque(facture, annulee=annulee, payee=not du)


def _remarque(facture: Facture, *, annulee: bool, payee: bool) -> str:
    if annulee:
        return _("Cette facture est annulée.")
    if getattr(facture, "est_engagee", False):
        return _("Un paiement en ligne est en cours : s'il aboutit, il deviendra un trop-perçu.")
    return _("Cette facture était déjà payée.") if payee else ""


def _factures(regie: Regie, lignes: list[LigneDepot]) -> dict[tuple[str, str], Facture]:
    """Sous leur numéro et sous leur référence, par paquets."""
    trouvees: dict[tuple[str, str], Facture] = {}
    for debut in range(0, len(lignes), PAR_LECTURE):
        cles: dict[str, list[Any]] = defaultdict(list)
        for ligne in lignes[debut : debut + PAR_LECTURE]:
            for nom in ("numero", "reference"):
                cles[nom].append(ligne.cellules[nom])
        ou = Q(numero__in=cles["numero"]) | Q(reference__in=cles["reference"])
        for facture in avec_engagement(Facture.objects.filter(ou, regie=regie)):
            trouvees["numero", facture.numero] = trouvees["reference", facture.reference] = facture
    return trouvees


def avec_engagement(factures: FactureQuerySet) -> FactureQuerySet:
    """Chacune dit si quelqu'un la paie en ce moment."""
    return factures.annotate(est_engagee=ExpressionWrapper(engagee(), BooleanField()))


def _trouver(ligne: LigneDepot, factures: dict[tuple[str, str], Facture]) -> None:
    dites = {nom: ligne.cellules[nom] for nom in ("numero", "reference") if ligne.cellules[nom]}
    candidates = {factures.get((nom, valeur)) for nom, valeur in dites.items()}
    facture = candidates.pop() if len(candidates) == 1 else None
    ligne.motif = _sans(facture, plusieurs=bool(candidates))
    if ligne.motif:
        ligne.sort, ligne.facture = SortReglement.SANS_FACTURE, None
    else:
        ligne.facture = facture


def _sans(facture: Facture | None, *, plusieurs: bool) -> str:
    """Pourquoi la ligne n'a pas de facture ; vide si elle l'a."""
    if facture is None:
        seule = _("Aucune facture de ce service n'a ce numéro ni cette référence.")
        return _("Le numéro et la référence ne sont pas ceux d'une même facture.") if plusieurs else seule
    if facture.nature == Nature.AVOIR:
        return _("C'est un avoir : il ne se règle pas.")
    return _("Cette facture n'est pas encore publiée.") if facture.statut == Statut.BROUILLON else ""
