"""À quelle facture va chaque ligne, ce qu'elle y fait, et pourquoi elle n'y va pas."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q
from django.utils.translation import gettext as _

from factures import registre
from factures.etats import Nature, Statut
from factures.etats.depots import SortReglement
from factures.models import Facture, FactureQuerySet, LigneDepot
from factures.models.situation import engagee
from factures.services.depots import en_ligne
from factures.services.depots.comptes import Compte, comptes, recu
from portail.models import Regie

PAR_LECTURE = 1000


def rapprocher(regie: Regie, lignes: list[LigneDepot]) -> list[LigneDepot]:
    """Les mêmes, chacune avec sa facture et son sort, dans l'ordre du fichier : la première servie est la première."""
    comprises = [ligne for ligne in lignes if ligne.sort != SortReglement.FAUTIVE]
    factures = _factures(regie, comprises)
    for ligne in comprises:
        _trouver(ligne, factures)
        _situer(regie, ligne)
    siennes = [ligne for ligne in comprises if ligne.facture]
    trouvees = {ligne.facture.pk: ligne.facture for ligne in siennes if ligne.facture}
    juger(siennes, comptes(trouvees.values(), registre.declares(trouvees)))
    return lignes


def _situer(regie: Regie, ligne: LigneDepot) -> None:
    if ligne.jour and ligne.jour > regie.collectivite.aujourd_hui():
        ligne.sort, ligne.motif, ligne.facture = SortReglement.FAUTIVE, _("ce jour n'est pas encore venu."), None


def juger(lignes: list[LigneDepot], ouverts: dict[int, Compte]) -> None:
    """Le sort de chaque ligne qui a sa facture ; les comptes retiennent ce qu'elles y prennent."""
    neuves = [ligne for ligne in lignes if not _deja(ligne, ouverts[ligne.facture_id or 0])]
    en_ligne.apparier(neuves, ouverts)
    for ligne in neuves:
        _juger(ligne, ouverts[ligne.facture_id or 0])


def _deja(ligne: LigneDepot, compte: Compte) -> bool:
    """Vrai, et le sort est dit, si cet argent ou cette ligne est déjà compté."""
    argent = recu(ligne)
    ligne.surplus, ligne.motif, ligne.reglement = Decimal(0), "", None
    rang = compte.lignes.setdefault(argent.cle, ligne.rang)
    if rang != ligne.rang:
        ligne.motif = _("La même que la ligne %(rang)d.") % {"rang": rang}
    elif argent.cle in compte.dites:
        ligne.motif = _("Un autre fichier l'a déjà mise en face d'un paiement en ligne.")
    elif argent.origine(compte.origines) is not None:
        return False
    ligne.sort = SortReglement.DEJA_ENREGISTRE
    return True


def _juger(ligne: LigneDepot, compte: Compte) -> None:
    paiement = compte.en_face.get(ligne.rang)
    if paiement is None:
        ligne.motif = _compter(ligne, compte)
        ligne.sort = SortReglement.TROP_PERCU if ligne.surplus else SortReglement.RAPPROCHE
        return
    en_ligne.juger(ligne, paiement)
    if ligne.sort == SortReglement.DECLARE:
        _compter(ligne, compte)


def _compter(ligne: LigneDepot, compte: Compte) -> str:
    """Ce que son argent fait au dû, et la remarque qu'il appelle."""
    annulee = compte.facture.statut == Statut.ANNULEE
    du = Decimal(0) if annulee else compte.reste
    compte.reste = max(compte.reste - ligne.montant, Decimal(0))
    ligne.surplus = max(ligne.montant - du, Decimal(0))
    return _remarque(compte.facture, annulee=annulee, payee=not du)


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
        for facture in avec_engagement(Facture.objects.filter(ou, regie=regie).select_related("collectivite")):
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
