"""Enregistrer un fichier vérifié : tous ses règlements d'un coup, ou aucun."""

from django.db import IntegrityError, transaction
from django.db.models import Case, F, Sum, When
from django.utils.translation import gettext as _

from factures import registre
from factures.etats import Sens
from factures.etats.depots import ECARTES, ENREGISTRABLES, REGLES, EtatDepot
from factures.models import DepotReglements, Facture, LigneDepot, Reglement
from factures.services.depots import en_ligne
from factures.services.depots.comptes import Compte, comptes, recu
from factures.services.depots.depot import relire
from factures.services.depots.etapes import DepotIndisponible, passer, verrouiller
from factures.services.depots.rapprochement import avec_engagement, juger
from factures.services.rapprochement import tenir_la_commune
from factures.services.reglements import SOLDE, a_midi, poser_le_solde
from portail.journal import noter_chacun

PAR_ECRITURE = 500


class Perime(Exception):
    """Depuis l'aperçu, une de ces factures a changé."""


def enregistrer(*, depot: DepotReglements, laisser: bool = False) -> bool:
    """Enregistre ce que l'aperçu disait, règlements, confirmations et écarts ; faux si c'était déjà fait.

    ``laisser`` accepte de perdre les lignes sans facture et les fautives. ``DepotIndisponible`` dit ce qui l'empêche ;
    si la base a changé depuis l'aperçu, celui-ci est refait et rien n'est enregistré.
    """
    try:
        return _enregistrer(depot, laisser=laisser)
    except (Perime, en_ligne.DeclareChange, IntegrityError) as erreur:
        relire(depot=depot)
        raise DepotIndisponible(
            _("Des factures ont changé depuis l'aperçu : il vient d'être refait, vérifiez-le de nouveau.")
        ) from erreur


@transaction.atomic
def _enregistrer(depot: DepotReglements, *, laisser: bool) -> bool:
    tenu = verrouiller(depot)
    if tenu.etat == EtatDepot.ENREGISTRE:
        return False
    lignes = list(tenu.lignes.filter(sort__in=ENREGISTRABLES))
    _exiger(tenu, lignes, laisser=laisser)
    tenir_la_commune(tenu.collectivite_id)
    ouverts = _rejuger(lignes)
    faits = en_ligne.appliquer(tenu, lignes, ouverts)
    ecrits = [_ecrit(tenu, ligne, ouverts[ligne.facture_id or 0]) for ligne in lignes if ligne.sort in REGLES]
    Reglement.objects.bulk_create(ecrits, batch_size=PAR_ECRITURE)
    # Relues : un paiement annoncé vient peut-être d'y être encaissé.
    resolder(list(tenir(ecrit.facture_id for ecrit in ecrits).values()), "reglement.encaisse", tenu)
    return passer(depot, vers=EtatDepot.ENREGISTRE, reglements=len(ecrits), **faits)


def _exiger(tenu: DepotReglements, lignes: list[LigneDepot], *, laisser: bool) -> None:
    if tenu.etat != EtatDepot.A_VERIFIER:
        raise DepotIndisponible(_("Ce fichier n'est plus à vérifier."))
    if not lignes:
        raise DepotIndisponible(_("Ce fichier n'a rien à enregistrer."))
    if not laisser and tenu.lignes.filter(sort__in=ECARTES).exists():
        raise DepotIndisponible(_("Des lignes n'ont pas de facture ou sont à corriger : dites que vous les laissez."))


def tenir(cles: object) -> dict[int, Facture]:
    """Les factures, verrouillées dans l'ordre de leurs clés, puis relues."""
    voulues = sorted(set(cles))  # type: ignore[call-overload]
    list(Facture.objects.filter(pk__in=voulues).select_for_update(of=("self",)).order_by("pk").values_list("pk"))
    relues = avec_engagement(Facture.objects.filter(pk__in=voulues).select_related("collectivite"))
    return {facture.pk: facture for facture in relues}


def _rejuger(lignes: list[LigneDepot]) -> dict[int, Compte]:
    """Les comptes, tenus ; ``Perime`` si une ligne n'a plus le sort que l'agent a vu.

    Les paiements annoncés se verrouillent avant les factures, comme partout où l'un fait l'autre.
    """
    cles = {ligne.facture_id or 0 for ligne in lignes}
    declares = registre.declares(cles, tenir=True)
    factures = tenir(cles.union(*(declare.parts for declare in declares)))
    ouverts, vus = comptes(factures.values(), declares), [(ligne.sort, ligne.surplus) for ligne in lignes]
    juger(lignes, ouverts)
    if vus != [(ligne.sort, ligne.surplus) for ligne in lignes]:
        raise Perime
    return ouverts


def _ecrit(tenu: DepotReglements, ligne: LigneDepot, compte: Compte) -> Reglement:
    origine = recu(ligne).origine(compte.origines)
    if origine is None:
        raise Perime
    return Reglement(
        facture=compte.facture,
        collectivite_id=tenu.collectivite_id,
        montant=ligne.montant,
        moyen=ligne.moyen,
        recu_le=a_midi(compte.facture, recu(ligne).jour),
        origine=origine,
        bordereau=ligne.bordereau,
        reference=ligne.reference,
        depot=tenu,
    )


def resolder(factures: list[Facture], action: str, depot: DepotReglements) -> None:
    """Leur reste dû et leur trop-perçu, d'après tous leurs règlements, en deux requêtes."""
    signe = Case(When(sens=Sens.ENCAISSEMENT, then=F("montant")), default=-F("montant"))
    sommes = Reglement.objects.filter(facture__in=factures).order_by().values_list("facture")
    nets = dict(sommes.annotate(net=Sum(signe)))
    for facture in factures:
        poser_le_solde(facture, nets[facture.pk])
    Facture.objects.bulk_update(factures, SOLDE, batch_size=PAR_ECRITURE)
    noter_chacun(action, sur=factures, apres={"depot": depot.pk})
