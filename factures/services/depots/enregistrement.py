"""Enregistrer un fichier vérifié : tous ses règlements d'un coup, ou aucun."""

from django.db import IntegrityError, transaction
from django.db.models import Case, F, Sum, When
from django.utils.translation import gettext as _

from factures.etats import Sens
from factures.etats.depots import EtatDepot, SortReglement
from factures.models import DepotReglements, Facture, LigneDepot, Reglement
from factures.services.depots.depot import relire
from factures.services.depots.etapes import DepotIndisponible, passer, verrouiller
from factures.services.depots.rapprochement import avec_engagement, comptes, juger, recu
from factures.services.reglements import SOLDE, a_midi, poser_le_solde
from portail.journal import noter_chacun

PAR_ECRITURE = 500
ENREGISTRABLES = (SortReglement.RAPPROCHE, SortReglement.TROP_PERCU)
ECARTS = (SortReglement.SANS_FACTURE, SortReglement.FAUTIVE)


class Perime(Exception):
    """Depuis l'aperçu, une de ces factures a changé."""


def enregistrer(*, depot: DepotReglements, laisser: bool = False) -> bool:
    """Enregistre les lignes rapprochées ou au-delà du dû ; faux si c'était déjà fait.

    ``laisser`` accepte de perdre les lignes sans facture et les fautives. ``DepotIndisponible`` dit ce qui l'empêche ;
    si la base a changé depuis l'aperçu, celui-ci est refait et rien n'est enregistré.
    """
    try:
        return _enregistrer(depot, laisser=laisser)
    except (Perime, IntegrityError) as erreur:
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
    factures = tenir(ligne.facture_id for ligne in lignes)
    ecrits = _ecrits(tenu, lignes, factures)
    Reglement.objects.bulk_create(ecrits, batch_size=PAR_ECRITURE)
    resolder(list(factures.values()), "reglement.encaisse", tenu)
    return passer(depot, vers=EtatDepot.ENREGISTRE, reglements=len(ecrits))


def _exiger(tenu: DepotReglements, lignes: list[LigneDepot], *, laisser: bool) -> None:
    if tenu.etat != EtatDepot.A_VERIFIER:
        raise DepotIndisponible(_("Ce fichier n'est plus à vérifier."))
    if not lignes:
        raise DepotIndisponible(_("Ce fichier n'a aucun règlement à enregistrer."))
    if not laisser and tenu.lignes.filter(sort__in=ECARTS).exists():
        raise DepotIndisponible(_("Des lignes n'ont pas de facture ou sont à corriger : dites que vous les laissez."))


def tenir(cles: object) -> dict[int, Facture]:
    """Les factures, verrouillées dans l'ordre de leurs clés, puis relues."""
    voulues = sorted(set(cles))  # type: ignore[call-overload]
    list(Facture.objects.filter(pk__in=voulues).select_for_update(of=("self",)).order_by("pk").values_list("pk"))
    relues = avec_engagement(Facture.objects.filter(pk__in=voulues).select_related("collectivite"))
    return {facture.pk: facture for facture in relues}


def _ecrits(tenu: DepotReglements, lignes: list[LigneDepot], factures: dict[int, Facture]) -> list[Reglement]:
    """Les règlements à écrire ; ``Perime`` si une ligne n'a plus le sort que l'agent a vu."""
    ouverts, ecrits = comptes(factures.values()), []
    for ligne in lignes:
        compte, vu = ouverts[ligne.facture_id or 0], (ligne.sort, ligne.surplus)
        juger(ligne, compte)
        origine = recu(ligne).origine(compte.origines)
        if (ligne.sort, ligne.surplus) != vu or origine is None:
            raise Perime
        ecrits.append(
            Reglement(
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
        )
    return ecrits


def resolder(factures: list[Facture], action: str, depot: DepotReglements) -> None:
    """Leur reste dû et leur trop-perçu, d'après tous leurs règlements, en deux requêtes."""
    signe = Case(When(sens=Sens.ENCAISSEMENT, then=F("montant")), default=-F("montant"))
    sommes = Reglement.objects.filter(facture__in=factures).order_by().values_list("facture")
    nets = dict(sommes.annotate(net=Sum(signe)))
    for facture in factures:
        poser_le_solde(facture, nets[facture.pk])
    Facture.objects.bulk_update(factures, SOLDE, batch_size=PAR_ECRITURE)
    noter_chacun(action, sur=factures, apres={"depot": depot.pk})
